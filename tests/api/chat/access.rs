//! Who may do what: every operation without a key, with another bot's key, and with what is no JSON.

use reqwest::Method;
use serde_json::json;

use super::given::{Given, open};
use crate::{
    botpress::given::make_bot,
    support::{TestServer, WORKSPACE},
};

/// Every operation that needs a key, on the conversation `c-1`.
fn operations() -> Vec<(Method, &'static str)> {
    vec![
        (Method::GET, "/users/me"),
        (Method::PUT, "/users/me"),
        (Method::DELETE, "/users/me"),
        (Method::POST, "/users/get-or-create"),
        (Method::GET, "/conversations"),
        (Method::POST, "/conversations"),
        (Method::POST, "/conversations/get-or-create"),
        (Method::GET, "/conversations/c-1"),
        (Method::DELETE, "/conversations/c-1"),
        (Method::GET, "/conversations/c-1/messages"),
        (Method::GET, "/conversations/c-1/listen"),
        (Method::GET, "/conversations/c-1/participants"),
        (Method::POST, "/conversations/c-1/participants"),
        (Method::GET, "/conversations/c-1/participants/ann"),
        (Method::DELETE, "/conversations/c-1/participants/ann"),
        (Method::POST, "/messages"),
        (Method::GET, "/messages/m"),
        (Method::DELETE, "/messages/m"),
        (Method::POST, "/events"),
        (Method::GET, "/events/e"),
    ]
}

#[tokio::test]
async fn every_operation_needs_a_key_of_its_own_bot() {
    let given = Given::new().await;
    let other = make_bot(&given.server, WORKSPACE, Default::default()).await;
    let path = open(&given.server, &other.id).await;
    let other = Given {
        server: TestServer::start().await,
        bot: other,
        path,
    };
    // Of the other bot, but on this server.
    let url = format!("{}/users", other.path);
    let request = given
        .server
        .request(Method::POST, &url)
        .json(&json!({"id": "ann"}));
    let made = crate::support::send(request).await.expect(201).json();
    let foreign = made["key"].as_str().expect("a key").to_owned();
    let ann = given.user_with(json!({"id": "ann"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    for (method, path) in operations() {
        for key in [None, Some(foreign.as_str()), Some("x")] {
            let body = (method == Method::POST || method == Method::PUT).then(|| json!({}));
            let answer = given.call(key, method.clone(), path, body).await;
            assert_eq!(answer.status, 401, "{method} {path} {}", answer.text);
            let shown = answer.json();
            assert_eq!(shown["type"], "Unauthorized");
            assert_eq!(shown["message"], "Invalid or missing x-user-key");
        }
    }
}

#[tokio::test]
async fn every_body_must_be_json() {
    let given = Given::new().await;
    let ann = given.user().await;
    for (method, path) in operations() {
        if method != Method::POST && method != Method::PUT {
            continue;
        }
        let url = format!("{}{path}", given.path);
        let request = |body: &'static str, kind: &str| {
            let request = given.server.request(method.clone(), &url);
            let request = request.header("x-user-key", &ann.key);
            crate::support::send(request.header("content-type", kind).body(body))
        };
        let answer = request("{", "application/json").await;
        assert_eq!(answer.json()["type"], "InvalidPayload", "{method} {path}");
        let answer = request("[]", "application/json").await;
        assert_eq!(answer.json()["type"], "InvalidPayload", "{method} {path}");
        let answer = request("{}", "text/plain").await;
        assert_eq!(answer.status, 415, "{method} {path}");
    }
}
