//! What endpoints receive.

use reqwest::Method;
use serde_json::json;
use standardwebhooks::Webhook;

use super::{
    PATH, ada, advance, attempts, create, deliver, emit, hanging, happen,
    metrics::figure,
    one,
    receiver::{Receiver, Reply},
    receiving, settled, start, start_with,
};
use crate::{ada::end_users::deletion, support::assert_is_system_time};

#[tokio::test]
async fn an_event_arrives_once_with_both_sets_of_headers() {
    let (server, receiver, id) = receiving().await;
    let data = json!({"end_user_id": "66f0c0ffee0000000000b001", "note": "Grüße"});
    emit(&server, "v1.end_user.updated", data.clone()).await;
    settled(&server).await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let delivery = &received[0];
    assert_eq!(
        delivery.json(),
        json!({
            "type": "v1.end_user.updated",
            "timestamp": "2026-03-01T12:00:00.000Z",
            "data": data,
            "tags": ["66f0c0ffee0000000000b001"]
        })
    );
    for name in ["id", "timestamp", "signature"] {
        let (svix, standard) = (format!("svix-{name}"), format!("webhook-{name}"));
        assert_ne!(delivery.header(&svix), "");
        assert_eq!(delivery.header(&svix), delivery.header(&standard));
    }
    assert!(delivery.id().starts_with("msg_") && !delivery.id().contains('.'));
    // The body has the product's time, the signature that of the receiver's clock.
    assert_is_system_time(delivery.header("svix-timestamp"));
    assert_eq!(delivery.header("content-type"), "application/json");
    assert!(
        delivery
            .header("user-agent")
            .starts_with("Parlance-Webhooks/")
    );
    let attempts = attempts(&server, &id).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["succeeded"], true);
    assert_eq!(attempts[0]["status"], 200);
    assert_eq!(attempts[0]["response"], "ok");
    assert_eq!(attempts[0]["message_id"], delivery.id());
    advance(&server, 30 * 24 * 3600).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn get_webhook_secret_verifies_with_an_independent_library() {
    let server = start().await;
    let receiver = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    deliver(&server).await;
    let path = format!("{}/secret/", one(&id));
    let secret = ada(&server, Method::GET, &path, None)
        .await
        .expect(200)
        .json();
    let key = secret["key"].as_str().expect("a key");
    assert!(
        key.starts_with("whsec_") && key.len() == 38,
        "the shape of a secret"
    );
    let delivery = &receiver.received()[0];
    let verifier = Webhook::new(key).expect("a secret");
    let verified = verifier.verify(&delivery.body, &delivery.header_map());
    assert!(verified.is_ok(), "{verified:?}");
    let mut altered = delivery.body.clone();
    altered[0] = b' ';
    assert!(verifier.verify(&altered, &delivery.header_map()).is_err());
}

#[tokio::test]
async fn filters_and_enabled_choose_what_an_endpoint_receives() {
    let server = start().await;
    let (every, one_type, disabled) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    create(&server, every.url()).await;
    for (receiver, body) in [
        (&one_type, json!({"event_filters": ["v1.end_user.updated"]})),
        (&disabled, json!({"enabled": false})),
    ] {
        let mut body = body;
        body["url"] = json!(receiver.url());
        ada(&server, Method::POST, PATH, Some(body))
            .await
            .expect(201);
    }
    emit(&server, "v1.end_user.created", json!({})).await;
    emit(&server, "v1.end_user.updated", json!({})).await;
    settled(&server).await;
    assert_eq!(
        (every.count(), one_type.count(), disabled.count()),
        (2, 1, 0)
    );
    assert_eq!(one_type.received()[0].json()["type"], "v1.end_user.updated");
    // The same message has the same id everywhere.
    let same = every
        .received()
        .iter()
        .any(|known| known.id() == one_type.received()[0].id());
    assert!(same);
}

#[tokio::test]
async fn a_slow_endpoint_delays_no_other() {
    let server = start_with(|config| config.webhooks.concurrency_per_endpoint = 4).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.reply(Reply::Never);
    create(&server, slow.url()).await;
    create(&server, quick.url()).await;
    for _ in 0..50 {
        happen(&server).await;
    }
    quick.wait(50).await;
    slow.wait(4).await;
    assert_eq!(slow.count(), 4, "no more than its lane has room for");
}

