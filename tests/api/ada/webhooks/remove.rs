//! Deleting endpoints that have much to remove.

use reqwest::Method;
use serde_json::json;

use super::{
    PATH, ada, attempts, console, create, metrics::figure, one, receiver::Receiver, receiving,
    settled, shown, start_with,
};
use crate::support::{TestServer, assert_answer};

const MESSAGES: u64 = 1000;

/// Writes deliveries with an attempt each, as if they had been made.
async fn plant(server: &TestServer, endpoint: &str) {
    let agent = super::agent(server);
    let endpoint = endpoint.to_owned();
    let planted = server.server().app().store().write(move |conn| {
        conn.execute(
            "INSERT INTO webhook_messages (id, agent_seq, event_type, payload, created_at)
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)
             SELECT 'msg_planted_' || n, (SELECT seq FROM agents WHERE id = ?1), 'v1.end_user.updated', '{}', 0 FROM n",
            (agent.as_str(), MESSAGES as i64),
        )?;
        conn.execute(
            "INSERT INTO webhook_deliveries (message_seq, endpoint_seq, state, attempts, due_at)
             SELECT m.seq, e.seq, iif(m.seq % 2, 'delivered', 'pending'), 1,
                    iif(m.seq % 2, NULL, ?2)
             FROM webhook_messages m JOIN webhook_endpoints e ON e.id = ?1",
            (endpoint.as_str(), i64::MAX),
        )?;
        conn.execute(
            "INSERT INTO webhook_attempts (id, endpoint_seq, message_seq, url, manual, succeeded,
                 status, response, started_at, duration_ms)
             SELECT 'atmpt_planted_' || message_seq, endpoint_seq, message_seq, '', 0, 1, 200, zeroblob(1000), 0, 1
             FROM webhook_deliveries",
            [],
        )?;
        Ok(())
    });
    planted.await.expect("planted");
}

/// How many endpoints, deliveries and attempts there are, deleted or not.
fn rows(server: &TestServer) -> (u64, u64, u64) {
    let counted = server.server().app().store().read(|conn| {
        let count = |table: &str| {
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get::<_, i64>(0).map(i64::unsigned_abs)
            })
        };
        Ok((
            count("webhook_endpoints")?,
            count("webhook_deliveries")?,
            count("webhook_attempts")?,
        ))
    });
    counted.expect("counts")
}

#[tokio::test]
async fn delete_webhook_removes_what_it_has_in_many_steps() {
    let (server, _, id) = receiving().await;
    plant(&server, &id).await;
    assert_eq!(rows(&server), (1, MESSAGES, MESSAGES));
    let commits = async || {
        let commits = figure(&server, "store_commit_seconds_count").await;
        commits.expect("a count")
    };
    let before = commits().await;
    ada(&server, Method::DELETE, &one(&id), None)
        .await
        .expect(204);
    settled(&server).await;
    assert_eq!(rows(&server), (0, 0, 0));
    let steps = commits().await - before;
    assert!(steps >= 10.0, "{steps} commits for {MESSAGES} deliveries");
}

#[tokio::test]
async fn delete_webhook_takes_it_away_at_once_and_goes_on_after_a_restart() {
    let mut server = start_with(|config| config.webhooks.max_endpoints = 2).await;
    let receiver = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    let other = create(&server, receiver.url()).await;
    plant(&server, &id).await;
    server.stop().await;
    // What a crash right after the deletion leaves behind.
    let file = rusqlite::Connection::open(&server.config.store.path).expect("the database");
    let deleted = file.execute(
        "UPDATE webhook_endpoints SET deleted_at = 1, enabled = 0, url = '', secret = x''
         WHERE id = ?1",
        [&id],
    );
    assert_eq!(deleted.expect("deleted"), 1);
    drop(file);
    server.restart().await;
    let missing = ada(&server, Method::GET, &one(&id), None).await;
    assert_answer!("deleted", missing);
    for method in [Method::PATCH, Method::DELETE] {
        ada(&server, method, &one(&id), Some(json!({})))
            .await
            .expect(404);
    }
    let attempts_path = format!("/{id}/attempts");
    console(&server, Method::GET, &attempts_path, None)
        .await
        .expect(404);
    let listed = ada(&server, Method::GET, PATH, None).await.expect(200);
    assert_eq!(listed.json()["data"].as_array().map(Vec::len), Some(1));
    // There is room for another one.
    create(&server, receiver.url()).await;
    settled(&server).await;
    assert_eq!(rows(&server), (2, 0, 0));
    assert_eq!(shown(&server, &other).await["enabled"], true);
    assert_eq!(attempts(&server, &other).await.len(), 0);
}

#[tokio::test]
async fn delete_webhook_erases_address_and_secret_at_once() {
    let mut server = start_with(|_| {}).await;
    let url = "http://127.0.0.1:9/planted-4e1b";
    let id = create(&server, url).await;
    ada(&server, Method::DELETE, &one(&id), None)
        .await
        .expect(204);
    server.stop().await;
    let path = &server.config.store.path;
    assert!(!crate::support::file_contains(path, "planted-4e1b"));
}
