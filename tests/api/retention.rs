//! What grows with each call is kept for a time, and goes.

use std::time::Duration;

use parlance::{
    domain::tenancy::audit::{self, Actor},
    kernel::clock::sleep_real_time,
};
use reqwest::Method;
use serde_json::json;

use crate::{botpress::runtime::column, support::TestServer};

const DAY: Duration = Duration::from_secs(86_400);

async fn create(server: &TestServer, name: &str) {
    let body = json!({"name": name, "type": "slack"});
    let made = server.aloochat(Method::POST, "/integrations", Some(body));
    made.await.expect(200);
}

/// The names of what was created, in the order of the records.
fn records(server: &TestServer) -> Vec<String> {
    let sql = "
        SELECT resource_name FROM audit_records
        WHERE action = 'integration.create' AND resource_name <> 'chat' ORDER BY seq";
    let names = column(server, sql).into_iter();
    names
        .map(|name| name.as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn prune(server: &TestServer) {
    let pruned = audit::prune(server.server().app()).await;
    pruned.expect("it is pruned");
}

#[tokio::test]
async fn audit_records_go_after_a_time() {
    let server = TestServer::with(|config| config.audit.retention_days = 30).await;
    let other = server.other_workspace().await;
    create(&server, "old").await;
    let body = json!({"name": "old of another", "type": "slack"});
    let made = server.aloochat_as(&other, Method::POST, "/integrations", Some(body));
    made.await.expect(200);
    server.clock.advance(DAY * 20);
    create(&server, "new").await;
    prune(&server).await;
    assert_eq!(records(&server).len(), 3);
    server.clock.advance(DAY * 10 + Duration::from_secs(1));
    prune(&server).await;
    assert_eq!(records(&server), ["new"]);
    create(&server, "newer").await;
    assert_eq!(records(&server), ["new", "newer"]);
}

#[tokio::test]
async fn a_workspace_keeps_so_many_audit_records_and_the_newest() {
    let server = TestServer::with(|config| {
        config.audit.max_rows = 3;
        config.limits.aloochat = Default::default();
    })
    .await;
    for name in ["a", "b", "c", "d", "e"] {
        create(&server, name).await;
    }
    prune(&server).await;
    assert_eq!(records(&server), ["c", "d", "e"]);
    // More than are removed in one step, of a workspace that is gone as well.
    let many = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let sql = "
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO audit_records (seq, id, workspace_id, at, actor, action, resource_id)
            SELECT (77 << 32) + i, 'x', 'gone', ?, 'system', 'x.y', 'x' FROM n";
            change.conn.execute(sql, [change.now.as_micros()])?;
            Ok(())
        });
    many.await.expect("rows");
    prune(&server).await;
    let left = "SELECT count(*) FROM audit_records WHERE workspace_id = 'gone'";
    assert_eq!(column(&server, left), [3]);
}

#[tokio::test]
async fn without_an_end_all_are_kept() {
    let server = TestServer::with(|config| {
        config.audit.retention_days = 0;
        config.audit.max_rows = 0;
    })
    .await;
    create(&server, "a").await;
    server.clock.advance(DAY * 10_000);
    prune(&server).await;
    assert_eq!(records(&server), ["a"]);
}

#[tokio::test]
async fn it_is_done_by_itself() {
    let server = TestServer::with(|config| {
        config.audit.retention_days = 1;
        config.audit.usage_days = 1;
        config.answers.history_days = 1;
    })
    .await;
    create(&server, "old").await;
    let turns = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let sql = "
            INSERT INTO chat_turns (workspace_id, conversation_id, role, message, created_at)
            SELECT id, 'c', 'user', 'x', ? FROM workspaces";
            change.conn.execute(sql, [change.now.as_micros()])?;
            Ok(())
        });
    turns.await.expect("rows");
    assert!(!column(&server, "SELECT day FROM usage_daily").is_empty());
    server.clock.advance(DAY * 3);
    for table in ["chat_turns", "usage_daily"] {
        for _ in 0..500 {
            if column(&server, &format!("SELECT count(*) FROM {table}")) == [0] {
                break;
            }
            sleep_real_time(Duration::from_millis(20)).await;
        }
        let left = column(&server, &format!("SELECT count(*) FROM {table}"));
        assert_eq!(left, [0], "{table}");
    }
    assert!(records(&server).is_empty());
}
