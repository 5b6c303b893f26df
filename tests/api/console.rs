//! `/console/api`: the operator's API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ALOOCHAT_KEY, Answer, OPERATOR_KEY, TestServer, assert_answer, send};

async fn call(
    server: &TestServer,
    key: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = server
        .request(method, &format!("/console/api{path}"))
        .bearer_auth(key);
    if let Some(body) = body {
        request = request.json(&body);
    }
    send(request).await
}

#[tokio::test]
async fn the_operator_moves_the_clock() {
    let server = TestServer::start().await;
    let steps = [
        ("read", Method::GET, "/clock", None),
        (
            "freeze",
            Method::POST,
            "/clock/freeze",
            Some(json!({"at": "2026-05-01T00:00:00+02:00"})),
        ),
        (
            "advance",
            Method::POST,
            "/clock/advance",
            Some(json!({"seconds": 3600})),
        ),
        (
            "freeze_again",
            Method::POST,
            "/clock/freeze",
            Some(json!({})),
        ),
    ];
    for (name, method, path, body) in steps {
        let answer = call(&server, OPERATOR_KEY, method, path, body).await;
        insta::assert_snapshot!(format!("clock_{name}"), answer.shown());
    }
    let resumed = call(&server, OPERATOR_KEY, Method::POST, "/clock/resume", None).await;
    assert_eq!(resumed.expect(200).json()["frozen"], false);
    assert!(!server.clock.is_frozen());
}

#[tokio::test]
async fn the_console_needs_an_operator_key() {
    let server = TestServer::start().await;
    for key in [ALOOCHAT_KEY, "wrong", ""] {
        let refused = call(&server, key, Method::GET, "/clock", None).await;
        assert_answer!("no_operator", refused);
    }
    let keyless = server.request(Method::POST, "/console/api/clock/resume");
    assert_answer!("no_operator", send(keyless).await);
}

#[tokio::test]
async fn a_bad_request_moves_nothing() {
    let server = TestServer::start().await;
    let before = server.clock.now();
    for (name, path, body) in [
        ("date", "/clock/freeze", json!({"at": "tomorrow"})),
        ("missing", "/clock/advance", json!({})),
        ("negative", "/clock/advance", json!({"seconds": -1})),
    ] {
        let refused = call(&server, OPERATOR_KEY, Method::POST, path, Some(body)).await;
        insta::assert_snapshot!(format!("bad_clock_{name}"), refused.shown());
    }
    assert_eq!(server.clock.now(), before);
}

#[tokio::test]
async fn in_production_the_clock_cannot_be_moved() {
    let server = TestServer::with(|config| {
        config.server.profile = parlance::config::Profile::Production;
    })
    .await;
    call(&server, OPERATOR_KEY, Method::GET, "/clock", None)
        .await
        .expect(200);
    let body = Some(json!({"seconds": 1}));
    let refused = call(&server, OPERATOR_KEY, Method::POST, "/clock/advance", body).await;
    assert_answer!(refused);
}
