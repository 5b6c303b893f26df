//! Rules of every operation of the Files API.

use parlance::dialects::botpress;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, Given, another_workspace, member_with},
    support::TestServer,
};

fn operations() -> Vec<(Method, String, String)> {
    let document = botpress::document(&botpress::Settings::default());
    let document: Value = serde_json::from_str(&document.json("")).expect("JSON");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !path.starts_with("/v1/files") {
            continue;
        }
        let mut filled = path.clone();
        for name in ["{id}", "{idOrKey}", "{destinationKey}", "{tag}"] {
            filled = filled.replace(name, "missing");
        }
        if path.ends_with("/search") {
            filled.push_str("?query=x");
        }
        for (method, operation) in methods.as_object().expect("methods") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let id = operation["operationId"].as_str().expect("an id");
            operations.push((method, filled.clone(), id.to_owned()));
        }
    }
    assert_eq!(operations.len(), 15);
    operations
}

/// A body that is valid for every operation that has one.
fn body_for(method: &Method) -> Option<Value> {
    let body = json!({"key": "k", "size": 1, "name": "n", "passages": []});
    (*method != Method::GET && *method != Method::DELETE).then_some(body)
}

#[tokio::test]
async fn needs_a_token_of_the_bot() {
    let given = Given::new().await;
    let server = &given.server;
    let (_, stranger) = another_workspace(server).await;
    let bot = given.bot.id.as_str();
    for (method, path, id) in operations() {
        for (caller, expected) in [
            (
                Caller::with("bp_pat_unknown").header("x-bot-id", bot),
                "Unauthorized",
            ),
            (Caller::with(&stranger).header("x-bot-id", bot), "Forbidden"),
            (Caller::with(&given.bot_token), "InvalidPayload"),
        ] {
            let body = body_for(&method);
            let answer = caller.call(server, method.clone(), &path, body).await;
            assert_eq!(answer.json()["type"], expected, "{id} {}", answer.text);
        }
    }
}

#[tokio::test]
async fn changes_need_a_developer_and_reads_do_not() {
    let given = Given::new().await;
    let token = member_with(&given.server, "viewer").await;
    let viewer = Caller::with(&token).header("x-bot-id", given.bot.id.as_str());
    for (method, path, id) in operations() {
        let body = body_for(&method);
        let answer = viewer
            .call(&given.server, method.clone(), &path, body)
            .await;
        let is_forbidden = answer.status == 403;
        assert_eq!(is_forbidden, method != Method::GET, "{id} {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_missing_is_a_resource() {
    let given = Given::new().await;
    for (method, path, id) in operations() {
        if !path.contains("missing") || path.contains("/tags/") {
            continue;
        }
        let body = body_for(&method);
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
        assert!(answer.text.contains("not found"), "{id} {}", answer.text);
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
    for (method, path, id) in operations() {
        let caller = given.as_bot();
        for _ in 0..2 {
            let body = body_for(&method);
            let answer = caller
                .call(&given.server, method.clone(), &path, body)
                .await;
            if answer.status == 429 {
                assert_eq!(answer.json()["type"], "RateLimited", "{id}");
            }
        }
    }
    let last = given.as_bot().get(&given.server, "/v1/files").await;
    assert_eq!(last.status, 429);
}
