//! The schedule of attempts, and when an endpoint is given up.

use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::{
    ada, advance, attempts, create, deliver, happen, one,
    receiver::{Receiver, Reply},
    receiving, settled, shown, standing, start,
};

const DELAYS: [u64; 7] = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
const WEEK: u64 = 7 * 24 * 3600;

#[tokio::test]
async fn each_retry_comes_at_its_time_and_with_the_same_id() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(500);
    deliver(&server).await;
    assert_eq!(receiver.count(), 1);
    for (made, delay) in DELAYS.iter().enumerate() {
        advance(&server, delay - 1).await;
        assert_eq!(receiver.count(), made + 1, "a second before {delay}");
        advance(&server, 1).await;
        assert_eq!(receiver.count(), made + 2, "after {delay}");
    }
    advance(&server, WEEK / 2).await;
    assert_eq!(receiver.count(), 8, "there are eight attempts");
    let received = receiver.received();
    assert!(
        received
            .iter()
            .all(|delivery| delivery.id() == received[0].id())
    );
    let path = format!("{}/secret/", one(&id));
    let secret = ada(&server, Method::GET, &path, None).await.json();
    let verifier = Webhook::new(secret["key"].as_str().expect("a key")).expect("a secret");
    for (attempt, delivery) in received.iter().enumerate() {
        // The library compares with the system's time; the product's moved by a day and more.
        let verified = verifier.verify(&delivery.body, &delivery.header_map());
        assert!(verified.is_ok(), "attempt {attempt}: {verified:?}");
    }
    let attempts = attempts(&server, &id).await;
    assert_eq!(attempts.len(), 8);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["response"] == "status 500")
    );
}

#[tokio::test]
async fn the_clock_alone_wakes_the_dispatcher() {
    let (server, receiver, _) = receiving().await;
    receiver.answer(500);
    happen(&server).await;
    receiver.wait(1).await;
    settled(&server).await;
    for (made, delay) in DELAYS.iter().enumerate() {
        server.clock.advance(std::time::Duration::from_secs(*delay));
        receiver.wait(made + 2).await;
        // The next wait begins when this attempt is written down.
        settled(&server).await;
    }
}

#[tokio::test]
async fn retries_go_on_after_a_restart() {
    let mut server = start().await;
    let receiver = Receiver::start().await;
    receiver.answer(503);
    create(&server, receiver.url()).await;
    deliver(&server).await;
    server.restart().await;
    settled(&server).await;
    assert_eq!(receiver.count(), 1);
    receiver.answer(200);
    advance(&server, 5).await;
    assert_eq!(receiver.count(), 2);
    advance(&server, WEEK).await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn only_2xx_is_success_and_redirects_are_not_followed() {
    let server = start().await;
    let receiver = Receiver::start().await;
    let elsewhere = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    for status in [301, 302, 307, 400, 404, 429, 500] {
        let location = vec![("location", elsewhere.url().to_owned())];
        receiver.reply(Reply::With(status, location, String::new()));
        deliver(&server).await;
        let attempt = attempts(&server, &id).await[0].clone();
        assert_eq!(attempt["status"], status);
        assert_eq!(attempt["succeeded"], false);
    }
    for status in [200, 201, 202, 204, 299] {
        receiver.answer(status);
        deliver(&server).await;
        assert_eq!(
            attempts(&server, &id).await[0]["succeeded"],
            true,
            "{status}"
        );
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn retry_after_is_respected_between_one_and_two_delays() {
    for (asked, expected) in [("1", 5), ("8", 8), ("100", 10), ("soon", 5)] {
        let server = start().await;
        let receiver = Receiver::start().await;
        let header = vec![("retry-after", asked.to_owned())];
        receiver.reply(Reply::With(429, header, String::new()));
        create(&server, receiver.url()).await;
        deliver(&server).await;
        advance(&server, expected - 1).await;
        assert_eq!(receiver.count(), 1, "{asked}");
        advance(&server, 1).await;
        assert_eq!(receiver.count(), 2, "{asked}");
    }
}

#[tokio::test]
async fn an_endpoint_is_disabled_after_a_week_of_failures_and_not_before() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(500);
    deliver(&server).await;
    // A second before the week is over.
    advance(&server, WEEK - 1).await;
    deliver(&server).await;
    let before = standing(&server, &id).await;
    assert_eq!(before["enabled"], true);
    assert_eq!(before["first_failure_at"], "2026-03-01T12:00:00.000Z");
    advance(&server, 1).await;
    deliver(&server).await;
    let after = standing(&server, &id).await;
    assert_eq!(after["enabled"], false);
    assert_eq!(after["disabled_at"], "2026-03-08T12:00:00.000Z");
    assert_eq!(
        after["disabled_reason"],
        "every attempt failed for 168 hours"
    );
    assert_eq!(shown(&server, &id).await["enabled"], false);
    let count = receiver.count();
    receiver.answer(200);
    happen(&server).await;
    advance(&server, WEEK).await;
    assert_eq!(receiver.count(), count, "nothing is sent to it");
}

#[tokio::test]
async fn a_success_starts_the_week_anew() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(500);
    deliver(&server).await;
    receiver.answer(200);
    advance(&server, 5).await;
    assert_eq!(
        standing(&server, &id).await["first_failure_at"],
        Value::Null
    );
    receiver.answer(500);
    advance(&server, WEEK).await;
    deliver(&server).await;
    assert_eq!(standing(&server, &id).await["enabled"], true);
}

#[tokio::test]
async fn update_webhook_enables_a_disabled_one_again() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(410);
    deliver(&server).await;
    let gone = standing(&server, &id).await;
    assert_eq!(gone["enabled"], false);
    assert_eq!(gone["disabled_reason"], "it answered 410 Gone");
    receiver.answer(200);
    advance(&server, 10).await;
    assert_eq!(receiver.count(), 1, "no retries");
    let body = json!({"enabled": true});
    let enabled = ada(&server, Method::PATCH, &one(&id), Some(body)).await;
    assert_eq!(enabled.expect(200).json()["enabled"], true);
    let again = standing(&server, &id).await;
    for name in ["first_failure_at", "disabled_at", "disabled_reason"] {
        assert_eq!(again[name], Value::Null, "{name}");
    }
    deliver(&server).await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn update_webhook_that_disables_stops_the_retries() {
    let (server, receiver, id) = receiving().await;
    receiver.answer(500);
    deliver(&server).await;
    let body = json!({"enabled": false});
    ada(&server, Method::PATCH, &one(&id), Some(body))
        .await
        .expect(200);
    advance(&server, WEEK).await;
    assert_eq!(receiver.count(), 1);
    assert_eq!(
        standing(&server, &id).await["disabled_reason"],
        "disabled by its owner"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_retried() {
    let server = start().await;
    let id = create(&server, "http://127.0.0.1:1/nobody").await;
    deliver(&server).await;
    let attempt = attempts(&server, &id).await[0].clone();
    assert_eq!(attempt["status"], Value::Null);
    let error = attempt["error"].as_str().expect("an error");
    assert!(error.starts_with("the connection failed: "), "{error}");
}
