//! Preferences of accounts and workspaces.

use serde_json::{Value, json};

use super::{people::open, role};
use crate::{
    botpress::given::{Caller, another_workspace},
    support::{TestServer, WORKSPACE, assert_answer},
};

const OF_ACCOUNT: &str = "/v1/admin/account/preferences";
const OF_WORKSPACE: &str = "/v1/admin/workspaces/preferences";

async fn set_and_get(server: &TestServer, caller: &Caller, path: &str) {
    for value in [
        json!({"theme": ["dark"]}),
        json!(5),
        json!("x"),
        json!(null),
        json!(false),
    ] {
        let set = caller.post(server, path, json!({"value": value})).await;
        assert_eq!(set.expect(200).json(), json!({}));
        let found = caller.get(server, path).await.expect(200).json();
        assert_eq!(found, json!({"value": value}));
    }
    caller.post(server, path, json!({})).await.expect(200);
    let found = caller.get(server, path).await.expect(200).json();
    assert_eq!(found, json!({"value": Value::Null}));
}

#[tokio::test]
async fn get_account_preference_is_of_the_caller() {
    let server = TestServer::start().await;
    let path = format!("{OF_ACCOUNT}/theme");
    let body = json!({"value": 1});
    Caller::person()
        .post(&server, &path, body)
        .await
        .expect(200);
    let (_, token) = another_workspace(&server).await;
    let other = Caller::with(&token).get(&server, &path).await;
    assert_answer!("get_account_preference_missing", other.expect(404));
    let unknown = Caller::with("bp_pat_unknown");
    unknown.get(&server, &path).await.expect(401);
}

#[tokio::test]
async fn set_account_preference_takes_any_json() {
    let server = TestServer::with(|config| config.bounds.preferences = 1).await;
    let caller = Caller::person();
    set_and_get(&server, &caller, &format!("{OF_ACCOUNT}/a.b%2Fc")).await;
    let more = caller
        .post(&server, &format!("{OF_ACCOUNT}/more"), json!({"value": 1}))
        .await;
    assert_answer!("set_account_preference_bound", more.expect(413));
    let long = format!("{OF_ACCOUNT}/{}", "x".repeat(201));
    let long = caller.post(&server, &long, json!({"value": 1})).await;
    assert_eq!(long.expect(400).json()["type"], "InvalidQuery");
    let large = json!({"value": "x".repeat(70_000)});
    let path = format!("{OF_ACCOUNT}/a.b%2Fc");
    caller.post(&server, &path, large).await.expect(413);
    caller.post(&server, &path, json!([])).await.expect(400);
}

#[tokio::test]
async fn get_workspace_preference_is_of_the_workspace() {
    let server = TestServer::start().await;
    let path = format!("{OF_WORKSPACE}/theme");
    let body = json!({"value": 1});
    Caller::member()
        .post(&server, &path, body)
        .await
        .expect(200);
    let viewer = role(&server, "viewer").await;
    let found = viewer.get(&server, &path).await.expect(200).json();
    assert_eq!(found, json!({"value": 1}));
    let second = open(&server, "Second").await;
    let elsewhere = Caller::person().header("x-workspace-id", &second);
    let missing = elsewhere.get(&server, &path).await;
    assert_answer!("get_workspace_preference_missing", missing.expect(404));
    let (_, token) = another_workspace(&server).await;
    let intruder = Caller::with(&token).header("x-workspace-id", WORKSPACE);
    intruder.get(&server, &path).await.expect(403);
    Caller::person().get(&server, &path).await.expect(400);
}

#[tokio::test]
async fn set_workspace_preference_needs_a_developer() {
    let server = TestServer::with(|config| config.bounds.preferences = 1).await;
    let developer = role(&server, "developer").await;
    set_and_get(&server, &developer, &format!("{OF_WORKSPACE}/theme")).await;
    let path = format!("{OF_WORKSPACE}/more");
    let more = developer.post(&server, &path, json!({"value": 1})).await;
    assert!(more.text.contains("bounds.preferences"), "{}", more.text);
    more.expect(413);
    let viewer = role(&server, "viewer").await;
    viewer
        .post(&server, &path, json!({"value": 1}))
        .await
        .expect(403);
}
