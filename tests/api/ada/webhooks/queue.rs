//! Deliveries of which nothing was attempted yet, because there is no room for them.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;

use super::{
    ada, advance, console, emit_times, hanging, metrics::figure, one, receiver::Receiver, settled,
};
use crate::support::TestServer;

/// More than are in memory for one endpoint.
const MESSAGES: usize = 520;
const IN_MEMORY: f64 = 512.0;
const DUE: &str = "webhook_deliveries{state=\"due\"}";

/// A server with an endpoint that does not answer, so that most of its messages wait.
async fn stuck() -> (TestServer, Receiver, String) {
    let (server, receiver, id) = hanging().await;
    emit_times(&server, MESSAGES, "v1.end_user.created", json!({})).await;
    while figure(&server, "webhook_deliveries_in_memory").await != Some(IN_MEMORY) {}
    assert_eq!(
        figure(&server, DUE).await,
        Some(MESSAGES as f64 - IN_MEMORY)
    );
    (server, receiver, id)
}

#[tokio::test]
async fn what_waits_is_due_and_comes_in_its_turn() {
    let (server, receiver, _) = stuck().await;
    receiver.answer(200);
    settled(&server).await;
    assert_eq!(figure(&server, DUE).await, Some(0.0));
    let received = receiver.received();
    let ids: HashSet<_> = received.iter().map(|delivery| delivery.id()).collect();
    assert_eq!(ids.len(), MESSAGES);
    // The one that was not answered waits for its second attempt.
    assert_eq!(received.len(), MESSAGES);
    advance(&server, 10).await;
    assert_eq!(receiver.count(), MESSAGES + 1);
}

#[tokio::test]
async fn resend_webhook_message_that_waits_leaves_it_its_retries() {
    let (server, receiver, id) = stuck().await;
    let store = server.server().app().store();
    let last = store.read(|conn| {
        let sql = "SELECT id FROM webhook_messages ORDER BY seq DESC LIMIT 1";
        Ok(conn.query_row(sql, [], |row| row.get::<_, String>(0))?)
    });
    let last = last.expect("a message");
    let body = json!({"message_id": last});
    let resent = console(&server, Method::POST, &format!("/{id}/resend"), Some(body)).await;
    resent.expect(202);
    receiver.answer(500);
    settled(&server).await;
    receiver.answer(200);
    advance(&server, 10).await;
    let received = receiver.received();
    let times = received.iter().filter(|delivery| delivery.id() == last);
    assert_eq!(times.count(), 2);
}

#[tokio::test]
async fn what_waits_for_an_endpoint_that_is_disabled_fails_and_can_be_recovered() {
    let (server, receiver, id) = stuck().await;
    for enabled in [false, true] {
        let body = json!({"enabled": enabled});
        ada(&server, Method::PATCH, &one(&id), Some(body))
            .await
            .expect(200);
        assert_eq!(figure(&server, DUE).await, Some(0.0));
    }
    settled(&server).await;
    receiver.answer(200);
    let body = json!({"since": "2026-03-01T00:00:00Z"});
    let recovered = console(&server, Method::POST, &format!("/{id}/recover"), Some(body)).await;
    assert_eq!(
        recovered.expect(202).json(),
        json!({"deliveries": MESSAGES})
    );
    settled(&server).await;
    let ids: HashSet<_> = receiver.received().iter().map(|one| one.id()).collect();
    assert_eq!(ids.len(), MESSAGES);
}
