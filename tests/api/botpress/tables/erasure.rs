//! A deleted bot and a deleted workspace leave nothing of their tables in the file.

use reqwest::Method;
use serde_json::json;

use super::fill;
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, WORKSPACE, file_contains, until},
};

const PLANTED: &str = "planted-in-a-table";

/// Number of rows in the SQL tables of tables.
fn count(server: &TestServer) -> i64 {
    let counted = server.server().app().store().read(|conn| {
        let sql = "SELECT (SELECT count(*) FROM bot_tables) + (SELECT count(*) FROM bot_table_rows)
                       + (SELECT count(*) FROM bot_table_keys) + (SELECT count(*) FROM bot_table_jobs)";
        Ok(conn.query_row(sql, [], |row| row.get(0))?)
    });
    counted.expect("a count")
}

async fn plant(given: &Given) {
    super::make(given, "citiesTable").await;
    let row = json!({"name": PLANTED, "note": PLANTED, "more": {"a": PLANTED}});
    fill(given, "citiesTable", json!([row])).await;
    assert!(count(&given.server) > 2);
}

async fn assert_erased(mut given: Given) {
    until("the rows are deleted", async || count(&given.server) == 0).await;
    given.server.stop().await;
    assert!(!file_contains(&given.server.config.store.path, PLANTED));
}

#[tokio::test]
async fn a_deleted_bot_leaves_no_rows() {
    let given = Given::new().await;
    plant(&given).await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let member = Caller::member();
    member
        .call(&given.server, Method::DELETE, &path, None)
        .await
        .expect(200);
    assert_erased(given).await;
}

#[tokio::test]
async fn a_deleted_workspace_leaves_no_rows() {
    let given = Given::new().await;
    plant(&given).await;
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    let member = Caller::member();
    member
        .call(&given.server, Method::DELETE, &path, None)
        .await
        .expect(200);
    assert_erased(given).await;
}

#[tokio::test]
async fn deleted_rows_and_tables_leave_no_text() {
    let given = Given::new().await;
    plant(&given).await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = "/v1/tables/citiesTable/rows/delete";
    bot.post(server, path, json!({"deleteAllRows": true}))
        .await
        .expect(200);
    bot.delete(server, "/v1/tables/citiesTable")
        .await
        .expect(200);
    assert_erased(given).await;
}
