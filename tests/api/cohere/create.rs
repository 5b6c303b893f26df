//! `POST /v1/connectors`: what is stored and shown.

use reqwest::Method;
use serde_json::json;

use super::{connector::Connector, count, created, path_of, plain};
use crate::support::{TestServer, assert_answer};

#[tokio::test]
async fn create_connector_shows_what_the_seed_says() {
    let server = TestServer::start().await;
    let connector = Connector::start().await;
    connector.want("Bearer t-1");
    let body = json!({
        "name": "Example connector",
        "description": "The team's documents",
        "url": connector.url(),
        "excludes": ["internal_notes"],
        "active": true,
        "continue_on_failure": true,
        "service_auth": {"type": "bearer", "token": "t-1"},
    });
    let answer = server.cohere(Method::POST, "/connectors", Some(body)).await;
    assert_answer!("created_whole", answer);
    let shown = &answer.json()["connector"];
    let id = shown["id"].as_str().expect("an id");
    let end = id.strip_prefix("example-connector-").expect("a slug");
    assert_eq!(end.len(), 6);
    let found = server.cohere(Method::GET, &path_of(shown), None).await;
    assert_eq!(found.json(), answer.json());
}

#[tokio::test]
async fn create_connector_needs_name_and_url_alone_and_leaves_out_what_is_absent() {
    let server = TestServer::start().await;
    let connector = Connector::start().await;
    let answer = server
        .cohere(
            Method::POST,
            "/connectors",
            Some(plain("Über uns & more!", &connector.url())),
        )
        .await;
    assert_answer!("created_minimal", answer);
    assert!(!answer.text.contains("null"));
    // What version 4 of the client sends for what is absent.
    let body = json!({
        "name": "日本", "url": connector.url(), "description": null, "excludes": null,
        "oauth": null, "active": null, "continue_on_failure": null, "service_auth": null,
        "auth_type": null,
    });
    let shown = created(&server, body).await;
    assert_eq!(shown["active"], true);
    assert_eq!(shown["continue_on_failure"], false);
}

#[tokio::test]
async fn create_connector_names_each_broken_field() {
    let server = TestServer::start().await;
    let url = "http://127.0.0.1:9/search";
    let cases = [
        ("nothing", json!({})),
        (
            "types",
            json!({"name": 1, "url": [], "excludes": "x", "active": "yes"}),
        ),
        ("null", json!({"name": null, "url": null})),
        ("empty", json!({"name": " ", "url": url})),
        ("long", json!({"name": "x".repeat(256), "url": url})),
        (
            "scheme",
            json!({"name": "x", "url": "ftp://example.com/search"}),
        ),
        ("no_url", json!({"name": "x", "url": "search"})),
        (
            "password",
            json!({"name": "x", "url": "http://u:p@example.com/search"}),
        ),
        (
            "casing",
            json!({"name": "x", "url": url, "serviceAuth": {"type": "bearer", "token": "t"}}),
        ),
        (
            "token_type",
            json!({"name": "x", "url": url, "service_auth": {"type": "digest", "token": "t"}}),
        ),
        (
            "no_token",
            json!({"name": "x", "url": url, "service_auth": {"type": "bearer"}}),
        ),
        (
            "header",
            json!({"name": "x", "url": url, "service_auth": {"type": "bearer", "token": "a\nb"}}),
        ),
        (
            "no_client",
            json!({"name": "x", "url": url, "oauth": {"authorize_url": "https://a.test/a"}}),
        ),
        (
            "oauth_url",
            json!({"name": "x", "url": url, "oauth": {
            "client_id": "i", "client_secret": "s", "authorize_url": "a", "token_url": "https://a.test/t"}}),
        ),
        (
            "both",
            json!({"name": "x", "url": url,
            "service_auth": {"type": "bearer", "token": "t"},
            "oauth": {"client_id": "i", "client_secret": "s", "authorize_url": "https://a.test/a",
                      "token_url": "https://a.test/t"}}),
        ),
        ("list", json!([])),
    ];
    let mut shown = String::new();
    for (name, body) in cases {
        let answer = server.cohere(Method::POST, "/connectors", Some(body)).await;
        let answer = answer.expect(400);
        shown.push_str(&format!("{name}: {}\n", answer.json()["message"]));
    }
    insta::assert_snapshot!("create_refused", shown);
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn create_connector_refuses_what_is_no_json() {
    let server = TestServer::start().await;
    for (content_type, body, name) in [
        ("application/json", "{\"name\": ", "no_json"),
        ("text/plain", "{}", "no_json_type"),
        ("application/json", "", "no_body"),
    ] {
        let request = server
            .request(Method::POST, "/v1/connectors")
            .header("authorization", "Bearer co_test_key")
            .header("x-request-id", "7c9e6679-7425-40de-944b-e07fc1f90ae7")
            .header("content-type", content_type);
        let answer = crate::support::send(request.body(body)).await;
        insta::assert_snapshot!(name, answer.shown());
    }
}
