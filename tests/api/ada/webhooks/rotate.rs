//! Secrets and their rotation.

use reqwest::Method;
use serde_json::json;

use super::{PATH, ada, advance, create, deliver, one, receiver::Receiver, receiving, start};
use crate::support::TestServer;

const GIVEN: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn key(server: &TestServer, id: &str) -> String {
    let path = format!("{}/secret/", one(id));
    let secret = ada(server, Method::GET, &path, None)
        .await
        .expect(200)
        .json();
    secret["key"].as_str().expect("a key").to_owned()
}

async fn rotate(server: &TestServer, id: &str, body: serde_json::Value) -> crate::support::Answer {
    let path = format!("{}/secret/rotate/", one(id));
    ada(server, Method::POST, &path, Some(body)).await
}

#[tokio::test]
async fn rotate_webhook_secret_signs_with_both_for_a_day() {
    let (server, receiver, id) = receiving().await;
    let old = key(&server, &id).await;
    deliver(&server).await;
    assert_eq!(receiver.received()[0].signatures().len(), 1);
    let rotated = rotate(&server, &id, json!({})).await.expect(200);
    assert_eq!(rotated.json(), json!({}), "the answer has no secret");
    let new = key(&server, &id).await;
    assert_ne!(old, new);
    deliver(&server).await;
    let both = receiver.received()[1].signatures();
    assert_eq!(both.len(), 2);
    assert_ne!(both[0], both[1]);
    advance(&server, 24 * 3600 - 1).await;
    deliver(&server).await;
    assert_eq!(receiver.received()[2].signatures().len(), 2);
    advance(&server, 1).await;
    deliver(&server).await;
    assert_eq!(receiver.received()[3].signatures().len(), 1);
}

#[tokio::test]
async fn rotate_webhook_secret_verifies_with_old_and_new() {
    let server = start().await;
    // The library compares with the system's time.
    server.clock.resume();
    let receiver = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    let old = key(&server, &id).await;
    rotate(&server, &id, json!({"key": GIVEN}))
        .await
        .expect(200);
    deliver(&server).await;
    let delivery = &receiver.received()[0];
    for secret in [old.as_str(), GIVEN] {
        let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
        assert!(
            verifier
                .verify(&delivery.body, &delivery.header_map())
                .is_ok()
        );
    }
}

#[tokio::test]
async fn rotate_webhook_secret_takes_a_given_key_with_or_without_prefix() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    for given in [GIVEN, GIVEN.trim_start_matches("whsec_")] {
        rotate(&server, &id, json!({"key": given}))
            .await
            .expect(200);
        assert_eq!(key(&server, &id).await, GIVEN);
    }
}

#[tokio::test]
async fn rotate_webhook_secret_refuses_bad_bodies() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    let before = key(&server, &id).await;
    for (name, body) in [
        ("short", json!({"key": "whsec_AAAA"})),
        (
            "url_safe",
            json!({"key": "whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_"}),
        ),
        ("number", json!({"key": 5})),
        ("list", json!([])),
    ] {
        let refused = rotate(&server, &id, body).await;
        insta::assert_snapshot!(format!("bad_rotation_{name}"), refused.expect(400).shown());
    }
    assert_eq!(key(&server, &id).await, before);
}

#[tokio::test]
async fn get_webhook_secret_is_the_only_answer_with_a_secret() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    let secret = key(&server, &id).await;
    let secret = secret.trim_start_matches("whsec_");
    for path in [PATH.to_owned(), one(&id)] {
        let answer = ada(&server, Method::GET, &path, None).await.expect(200);
        assert!(
            !answer.text.contains(secret) && !answer.text.contains("whsec_"),
            "{path}"
        );
    }
}
