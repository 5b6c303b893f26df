//! The Swagger UI of v1 and its document, where the vendor has them.

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::support::{ADA_END_USERS_KEY, TestServer, send};

const BASE: &str = "/api/end-users/v1";

async fn document(server: &TestServer, host: &str) -> Value {
    let request = server.request(Method::GET, &format!("{BASE}/spec"));
    let document = send(request.header(header::HOST, host)).await.expect(200);
    let content_type = document.header("content-type").expect("a type");
    assert!(content_type.starts_with("application/json"));
    document.json()
}

#[tokio::test]
async fn the_swagger_ui_is_where_the_vendor_has_it() {
    let server = TestServer::start().await;
    for path in ["/docs", "/docs/"] {
        let page = send(server.request(Method::GET, &format!("{BASE}{path}"))).await;
        assert!(
            page.text
                .contains("data-document=\"/api/end-users/v1/spec\""),
            "{path}"
        );
        assert!(
            !page.text.contains("{{"),
            "every place of the page is filled"
        );
    }
    for path in ["/docs/ada-end-users-v1", "/docs/ada", "/openapi/ada.json"] {
        send(server.request(Method::GET, path)).await.expect(200);
    }
    let same = send(server.request(Method::GET, "/openapi/ada-end-users-v1.json")).await;
    let host = server.server().url().replace("http://", "");
    assert_eq!(same.json(), document(&server, &host).await);
}

#[tokio::test]
async fn the_handle_is_a_variable_of_the_second_server() {
    let server = TestServer::start().await;
    let handle = json!({"default": "example", "description": "The handle of the AI agent"});
    for (host, port) in [
        ("127.0.0.1:4600", ":4600"),
        ("example.localhost:8123", ":8123"),
        ("[::1]:4600", ":4600"),
        ("localhost", ""),
    ] {
        let document = document(&server, host).await;
        let servers = json!([
            {"url": format!("http://{host}{BASE}")},
            {
                "url": format!("http://{{handle}}.localhost{port}{BASE}"),
                "description": "The host of one AI agent",
                "variables": {"handle": handle},
            },
        ]);
        assert_eq!(document["servers"], servers, "{host}");
        let one = &document["paths"]["/{end_user_id}"];
        assert_eq!(one["patch"]["servers"], servers, "{host}");
        assert_eq!(one["get"].get("servers"), None, "{host}");
    }
}

#[tokio::test]
async fn the_document_tells_of_the_events() {
    let server = TestServer::start().await;
    let document = document(&server, "localhost:4600").await;
    for event in ["v1.end_user.created", "v1.end_user.updated"] {
        let body = &document["x-webhooks"][event]["post"]["requestBody"];
        let content = &body["content"]["application/json"];
        assert_eq!(content["example"]["type"], event);
        let name = content["schema"]["$ref"].as_str().expect("a reference");
        let name = name.trim_start_matches("#/components/schemas/");
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["properties"]["type"]["enum"], json!([event]));
    }
}

#[tokio::test]
async fn a_page_of_this_machine_may_call_the_host_of_an_agent() {
    let server = TestServer::start().await;
    let preflight = server
        .request(Method::OPTIONS, &format!("{BASE}/1"))
        .header(header::ORIGIN, "http://127.0.0.1:4600")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH")
        .header(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,content-type",
        );
    let allowed = send(preflight).await.expect(204);
    for (name, value) in [
        ("access-control-allow-origin", "http://127.0.0.1:4600"),
        ("access-control-allow-headers", "authorization,content-type"),
    ] {
        assert_eq!(allowed.header(name), Some(value), "{name}");
    }
    let methods = allowed
        .header("access-control-allow-methods")
        .expect("methods");
    assert!(methods.contains("PATCH"), "{methods}");
    for (key, status) in [(ADA_END_USERS_KEY, 200), ("wrong", 401)] {
        for (origin, expected) in [
            (
                "http://example.localhost:1",
                Some("http://example.localhost:1"),
            ),
            ("https://example.com", None),
        ] {
            let request = server.request(Method::GET, BASE).bearer_auth(key);
            let answer = send(request.header(header::ORIGIN, origin)).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), expected);
        }
    }
}
