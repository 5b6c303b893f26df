//! Allowlists, calls of actions, shareable ids, and scripts to try.

use std::time::Duration;

use serde_json::{Value, json};

use super::{role, stranger, text};
use crate::{
    botpress::{
        given::{Caller, Given, another_workspace, member_with},
        runtime::Pair,
    },
    support::{TestServer, WORKSPACE, assert_answer},
};

const ACTIONS: &str = "/v1/chat/actions";
const VRL: &str = "/v1/admin/helper/vrl";

async fn account(server: &TestServer, token: &str) -> String {
    let found = Caller::with(token)
        .get(server, "/v1/admin/account/me")
        .await;
    text(&found.expect(200).json()["account"]["id"])
}

#[tokio::test]
async fn get_bot_allowlist_begins_with_everybody() {
    let given = Given::new().await;
    let path = format!("/v1/admin/bots/{}/allowlist", given.bot.id);
    let found = Caller::member().get(&given.server, &path).await;
    let everybody = json!({"setting": "ALL_WORKSPACE_USERS", "users": []});
    assert_eq!(found.expect(200).json(), everybody);
    let agent = given
        .server
        .server()
        .started()
        .agent
        .clone()
        .expect("an agent");
    let of_agent = format!("/v1/admin/bots/{}/allowlist", agent.id);
    let found = Caller::member().get(&given.server, &of_agent).await;
    assert_eq!(found.expect(200).json(), everybody);
    let stranger = stranger(&given.server).await;
    let missing = stranger.get(&given.server, &path).await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
}

#[tokio::test]
async fn update_bot_allowlist_keeps_the_tokens_of_others_out() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}/allowlist", given.bot.id);
    let in_bot = |token: &str| Caller::with(token).header("x-bot-id", given.bot.id.as_str());
    let (ann, ben) = (
        member_with(server, "developer").await,
        member_with(server, "viewer").await,
    );
    let users = "/v1/chat/users";
    for token in [&ann, &ben] {
        in_bot(token).get(server, users).await.expect(200);
    }
    let id = account(server, &ann).await;
    let body = json!({"setting": "SELECTED_USERS", "users": {id.as_str(): true}});
    let changed = Caller::member().put(server, &path, body).await;
    assert_eq!(changed.expect(200).json(), json!({}));
    let expected = json!({"setting": "SELECTED_USERS", "users": [{"id": id}]});
    assert_eq!(
        Caller::member().get(server, &path).await.expect(200).json(),
        expected
    );
    in_bot(&ann).get(server, users).await.expect(200);
    let kept_out = in_bot(&ben).get(server, users).await;
    assert_eq!(kept_out.expect(403).json()["type"], "Forbidden");
    // The bot itself is no person, and members still manage it.
    given.as_bot().get(server, users).await.expect(200);
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member().get(server, &bot).await.expect(200);
    let body = json!({"users": {id.as_str(): false}});
    Caller::member().put(server, &path, body).await.expect(200);
    in_bot(&ann).get(server, users).await.expect(403);
    let body = json!({"setting": "ALL_WORKSPACE_USERS"});
    Caller::member().put(server, &path, body).await.expect(200);
    in_bot(&ben).get(server, users).await.expect(200);
}

#[tokio::test]
async fn update_bot_allowlist_refuses_who_is_no_member() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}/allowlist", given.bot.id);
    let (_, token) = another_workspace(server).await;
    let id = account(server, &token).await;
    for body in [
        json!({"users": {id: true}}),
        json!({"users": {"none": true}}),
        json!({"setting": "NOBODY"}),
        json!({"users": {"x": 5}}),
    ] {
        Caller::member().put(server, &path, body).await.expect(400);
    }
    let unknown = Caller::member()
        .put(server, &path, json!({"users": {"none": true}}))
        .await;
    assert_answer!("update_bot_allowlist_unknown", unknown.expect(400));
    let viewer = role(server, "viewer").await;
    viewer.put(server, &path, json!({})).await.expect(403);
    let missing = Caller::member()
        .put(server, "/v1/admin/bots/none/allowlist", json!({}))
        .await;
    missing.expect(404);
}

