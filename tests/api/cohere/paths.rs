//! Where the dialect is found, and what it says of paths it does not have.

use reqwest::Method;

use crate::support::{COHERE_KEY, TestServer, send};

#[tokio::test]
async fn operations_are_found_with_one_v1_with_two_and_with_none() {
    let server = TestServer::start().await;
    for (method, path) in [
        (Method::GET, "/connectors"),
        (Method::GET, "/connectors?limit=1"),
        (Method::GET, "/connectors/logs"),
        (Method::POST, "/check-api-key"),
    ] {
        for prefix in ["/v1", "/v1/v1", ""] {
            let request = server.request(method.clone(), &format!("{prefix}{path}"));
            let request = request.header("authorization", format!("BEARER {COHERE_KEY}"));
            let answer = send(request).await;
            assert_eq!(answer.status, 200, "{prefix}{path} {}", answer.text);
        }
    }
}

#[tokio::test]
async fn other_paths_are_answered_in_the_vendors_error_body() {
    let server = TestServer::start().await;
    let mut shown = String::new();
    for (method, path) in [
        (Method::POST, "/v1/embed"),
        (Method::POST, "/v1/v1/rerank"),
        (Method::POST, "/v2/chat"),
        (Method::POST, "/tokenize"),
        (Method::GET, "/v1/models/command-r"),
        (Method::GET, "/v1"),
        (Method::GET, "/v1/"),
        (Method::GET, "/v1/nothing"),
        (Method::GET, "/v1/connectors/a/b/c"),
        (Method::PUT, "/v1/connectors"),
        (Method::GET, "/connectors/a/b/c"),
    ] {
        let answer = send(server.request(method.clone(), path)).await;
        let body = answer.json();
        assert!(body["id"].is_string());
        shown.push_str(&format!(
            "{method} {path}: {} {}\n",
            answer.status.as_u16(),
            body["message"]
        ));
    }
    insta::assert_snapshot!("no_operation", shown);
}
