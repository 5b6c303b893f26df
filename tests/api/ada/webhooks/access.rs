//! For every operation: no key, a bad key, another agent's key, a missing row, the limits.

use std::time::Duration;

use parlance::{
    domain::tenancy::{
        agents::{self, NewAgent},
        api_keys::{self, KeyKind, KeyOwner},
        audit::Actor,
    },
    kernel::ids::AgentId,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA_KEY, PATH, ada, ada_as, create, one, shown, start, start_with};
use crate::support::{ALOOCHAT_KEY, TestServer, WORKSPACE, assert_answer, send};

/// Every operation, on an endpoint that is there.
async fn operations(server: &TestServer) -> Vec<(&'static str, Method, String, Option<Value>)> {
    let id = create(server, "https://hooks.example.com/x").await;
    let secret = format!("{}/secret/", one(&id));
    let body = json!({"url": "https://hooks.example.com/y"});
    vec![
        ("listWebhooks", Method::GET, PATH.to_owned(), None),
        ("createWebhook", Method::POST, PATH.to_owned(), Some(body)),
        (
            "listWebhookEventTypes",
            Method::GET,
            format!("{PATH}event-types/"),
            None,
        ),
        ("getWebhook", Method::GET, one(&id), None),
        (
            "updateWebhook",
            Method::PATCH,
            one(&id),
            Some(json!({"description": "z"})),
        ),
        ("getWebhookSecret", Method::GET, secret.clone(), None),
        (
            "rotateWebhookSecret",
            Method::POST,
            format!("{secret}rotate/"),
            Some(json!({})),
        ),
        ("deleteWebhook", Method::DELETE, one(&id), None),
    ]
}

/// A key of another agent of the same workspace.
async fn another_agent(server: &TestServer) -> String {
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let id = AgentId::new_uuid();
            let handle = "other".to_owned();
            let new = NewAgent {
                id,
                handle,
                name: "Another".to_owned(),
            };
            let agent = agents::create(change, &WORKSPACE.into(), new)?;
            let owner = KeyOwner::Agent(agent.workspace_id, agent.id);
            api_keys::create(change, KeyKind::Ada, &owner, "test")
        });
    let (_, key) = made.await.expect("an agent with a key");
    key.expose().to_owned()
}

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let server = start().await;
    for (name, method, path, body) in operations(&server).await {
        let mut keyless = server.request(method.clone(), &path);
        if let Some(body) = &body {
            keyless = keyless.json(body);
        }
        assert_answer!("no_key", send(keyless).await);
        for key in ["unknown", ALOOCHAT_KEY, ""] {
            let refused = ada_as(&server, key, method.clone(), &path, body.clone()).await;
            assert_eq!(refused.status, 401, "{name} with {key:?}");
        }
    }
}

#[tokio::test]
async fn another_agents_webhook_answers_like_a_missing_one() {
    let server = start().await;
    let other = another_agent(&server).await;
    for (name, method, path, body) in operations(&server).await {
        let missing = path.replace("/ep_", "/ep_missing");
        let of_one = missing != path;
        let refused = ada_as(&server, &other, method.clone(), &path, body.clone()).await;
        if !of_one {
            assert!(refused.status.is_success(), "{name}");
            continue;
        }
        assert_answer!("another_agents", refused);
        assert_answer!("another_agents", ada(&server, method, &missing, body).await);
    }
    let id = create(&server, "https://hooks.example.com/kept").await;
    assert_eq!(shown(&server, &id).await["description"], "");
    let cursor = format!("{PATH}?cursor={id}");
    let refused = ada_as(&server, &other, Method::GET, &cursor, None).await;
    assert_answer!("another_agents_cursor", refused);
}

#[tokio::test]
async fn every_operation_is_limited_and_says_how_the_caller_stands() {
    let server = start_with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.ada.per_second = 2;
    })
    .await;
    for (name, method, path, body) in operations(&server).await {
        server.clock.advance(Duration::from_secs(10));
        let admitted = ada(&server, Method::GET, PATH, None).await.expect(200);
        assert_eq!(admitted.header("x-ratelimit-limit"), Some("2"), "{name}");
        assert_eq!(
            admitted.header("x-ratelimit-remaining"),
            Some("1"),
            "{name}"
        );
        ada(&server, Method::GET, PATH, None).await.expect(200);
        let refused = ada(&server, method, &path, body).await;
        assert_eq!(refused.header("retry-after"), Some("1"), "{name}");
        assert_answer!("limited", refused);
    }
}

#[tokio::test]
async fn paths_are_answered_with_and_without_the_last_slash() {
    let server = start().await;
    for (name, method, path, body) in operations(&server).await {
        let other = match path.strip_suffix('/') {
            Some(bare) => bare.to_owned(),
            None => format!("{path}/"),
        };
        let answer = ada(&server, method, &other, body).await;
        assert!(
            answer.status.is_success(),
            "{name} {other}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn the_console_needs_an_operator_key_and_an_endpoint() {
    let server = start().await;
    let since = Some(json!({"since": "2026-03-01T00:00:00Z"}));
    for (method, path, body) in [
        (Method::GET, "/attempts", None),
        (
            Method::POST,
            "/resend",
            Some(json!({"message_id": "msg_x"})),
        ),
        (Method::POST, "/replay", since.clone()),
        (Method::POST, "/recover", since),
        (
            Method::POST,
            "/example",
            Some(json!({"event_type": "v1.end_user.created"})),
        ),
    ] {
        let whole = format!("/console/api/webhooks/ep_missing{path}");
        let refused = ada_as(&server, ADA_KEY, method.clone(), &whole, body.clone()).await;
        assert_eq!(refused.status, 401, "{path}");
        let missing = super::console(&server, method, &format!("/ep_missing{path}"), body).await;
        assert_answer!("console_missing", missing);
    }
}
