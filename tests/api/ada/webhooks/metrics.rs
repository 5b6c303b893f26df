//! What `/metrics` says of webhooks.

use reqwest::Method;
use serde_json::json;

use super::{
    ada, advance, create, deliver, happen, one,
    receiver::{Receiver, Reply},
    receiving, settled, start_with,
};
use crate::support::{TestServer, send};

/// The figure of a metric with its labels.
pub async fn figure(server: &TestServer, name: &str) -> Option<f64> {
    let shown = send(server.request(Method::GET, "/metrics")).await;
    let shown = shown.expect(200).text;
    let prefix = format!("parlance_{name} ");
    let line = shown.lines().find_map(|line| line.strip_prefix(&prefix));
    line.map(|figure| figure.parse().expect("a number"))
}

async fn assert_figures(server: &TestServer, figures: &[(&str, f64)]) {
    for (name, expected) in figures {
        assert_eq!(figure(server, name).await, Some(*expected), "{name}");
    }
}

#[tokio::test]
async fn metrics_count_attempts_by_outcome() {
    let (server, receiver, id) = receiving().await;
    deliver(&server).await;
    receiver.answer(500);
    deliver(&server).await;
    let nowhere = json!({"url": "http://127.0.0.1:9/hook"});
    ada(&server, Method::PATCH, &one(&id), Some(nowhere))
        .await
        .expect(200);
    deliver(&server).await;
    assert_figures(
        &server,
        &[
            ("webhook_attempts_total{outcome=\"delivered\"}", 1.0),
            ("webhook_attempts_total{outcome=\"refused\"}", 1.0),
            ("webhook_attempts_total{outcome=\"no_answer\"}", 1.0),
            ("webhook_attempt_seconds_count", 3.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn metrics_tell_what_waits_and_what_is_in_memory() {
    let server = start_with(|config| config.webhooks.concurrency_per_endpoint = 2).await;
    let (failing, hanging) = (Receiver::start().await, Receiver::start().await);
    failing.answer(500);
    hanging.reply(Reply::Never);
    create(&server, failing.url()).await;
    for _ in 0..3 {
        deliver(&server).await;
    }
    assert_figures(
        &server,
        &[
            ("webhook_deliveries{state=\"due\"}", 0.0),
            ("webhook_deliveries{state=\"waiting\"}", 3.0),
            ("webhook_deliveries_in_memory", 0.0),
        ],
    )
    .await;
    let id = create(&server, hanging.url()).await;
    let path = format!("/console/api/webhooks/{id}/replay");
    let body = json!({"since": "2026-03-01T00:00:00Z"});
    let replayed = server.request(Method::POST, &path).json(&body);
    send(replayed.bearer_auth(crate::support::OPERATOR_KEY))
        .await
        .expect(202);
    // Two are being attempted, and one waits for them.
    hanging.wait(2).await;
    assert_figures(
        &server,
        &[
            ("webhook_deliveries{state=\"waiting\"}", 3.0),
            ("webhook_deliveries_in_memory", 3.0),
        ],
    )
    .await;
}

#[tokio::test]
async fn metrics_count_endpoints_and_those_that_were_disabled() {
    let (server, gone, _) = receiving().await;
    let failing = Receiver::start().await;
    failing.answer(500);
    create(&server, failing.url()).await;
    let enabled = "webhook_endpoints{state=\"enabled\"}";
    let disabled = "webhook_endpoints{state=\"disabled\"}";
    assert_figures(&server, &[(enabled, 2.0), (disabled, 0.0)]).await;
    gone.answer(410);
    deliver(&server).await;
    assert_figures(&server, &[(enabled, 1.0), (disabled, 1.0)]).await;
    advance(&server, 7 * 24 * 3600).await;
    happen(&server).await;
    settled(&server).await;
    assert_figures(
        &server,
        &[
            (enabled, 0.0),
            (disabled, 2.0),
            ("webhook_endpoints_disabled_total{reason=\"gone\"}", 1.0),
            ("webhook_endpoints_disabled_total{reason=\"failing\"}", 1.0),
            ("webhook_deliveries{state=\"waiting\"}", 0.0),
        ],
    )
    .await;
}
