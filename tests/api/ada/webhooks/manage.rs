//! Creating, reading, updating and deleting endpoints.

use reqwest::Method;
use serde_json::{Value, json};

use super::{PATH, ada, create, one, shown, start, start_with};
use crate::support::assert_answer;

/// The body without what differs from run to run.
fn steady(mut body: Value) -> Value {
    let id = body["id"].as_str().expect("an id");
    assert!(id.starts_with("ep_") && id.len() == 30, "{id}");
    body["id"] = json!("ep_…");
    body
}

#[tokio::test]
async fn create_webhook_answers_the_webhook() {
    let server = start().await;
    let body = json!({
        "url": "https://hooks.example.com/x?a=1",
        "description": "Changes",
        "event_filters": ["v1.end_user.updated", "v1.end_user.updated"],
        "enabled": false
    });
    let created = ada(&server, Method::POST, PATH, Some(body))
        .await
        .expect(201);
    insta::assert_json_snapshot!("created", steady(created.json()));
    let body = json!({"url": "http://localhost:3000/x"});
    let created = ada(&server, Method::POST, PATH, Some(body))
        .await
        .expect(201);
    insta::assert_json_snapshot!("created_with_defaults", steady(created.json()));
}

#[tokio::test]
async fn create_webhook_refuses_bad_bodies() {
    let server = start().await;
    let url = "https://hooks.example.com/x";
    for (name, body) in [
        ("empty", json!({})),
        ("not_a_url", json!({"url": "hooks.example.com"})),
        ("plain_http", json!({"url": "http://hooks.example.com/x"})),
        ("other_scheme", json!({"url": "ftp://hooks.example.com/x"})),
        ("reserved", json!({"url": "https://169.254.169.254/latest"})),
        (
            "long_url",
            json!({"url": format!("{url}{}", "x".repeat(2048))}),
        ),
        (
            "unknown_event",
            json!({"url": url, "event_filters": ["v1.end_user.created", "v2"]}),
        ),
        (
            "types",
            json!({"url": 1, "description": null, "event_filters": "x", "enabled": 1}),
        ),
    ] {
        let refused = ada(&server, Method::POST, PATH, Some(body)).await;
        insta::assert_snapshot!(format!("bad_{name}"), refused.expect(400).shown());
    }
    let listed = ada(&server, Method::GET, PATH, None).await.json();
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn create_webhook_stops_at_the_limit_of_an_agent() {
    let server = start_with(|config| config.webhooks.max_endpoints = 2).await;
    create(&server, "https://hooks.example.com/1").await;
    create(&server, "https://hooks.example.com/2").await;
    let body = json!({"url": "https://hooks.example.com/3"});
    assert_answer!(ada(&server, Method::POST, PATH, Some(body)).await);
}

#[tokio::test]
async fn list_webhooks_in_pages() {
    let server = start().await;
    let mut ids = Vec::new();
    for index in 0..5 {
        ids.push(create(&server, &format!("https://hooks.example.com/{index}")).await);
    }
    let mut path = format!("{PATH}?limit=2");
    let mut seen = Vec::new();
    for page in 0..3 {
        let answer = ada(&server, Method::GET, &path, None)
            .await
            .expect(200)
            .json();
        for webhook in answer["data"].as_array().expect("a list") {
            seen.push(webhook["id"].as_str().expect("an id").to_owned());
        }
        let next = &answer["meta"]["next_page_url"];
        if page == 2 {
            assert_eq!(*next, Value::Null);
            break;
        }
        let next = next.as_str().expect("a next page");
        let base = server.server().url();
        path = next
            .strip_prefix(&base)
            .expect("an absolute address")
            .to_owned();
        assert!(path.contains("limit=2"), "{path}");
    }
    assert_eq!(seen, ids);
    let all = ada(&server, Method::GET, PATH, None).await.json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn list_webhooks_refuses_bad_pages() {
    let server = start().await;
    for (name, query) in [
        ("zero", "limit=0"),
        ("many", "limit=101"),
        ("word", "limit=x"),
    ] {
        let refused = ada(&server, Method::GET, &format!("{PATH}?{query}"), None).await;
        insta::assert_snapshot!(format!("bad_page_{name}"), refused.expect(400).shown());
    }
}

#[tokio::test]
async fn get_webhook_answers_what_create_did() {
    let server = start().await;
    let body = json!({"url": "https://hooks.example.com/x"});
    let created = ada(&server, Method::POST, PATH, Some(body)).await.json();
    let id = created["id"].as_str().expect("an id");
    assert_eq!(shown(&server, id).await, created);
}

#[tokio::test]
async fn update_webhook_changes_what_it_names() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    server.clock.advance(std::time::Duration::from_secs(60));
    for body in [
        json!({"description": "d"}),
        json!({"event_filters": ["v1.end_user.created"]}),
        json!({"url": "https://hooks.example.com/y"}),
        json!({"enabled": false}),
    ] {
        ada(&server, Method::PATCH, &one(&id), Some(body))
            .await
            .expect(200);
    }
    insta::assert_json_snapshot!("updated", steady(shown(&server, &id).await));
    let unchanged = ada(&server, Method::PATCH, &one(&id), Some(json!({}))).await;
    insta::assert_json_snapshot!("updated", steady(unchanged.expect(200).json()));
}

#[tokio::test]
async fn update_webhook_refuses_bad_bodies() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    let before = shown(&server, &id).await;
    for (name, body) in [
        ("url", json!({"url": "http://hooks.example.com"})),
        ("event", json!({"event_filters": ["x"]})),
        ("null", json!({"enabled": null})),
        ("list", json!([])),
    ] {
        let refused = ada(&server, Method::PATCH, &one(&id), Some(body)).await;
        insta::assert_snapshot!(format!("bad_update_{name}"), refused.expect(400).shown());
    }
    assert_eq!(shown(&server, &id).await, before);
}

#[tokio::test]
async fn delete_webhook_leaves_nothing() {
    let server = start().await;
    let id = create(&server, "https://hooks.example.com/x").await;
    let deleted = ada(&server, Method::DELETE, &one(&id), None)
        .await
        .expect(204);
    assert_eq!(deleted.text, "");
    ada(&server, Method::GET, &one(&id), None).await.expect(404);
    ada(&server, Method::DELETE, &one(&id), None)
        .await
        .expect(404);
}

#[tokio::test]
async fn list_webhook_event_types_lists_the_catalogue() {
    let server = start().await;
    let path = format!("{PATH}event-types/");
    assert_answer!(ada(&server, Method::GET, &path, None).await.expect(200));
}
