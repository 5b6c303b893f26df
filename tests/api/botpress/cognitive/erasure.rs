//! A deleted bot and a deleted workspace leave nothing in the database file of their workflows, tasks, files, rows, and of
//! what they asked a model.

use std::time::Duration;

use serde_json::json;

use super::{GENERATE, llm, saying, with_model};
use crate::{
    botpress::{
        files,
        given::{Caller, Given},
        runtime::column,
        tables,
    },
    cohere::model::Speech,
    support::{WORKSPACE, file_contains, until},
};

const PLANTED: &str = "plantedsecretword";

/// A server with a bot that has used everything, each time with the planted word.
async fn planted() -> Given {
    let (given, _) = with_model(Speech::Says(vec![PLANTED]), |_| {}).await;
    let (server, bot) = (&given.server, given.as_bot());
    llm::install(&given).await;
    let parent = json!({"name": PLANTED, "status": "listening", "input": {"a": PLANTED}, "tags": {"a": PLANTED}});
    let made = bot.post(server, "/v1/chat/workflows", parent).await;
    let parent = made.expect(201).json()["workflow"]["id"].clone();
    let child = json!({"name": "child", "status": "pending", "parentWorkflowId": parent, "input": {"a": PLANTED}});
    let made = bot.post(server, "/v1/chat/workflows", child).await;
    let child = made.expect(201).json()["workflow"]["id"].clone();
    let path = format!("/v1/chat/workflows/{}", tables::text(&child));
    let end = json!({"status": "failed", "failureReason": PLANTED, "output": {"a": PLANTED}});
    bot.put(server, &path, end).await.expect(200);
    let conversation = given.conversation("c").await;
    let task =
        json!({"title": PLANTED, "description": PLANTED, "data": {"a": PLANTED}, "tags": {}});
    given.task(&conversation, task).await;
    let text = format!("A {PLANTED} in a sentence.");
    let more = json!({"tags": {"note": PLANTED}, "metadata": {"note": PLANTED}});
    files::index(server, &bot, "guide.txt", &text, more).await;
    tables::make(&given, "citiesTable").await;
    let row = json!({"name": PLANTED, "note": PLANTED, "more": {"a": PLANTED}});
    tables::fill(&given, "citiesTable", json!([row])).await;
    let copy = bot
        .post(server, "/v1/tables/citiesTable/duplicate", json!({}))
        .await;
    copy.expect(200);
    let asked = bot.post(server, GENERATE, saying(PLANTED)).await;
    assert_eq!(asked.expect(200).json()["output"], PLANTED);
    let answer = llm::act(&given, "generateContent", saying(PLANTED)).await;
    answer.expect(200);
    given
}

async fn assert_gone(mut given: Given) {
    let server = &given.server;
    server.clock.advance(Duration::from_secs(86_400));
    until("all is gone", async || {
        let sql = "SELECT (SELECT count(*) FROM bots) + (SELECT count(*) FROM bot_tables)
            + (SELECT count(*) FROM files) + (SELECT count(*) FROM blob_chunks) + (SELECT count(*) FROM file_passages)
            + (SELECT count(*) FROM workflows) + (SELECT count(*) FROM events)";
        column(server, sql) == [json!(0)]
    })
    .await;
    let path = server.config.store.path.clone();
    given.server.stop().await;
    assert!(!file_contains(&path, PLANTED));
}

#[tokio::test]
async fn delete_bot_leaves_nothing_of_workflows_and_models() {
    let given = planted().await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    assert_gone(given).await;
}

#[tokio::test]
async fn delete_workspace_leaves_nothing_of_workflows_and_models() {
    let given = planted().await;
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    assert_gone(given).await;
}