#[tokio::test]
async fn an_endpoint_that_takes_too_long_has_failed() {
    let server = start_with(|config| config.webhooks.timeout_seconds = 1).await;
    let receiver = Receiver::start().await;
    receiver.reply(Reply::Never);
    let id = create(&server, receiver.url()).await;
    deliver(&server).await;
    let attempts = attempts(&server, &id).await;
    assert_eq!(attempts[0]["error"], "no answer within 1s");
    assert_eq!(attempts[0]["status"], serde_json::Value::Null);
    assert!(attempts[0]["duration_ms"].as_u64().expect("a number") >= 1000);
}

#[tokio::test]
async fn a_deleted_endpoint_receives_nothing_more() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(500);
    deliver(&server).await;
    ada(&server, Method::DELETE, &one(&id), None)
        .await
        .expect(204);
    happen(&server).await;
    advance(&server, 24 * 3600).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_new_address_is_used_at_once() {
    let server = start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    old.answer(500);
    let id = create(&server, old.url()).await;
    deliver(&server).await;
    let body = json!({"url": new.url()});
    ada(&server, Method::PATCH, &one(&id), Some(body))
        .await
        .expect(200);
    advance(&server, 5).await;
    assert_eq!((old.count(), new.count()), (1, 1));
    assert_eq!(old.received()[0].id(), new.received()[0].id());
}

#[tokio::test]
async fn old_messages_are_removed_and_waiting_ones_kept() {
    let server = start_with(|config| {
        config.webhooks.retention_days = 2;
        config.webhooks.retry_seconds = vec![5, 7 * 24 * 3600];
    })
    .await;
    let (good, bad) = (Receiver::start().await, Receiver::start().await);
    bad.answer(500);
    let good_id = create(&server, good.url()).await;
    deliver(&server).await;
    let bad_id = create(&server, bad.url()).await;
    deliver(&server).await;
    advance(&server, 5).await;
    advance(&server, 3 * 24 * 3600).await;
    let kept = attempts(&server, &good_id).await;
    assert_eq!(
        kept.len(),
        1,
        "that of the message that still waits elsewhere"
    );
    assert_eq!(attempts(&server, &bad_id).await.len(), 2);
}

#[tokio::test]
async fn what_waits_in_memory_is_not_sent_once_it_is_erased() {
    let (server, receiver, _) = hanging().await;
    let mut ids = Vec::new();
    for name in ["first-b4a1", "erased-b4a1", "last-b4a1"] {
        let body = json!({"profile": {"first_name": name}});
        let made = ada(&server, Method::POST, "/api/v2/end-users/", Some(body)).await;
        let id = made.expect(201).json()["end_user_id"].clone();
        ids.push(id.as_str().expect("an id").to_owned());
    }
    // The first is being attempted, and the others wait in memory for their turn.
    receiver.wait(1).await;
    while figure(&server, "webhook_deliveries_in_memory").await != Some(3.0) {}
    deletion::erase(&server, &ids[1]).await;
    settled(&server).await;
    let told = |name: &str| {
        let received = receiver.received();
        let bodies = received.iter().map(|delivery| delivery.json().to_string());
        bodies.filter(|body| body.contains(name)).count()
    };
    assert_eq!(
        (told("first-b4a1"), told("erased-b4a1"), told("last-b4a1")),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn an_attempt_for_what_was_erased_meanwhile_says_nothing_of_the_next() {
    let server = start_with(|config| config.webhooks.timeout_seconds = 1).await;
    let receiver = Receiver::start().await;
    receiver.reply(Reply::Never);
    let id = create(&server, receiver.url()).await;
    let made = async |name: &str| {
        let body = json!({"profile": {"first_name": name}});
        let made = ada(&server, Method::POST, "/api/v2/end-users/", Some(body)).await;
        let id = made.expect(201).json()["end_user_id"].clone();
        id.as_str().expect("an id").to_owned()
    };
    let first = made("first").await;
    receiver.wait(1).await;
    deletion::erase(&server, &first).await;
    receiver.answer(200);
    // Its message takes the place of the one that is being sent.
    made("next").await;
    settled(&server).await;
    assert_eq!(receiver.count(), 2);
    let attempts = attempts(&server, &id).await;
    let told: Vec<_> = attempts.iter().map(|one| &one["message_id"]).collect();
    assert_eq!(told, [&json!(receiver.received()[1].id())]);
    assert_eq!(attempts[0]["succeeded"], true);
}
