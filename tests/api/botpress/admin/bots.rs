//! Bots.

use serde_json::json;

use crate::{
    botpress::given::{Caller, another_workspace, member_with},
    support::{TestServer, assert_answer},
};

#[tokio::test]
async fn create_bot_takes_what_it_declares() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "helper",
        "user": {"tags": {"plan": {"title": "Plan"}}},
        "states": {"memory": {"type": "user", "schema": {"type": "object"}, "expiry": 1000}},
        "events": {"reminder": {"schema": {"type": "object"}}},
        "recurringEvents": {
            "daily": {"schedule": {"cron": "0 9 * * *"}, "type": "reminder", "payload": {"a": 1}},
        },
        "configuration": {
            "data": {"color": "red"},
            "schema": {"type": "object", "properties": {"color": {"type": "string"}}},
        },
        "medias": [{"url": "https://example.com/a.png", "name": "a"}],
        "unknown": "is ignored",
    });
    let made = Caller::member().post(&server, "/v1/admin/bots", body).await;
    let made = made.expect(200);
    assert_answer!("create_bot", made);
    let id = made.json()["bot"]["id"].as_str().expect("an id").to_owned();
    let found = Caller::member()
        .get(&server, &format!("/v1/admin/bots/{id}"))
        .await;
    assert_eq!(found.expect(200).json(), made.json());
}

#[tokio::test]
async fn create_bot_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    for (name, body) in [
        (
            "schema",
            json!({"events": {"reminder": {"schema": {"type": 5}}}}),
        ),
        (
            "identifier",
            json!({"events": {"Bad-name": {"schema": {}}}}),
        ),
        (
            "configuration",
            json!({"configuration": {
                "data": {"color": 1},
                "schema": {"type": "object", "properties": {"color": {"type": "string"}}},
            }}),
        ),
        (
            "type",
            json!({"name": 5, "states": {"memory": {"type": "x", "schema": {}}}}),
        ),
    ] {
        let answer = Caller::member().post(&server, "/v1/admin/bots", body).await;
        insta::assert_snapshot!(format!("create_bot_{name}"), answer.expect(400).shown());
    }
}

#[tokio::test]
async fn create_bot_needs_a_developer() {
    let server = TestServer::start().await;
    let viewer = Caller::with(&member_with(&server, "viewer").await)
        .header("x-workspace-id", crate::support::WORKSPACE);
    let answer = viewer.post(&server, "/v1/admin/bots", json!({})).await;
    assert_answer!(answer.expect(403));
}

#[tokio::test]
async fn get_bot_answers_for_agents_of_every_dialect() {
    let server = TestServer::start().await;
    let agent = server.server().started().agent.clone().expect("an agent");
    let path = format!("/v1/admin/bots/{}", agent.id);
    let first = Caller::member().get(&server, &path).await.expect(200);
    assert_answer!(first);
    let again = Caller::member().get(&server, &path).await.expect(200);
    assert_eq!(first.json(), again.json(), "the signing secret stays");
}

#[tokio::test]
async fn get_bot_is_not_for_others() {
    let server = TestServer::start().await;
    let agent = server.server().started().agent.clone().expect("an agent");
    let path = format!("/v1/admin/bots/{}", agent.id);
    let (workspace, token) = another_workspace(&server).await;
    let other = Caller::with(&token).header("x-workspace-id", &workspace);
    assert_answer!(
        "get_bot_of_another",
        other.get(&server, &path).await.expect(404)
    );
    let intruder = Caller::with(&token).header("x-workspace-id", crate::support::WORKSPACE);
    assert_answer!(
        "get_bot_intruder",
        intruder.get(&server, &path).await.expect(403)
    );
    let missing = Caller::person().get(&server, &path).await;
    assert_answer!("get_bot_without_workspace", missing.expect(400));
}
