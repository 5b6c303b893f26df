//! What holds for every operation of the chat and files API, as the document lists them.

use parlance::dialects::botpress;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, Given, another_workspace, member_with},
    support::{TestServer, WORKSPACE},
};

/// Method, path with every parameter filled in, and id of each operation whose path begins so.
fn operations(begin: &str) -> Vec<(Method, String, String)> {
    let document = botpress::document(&botpress::Settings::default());
    let document: Value = serde_json::from_str(&document.json("")).expect("JSON");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !path.starts_with(begin) {
            continue;
        }
        let mut filled = path.replace("{type}", "bot");
        for name in ["{id}", "{userId}", "{name}"] {
            filled = filled.replace(name, "missing");
        }
        for (method, operation) in methods.as_object().expect("methods") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let id = operation["operationId"].as_str().expect("an id");
            operations.push((method, filled.clone(), id.to_owned()));
        }
    }
    operations
}

fn body_for(method: &Method) -> Option<Value> {
    (*method != Method::GET && *method != Method::DELETE).then(|| json!({}))
}

#[tokio::test]
async fn needs_a_token() {
    let given = Given::new().await;
    let all = [operations("/v1/chat/"), operations("/v1/storage/")].concat();
    assert_eq!(all.len(), 25 + 4 + 1 + 7 + 5 + 11);
    for (method, path, id) in all {
        // A public file needs none, and a missing one is not told from another's.
        let unknown = Caller::with("bp_pat_unknown").header("x-bot-id", given.bot.id.as_str());
        let answer = unknown
            .call(&given.server, method.clone(), &path, body_for(&method))
            .await;
        assert_eq!(
            answer.json()["type"],
            "Unauthorized",
            "{id} {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn needs_a_bot_that_is_the_callers() {
    let given = Given::new().await;
    let (_, token) = another_workspace(&given.server).await;
    for (method, path, id) in operations("/v1/chat/") {
        let body = body_for(&method);
        let nowhere = Caller::with(&given.bot_token);
        let answer = nowhere
            .call(&given.server, method.clone(), &path, body.clone())
            .await;
        assert_eq!(answer.json()["type"], "InvalidPayload", "{id}");
        assert_eq!(
            answer.json()["message"],
            "request/headers must have required property 'x-bot-id'"
        );
        let other = Caller::with(&token).header("x-bot-id", given.bot.id.as_str());
        let answer = other.call(&given.server, method, &path, body).await;
        assert_eq!(answer.json()["type"], "Forbidden", "{id}");
    }
}

#[tokio::test]
async fn changes_need_a_developer() {
    let given = Given::new().await;
    let token = member_with(&given.server, "viewer").await;
    let viewer = Caller::with(&token).header("x-bot-id", given.bot.id.as_str());
    let user = given.user("1").await;
    let path = format!("/v1/chat/users/{user}");
    assert_eq!(viewer.get(&given.server, &path).await.status, 200);
    for (method, path, body) in [
        (Method::DELETE, path.as_str(), None),
        (Method::PUT, path.as_str(), Some(json!({}))),
        (Method::POST, "/v1/chat/users", Some(json!({"tags": {}}))),
        (
            Method::POST,
            "/v1/chat/conversations",
            Some(json!({"channel": "direct", "tags": {}})),
        ),
    ] {
        let answer = viewer.call(&given.server, method, path, body).await;
        assert_eq!(answer.json()["type"], "Forbidden", "{path}");
    }
}

#[tokio::test]
async fn ends_at_the_limit() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.botpress_chat.per_minute = 1;
    })
    .await;
    let given = Given::on(server).await;
    for (method, path, id) in operations("/v1/chat/") {
        let body = body_for(&method);
        let caller = given.as_bot();
        // The first call of the minute may pass.
        caller
            .call(&given.server, method.clone(), &path, body.clone())
            .await;
        let answer = caller.call(&given.server, method, &path, body).await;
        assert_eq!(answer.json()["type"], "RateLimited", "{id}");
        assert_eq!(answer.status, 429);
        assert!(answer.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let given = Given::new().await;
    for (method, path, id) in operations("/v1/chat/") {
        if body_for(&method).is_none() {
            continue;
        }
        let request = given
            .server
            .request(method.clone(), &path)
            .header("authorization", format!("Bearer {}", given.bot_token))
            .header("x-bot-id", given.bot.id.as_str())
            .header("content-type", "application/json")
            .body("{");
        let answer = crate::support::send(request).await;
        assert_eq!(answer.json()["type"], "InvalidPayload", "{id}");
        let not_an_object = given
            .as_bot()
            .call(&given.server, method, &path, Some(json!([])))
            .await;
        assert_eq!(not_an_object.json()["type"], "InvalidPayload", "{id}");
    }
}

#[tokio::test]
async fn a_missing_row_is_not_found() {
    let given = Given::new().await;
    for (method, path, id) in operations("/v1/chat/") {
        if !path.contains("missing") {
            continue;
        }
        let body = match id.as_str() {
            "addParticipant" => Some(json!({"userId": given.bot.id})),
            "setState" | "patchState" | "getOrSetState" => Some(json!({"payload": {}})),
            "setStateExpiry" => Some(json!({"expiry": null})),
            _ => body_for(&method),
        };
        let answer = given
            .as_bot()
            .call(&given.server, method, &path, body)
            .await;
        assert_eq!(
            answer.json()["type"],
            "ResourceNotFound",
            "{id} {}",
            answer.text
        );
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn what_others_have_is_not_there() {
    let given = Given::new().await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let integration = given.as_integration();
    let message = given
        .message(&integration, &user, &conversation, "Hello")
        .await;
    let other =
        crate::botpress::given::make_bot(&given.server, WORKSPACE, Default::default()).await;
    let stranger = Caller::person().header("x-bot-id", other.id.as_str());
    for path in [
        format!("/v1/chat/users/{user}"),
        format!("/v1/chat/conversations/{conversation}"),
        format!("/v1/chat/conversations/{conversation}/participants"),
        format!("/v1/chat/messages/{message}"),
        format!("/v1/chat/events/{}", message.replacen("-7", "-8", 1)),
    ] {
        let answer = stranger.get(&given.server, &path).await;
        assert_eq!(answer.json()["type"], "ResourceNotFound", "{path}");
        let answer = integration.get(&given.server, &path).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    for (list, member) in [
        ("users", "users"),
        ("conversations", "conversations"),
        ("messages", "messages"),
        ("events", "events"),
    ] {
        let answer = stranger
            .get(&given.server, &format!("/v1/chat/{list}"))
            .await;
        assert_eq!(answer.json(), json!({member: [], "meta": {}}));
    }
    let body = super::message(&user, &conversation, "Hello");
    let answer = stranger
        .post(&given.server, "/v1/chat/messages", body)
        .await;
    assert_eq!(answer.json()["type"], "ReferenceNotFound");
}
