//! The list and its pages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, assert_answer};

async fn fill(server: &TestServer, count: usize) {
    for number in 0..count {
        let body = json!({"name": format!("number {number}"), "type": "notion"});
        server
            .aloochat(Method::POST, "/integrations", Some(body))
            .await
            .expect(200);
    }
}

fn names(list: &Value) -> Vec<&str> {
    let items = list.as_array().expect("a bare array");
    items
        .iter()
        .map(|item| item["name"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn list_integrations_is_a_bare_array_oldest_first() {
    let server = TestServer::start().await;
    let empty = server.aloochat(Method::GET, "/integrations", None).await;
    assert_eq!(empty.expect(200).json(), json!([]));
    fill(&server, 2).await;
    let listed = server.aloochat(Method::GET, "/integrations", None).await;
    assert_answer!(listed);
    assert_eq!(listed.header("link"), None);
}

#[tokio::test]
async fn list_integrations_skips_and_limits() {
    let server = TestServer::start().await;
    fill(&server, 5).await;
    for (query, expected) in [
        ("?skip=3", vec!["number 3", "number 4"]),
        ("?limit=2", vec!["number 0", "number 1"]),
        ("?skip=1&limit=2", vec!["number 1", "number 2"]),
        ("?skip=9", vec![]),
        ("?skip=3&limit=", vec!["number 3", "number 4"]),
        ("?skip=&limit=2&after=", vec!["number 0", "number 1"]),
        ("?skip=3&limit=20&after=", vec!["number 3", "number 4"]),
        (
            "?limit=99999",
            vec!["number 0", "number 1", "number 2", "number 3", "number 4"],
        ),
    ] {
        let path = format!("/integrations{query}");
        let listed = server.aloochat(Method::GET, &path, None).await;
        let listed = listed.expect(200).json();
        assert_eq!(names(&listed), expected, "{query}");
    }
}

#[tokio::test]
async fn list_integrations_links_to_the_next_page() {
    let server = TestServer::start().await;
    fill(&server, 5).await;
    let mut path = "/integrations?limit=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = server.aloochat(Method::GET, &path, None).await.expect(200);
        pages.push(names(&page.json()).join(", "));
        let Some(link) = page.header("link") else {
            break;
        };
        path = link
            .strip_prefix("</api/public")
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
            .expect("a link to the next page")
            .to_owned();
    }
    assert_eq!(
        pages,
        ["number 0, number 1", "number 2, number 3", "number 4"]
    );
}

#[tokio::test]
async fn list_integrations_refuses_bad_parameters() {
    let server = TestServer::start().await;
    for (name, query) in [
        ("limit_text", "?limit=ten"),
        ("limit_zero", "?limit=0"),
        ("skip_negative", "?skip=-1"),
        (
            "after_unknown",
            "?after=550e8400-e29b-41d4-a716-446655440000",
        ),
    ] {
        let path = format!("/integrations{query}");
        let refused = server.aloochat(Method::GET, &path, None).await;
        insta::assert_snapshot!(format!("bad_list_{name}"), refused.shown());
    }
}