#[tokio::test]
async fn list_action_runs_shows_what_was_called() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let server = &given.server;
    let call = async |text: &str| {
        let body = json!({"type": "whint:whisper", "input": {"text": text}});
        given.as_bot().post(server, ACTIONS, body).await.status
    };
    pair.integration
        .answer_with(200, r#"{"output": {"heard": true}}"#);
    assert_eq!(call("Hello").await, 200);
    server.clock.advance(Duration::from_secs(60));
    pair.integration
        .answer_with(400, r#"{"message": "Not today"}"#);
    assert_eq!(call("Again").await, 400);
    let path = format!(
        "/v1/admin/bots/{}/action-runs?integrationName=whint",
        given.bot.id
    );
    let listed = Caller::member().get(server, &path).await.expect(200);
    assert_answer!("list_action_runs", listed);
    let data = async |query: &str| {
        let listed = Caller::member()
            .get(server, &format!("{path}{query}"))
            .await;
        listed.expect(200).json()["data"]
            .as_array()
            .expect("a list")
            .len()
    };
    let first = text(&listed.json()["data"][1]["timestamp"]);
    assert_eq!(data(&format!("&timestampFrom={first}")).await, 2);
    assert_eq!(data(&format!("&timestampUntil={first}")).await, 0);
    // Long inputs are cut.
    assert_eq!(call(&"x".repeat(20_000)).await, 400);
    let listed = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(listed["data"][0]["inputTruncated"], true);
    let preview = text(&listed["data"][0]["input"]["preview"]);
    assert!(preview.starts_with(r#"{"text":"xxx"#) && preview.len() == 10_240);
    let other = path.replace("=whint", "=other");
    let none = Caller::member()
        .get(server, &other)
        .await
        .expect(200)
        .json();
    assert_eq!(none, json!({"data": [], "meta": {}}));
    let (unnamed, _) = path.split_once('?').expect("a query");
    Caller::member().get(server, unnamed).await.expect(400);
    let stranger = stranger(server).await;
    stranger.get(server, &path).await.expect(404);
}

#[tokio::test]
async fn list_action_runs_goes_page_by_page_and_forgets() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let server = &given.server;
    pair.integration.answer_with(200, r#"{"output": {}}"#);
    for _ in 0..21 {
        let body = json!({"type": "whint:whisper", "input": {"text": "Hello"}});
        given.as_bot().post(server, ACTIONS, body).await.expect(200);
    }
    let path = format!(
        "/v1/admin/bots/{}/action-runs?integrationName=whint",
        given.bot.id
    );
    let first = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(first["data"].as_array().map(Vec::len), Some(20));
    let token = text(&first["meta"]["nextToken"]);
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::member()
        .get(server, &format!("{path}&nextToken={token}"))
        .await;
    let second = second.expect(200).json();
    assert_eq!(second["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["meta"], json!({}));
    server.clock.advance(Duration::from_secs(31 * 86_400));
    let app = server.server().app();
    let pruned = parlance::domain::bots::manage::maintenance::run_once(app).await;
    pruned.expect("it is pruned");
    let left = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(left["data"], json!([]));
}

/// The path of the shareable id of the integration in the bot.
fn shareable(given: &Given) -> String {
    let (bot, integration) = (&given.bot.id, &given.integration.id);
    format!("/v1/admin/bots/{bot}/integrations/{integration}/shareable-id")
}

#[tokio::test]
async fn create_integration_shareable_id_makes_a_new_one() {
    let given = Given::new().await;
    let server = &given.server;
    let path = shareable(&given);
    let make = async || {
        let made = Caller::member().post(server, &path, json!({})).await;
        text(&made.expect(200).json()["shareableId"])
    };
    let first = make().await;
    let found = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(found, json!({"shareableId": first, "isExpired": false}));
    let second = make().await;
    assert_ne!(first, second);
    let found = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(found["shareableId"], json!(second));
    let viewer = role(server, "viewer").await;
    viewer.post(server, &path, json!({})).await.expect(403);
    let wrong = format!("{path}?integrationInstanceAlias=none");
    let wrong = Caller::member().post(server, &wrong, json!({})).await;
    assert_answer!("create_shareable_id_wrong_alias", wrong.expect(404));
    let stranger = stranger(server).await;
    stranger.post(server, &path, json!({})).await.expect(404);
}

#[tokio::test]
async fn get_integration_shareable_id_expires_after_a_day() {
    let given = Given::new().await;
    let server = &given.server;
    let path = shareable(&given);
    let missing = Caller::member().get(server, &path).await;
    assert_answer!("get_shareable_id_missing", missing.expect(404));
    Caller::member()
        .post(server, &path, json!({}))
        .await
        .expect(200);
    server.clock.advance(Duration::from_secs(86_400));
    let found = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(found["isExpired"], true);
    let entry = json!({"integrationId": given.integration.id, "configuration": {"greeting": "Hi"}});
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let body = json!({"integrations": {"shop": entry}});
    Caller::member().put(server, &bot, body).await.expect(200);
    let by_alias = format!("{path}?integrationInstanceAlias=shop");
    Caller::member().get(server, &by_alias).await.expect(200);
    let stranger = stranger(server).await;
    stranger.get(server, &path).await.expect(404);
}

#[tokio::test]
async fn delete_integration_shareable_id_ends_it() {
    let given = Given::new().await;
    let server = &given.server;
    let path = shareable(&given);
    Caller::member()
        .post(server, &path, json!({}))
        .await
        .expect(200);
    let viewer = role(server, "viewer").await;
    viewer.delete(server, &path).await.expect(403);
    let deleted = Caller::member().delete(server, &path).await;
    assert_eq!(deleted.expect(200).json(), json!({}));
    Caller::member().get(server, &path).await.expect(404);
    Caller::member().delete(server, &path).await.expect(404);
}

#[tokio::test]
async fn unlink_sandboxed_conversations_checks_the_installation() {
    let given = Given::new().await;
    let server = &given.server;
    let path = shareable(&given).replace("shareable-id", "sandboxed-conversations");
    let unlinked = Caller::member().delete(server, &path).await;
    assert_eq!(unlinked.expect(200).json(), json!({}));
    let wrong = path.replace(given.integration.id.as_str(), "none");
    let wrong = Caller::member().delete(server, &wrong).await;
    assert_answer!("unlink_sandboxed_unknown", wrong.expect(404));
    let viewer = role(server, "viewer").await;
    viewer.delete(server, &path).await.expect(403);
    let stranger = stranger(server).await;
    stranger.delete(server, &path).await.expect(404);
}

#[tokio::test]
async fn run_vrl_answers_with_the_result_and_the_data() {
    let server = TestServer::start().await;
    let run = async |data: Value, script: &str| {
        let body = json!({"data": data, "script": script});
        Caller::person().post(&server, VRL, body).await
    };
    for (script, data, result) in [
        (
            "upcase(string!(.name))",
            json!({"name": "ann"}),
            json!("ANN"),
        ),
        (
            ".seen = true",
            json!({"name": "ann", "seen": true}),
            json!(true),
        ),
        ("x = 1\ny = x + 1 # sum", json!({"name": "ann"}), json!(2)),
        ("{\"data\": 1}", json!({"name": "ann"}), json!({"data": 1})),
        ("del(.name)\nnull", json!({}), json!(null)),
    ] {
        let ran = run(json!({"name": "ann"}), script).await.expect(200).json();
        assert_eq!(ran, json!({"data": data, "result": result}), "{script}");
    }
    for (name, script) in [
        ("syntax", "upcase("),
        ("fails", "assert!(false, \"no\")"),
        ("escape", "1 } ; {"),
    ] {
        let refused = run(json!({}), script).await;
        insta::assert_snapshot!(format!("run_vrl_{name}"), refused.expect(400).shown());
    }
    for body in [
        json!({}),
        json!({"data": 5, "script": "1"}),
        json!({"data": {}}),
    ] {
        Caller::person().post(&server, VRL, body).await.expect(400);
    }
    run(json!({}), &"x".repeat(20_000)).await.expect(400);
    let unknown = Caller::with("bp_pat_unknown").header("x-workspace-id", WORKSPACE);
    let body = json!({"data": {}, "script": "1"});
    unknown.post(&server, VRL, body).await.expect(401);
}
