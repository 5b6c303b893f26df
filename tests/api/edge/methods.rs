//! A method that a path does not have: 405 with the methods that it has.

use std::collections::BTreeSet;

use reqwest::Method;

use super::operations::documented_paths;
use crate::{
    chat::given::Given,
    support::{Answer, TestServer, send},
};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn allowed(answer: &Answer) -> BTreeSet<String> {
    let allow = answer.header("allow").unwrap_or_default();
    let methods = allow.split(',').map(|method| method.trim().to_owned());
    methods.filter(|method| !method.is_empty()).collect()
}

async fn call(server: &TestServer, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    send(server.request(method, path)).await
}

#[tokio::test]
async fn every_path_says_which_methods_it_has() {
    let server = TestServer::start().await;
    let mut refused = 0;
    for path in documented_paths(&server, "nobody").await {
        // Its requests go to installations.
        if path.document == "chat" {
            continue;
        }
        let has = path.methods();
        let mut expected = has.clone();
        if has.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        for method in METHODS {
            if has.contains(method) {
                continue;
            }
            let answer = call(&server, method, &path.filled("x")).await;
            let place = format!("{} {method} {}", path.document, path.path);
            assert_eq!(answer.status, 405, "{place}: {}", answer.text);
            assert_eq!(allowed(&answer), expected, "{place}");
            refused += 1;
        }
    }
    assert!(refused > 200, "{refused}");
}

#[tokio::test]
async fn paths_beside_the_documents_say_so_too() {
    let server = TestServer::start().await;
    for (method, path, expected) in [
        ("PUT", "/platform/connections", "GET, HEAD"),
        ("PUT", "/platform/integrations/x", "GET, HEAD, POST"),
        ("GET", "/platform/sign-in", "POST"),
        ("GET", "/platform/connections/uninstall", "POST"),
        (
            "POST",
            "/platform/integrations/x/connections/error",
            "GET, HEAD",
        ),
        ("DELETE", "/inbox", "GET, HEAD"),
        ("DELETE", "/inbox/x", "GET, HEAD, POST, PUT"),
        ("GET", "/inbox/x/clear", "POST"),
        ("GET", "/inbox/x/settings", "POST"),
        ("DELETE", "/chat/x", "GET, HEAD, POST"),
        ("POST", "/v1/connectors/oauth/token", "GET, HEAD"),
        ("POST", "/v1/storage/integrations/x/icon", "GET, HEAD"),
        ("POST", "/v1/storage/integrations/x/readme", "GET, HEAD"),
        // Cohere's clients double the prefix or leave it out.
        ("DELETE", "/v1/v1/connectors", "GET, HEAD, POST"),
        ("DELETE", "/connectors", "GET, HEAD, POST"),
        ("PUT", "/v1/v1/connectors/x", "GET, HEAD, PATCH, DELETE"),
        // Ada's documents end some paths with a slash.
        ("DELETE", "/api/v2/webhooks", "GET, HEAD, POST"),
        ("DELETE", "/api/v2/webhooks/", "GET, HEAD, POST"),
    ] {
        let answer = call(&server, method, path).await.expect(405);
        let expected: BTreeSet<String> = expected.split(", ").map(str::to_owned).collect();
        assert_eq!(allowed(&answer), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn the_chat_says_so_too() {
    let given = Given::new().await;
    let webhook = given.path.strip_prefix("/webhook/").expect("an id");
    let mut refused = 0;
    for path in documented_paths(&given.server, webhook).await {
        if path.document != "chat" {
            continue;
        }
        let has = path.methods();
        let mut expected = has.clone();
        if has.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        for method in METHODS.iter().filter(|method| !has.contains(**method)) {
            let answer = call(&given.server, method, &path.filled("x")).await;
            let place = format!("{method} {}", path.path);
            assert_eq!(answer.status, 405, "{place}: {}", answer.text);
            assert_eq!(allowed(&answer), expected, "{place}");
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
}
