//! List, get, update and delete.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{connector::Connector, count, created, path_of, plain};
use crate::support::{TestServer, assert_answer};

async fn untested() -> TestServer {
    TestServer::with(|config| config.connectors.test_on_registration = false).await
}

#[tokio::test]
async fn list_connectors_is_newest_first_and_pages_by_floats() {
    let server = untested().await;
    for number in 0..35 {
        created(
            &server,
            plain(&format!("c{number}"), "http://127.0.0.1:9/search"),
        )
        .await;
    }
    for (query, first, length) in [
        ("", "c34", 30),
        ("?limit=0&offset=0", "c34", 30),
        ("?limit=1.1&offset=1.1", "c33", 1),
        ("?limit=5.0", "c34", 5),
        ("?limit=100&offset=34", "c0", 1),
        ("?limit=2e1", "c34", 20),
    ] {
        let path = format!("/connectors{query}");
        let listed = server
            .cohere(Method::GET, &path, None)
            .await
            .expect(200)
            .json();
        let found = listed["connectors"].as_array().expect("a list");
        assert_eq!(
            (&found[0]["name"], found.len()),
            (&json!(first), length),
            "{query}"
        );
        assert_eq!(listed["total_count"], 35);
    }
    let beyond = server
        .cohere(Method::GET, "/connectors?offset=35", None)
        .await;
    assert_answer!("list_beyond", beyond);
}

#[tokio::test]
async fn list_connectors_refuses_other_numbers() {
    let server = TestServer::start().await;
    let mut shown = String::new();
    for query in [
        "limit=-1",
        "limit=100.5",
        "limit=NaN",
        "offset=-0.1",
        "offset=inf",
        "offset=many",
    ] {
        let answer = server
            .cohere(Method::GET, &format!("/connectors?{query}"), None)
            .await;
        shown.push_str(&format!(
            "{query}: {}\n",
            answer.expect(400).json()["message"]
        ));
    }
    insta::assert_snapshot!("list_refused", shown);
}

#[tokio::test]
async fn get_connector_that_is_not_there() {
    let server = TestServer::start().await;
    assert_answer!(
        "missing",
        server
            .cohere(Method::GET, "/connectors/nothing-abc123", None)
            .await
    );
    assert_answer!(
        "missing_empty",
        server.cohere(Method::GET, "/connectors/", None).await
    );
    let slash = server
        .cohere(Method::GET, "/connectors/a%2Fb%20c", None)
        .await
        .expect(404);
    assert_eq!(slash.json()["message"], "connector 'a/b c' not found.");
}

#[tokio::test]
async fn update_connector_changes_what_is_named_and_keeps_the_id() {
    let server = TestServer::start().await;
    let connector = Connector::start().await;
    let body = json!({"name": "first", "url": connector.url(), "description": "d", "excludes": ["a"],
        "active": false, "continue_on_failure": true});
    let before = created(&server, body).await;
    let path = path_of(&before);
    server.clock.advance(Duration::from_millis(1500));
    let nulls = json!({"name": null, "url": null, "excludes": null, "oauth": null, "active": null,
        "continue_on_failure": null, "service_auth": null, "description": null});
    for nothing in [json!({}), nulls, json!({"auth_type": "oauth"})] {
        let mut kept = server
            .cohere(Method::PATCH, &path, Some(nothing))
            .await
            .expect(200)
            .json();
        kept["connector"]["updated_at"] = before["updated_at"].clone();
        assert_eq!(kept["connector"], before);
    }
    let changes = json!({"name": "second", "description": "e", "excludes": [], "active": true});
    let answer = server.cohere(Method::PATCH, &path, Some(changes)).await;
    assert_answer!("updated", answer);
    let found = server.cohere(Method::GET, &path, None).await.expect(200);
    assert_eq!(found.json(), answer.json());
    assert_eq!(connector.asked().len(), 1, "nothing that is asked changed");
}

#[tokio::test]
async fn update_connector_asks_it_again_when_address_or_token_change() {
    let server = TestServer::start().await;
    let (one, two) = (Connector::start().await, Connector::start().await);
    let before = created(&server, plain("x", &one.url())).await;
    let path = path_of(&before);
    let patch = async |changes| server.cohere(Method::PATCH, &path, Some(changes)).await;
    two.want("Bearer t-2");
    let refused = patch(json!({"url": two.url(), "name": "never"}))
        .await
        .expect(400);
    let expected = format!(
        "connector not reachable at {}. error: request failed with status code 401: No authorization \
         token provided. The request was sent without an Authorization header",
        two.url()
    );
    assert_eq!(refused.json()["message"], expected);
    let kept = server.cohere(Method::GET, &path, None).await.expect(200);
    assert_eq!(kept.json()["connector"], before, "nothing is changed");
    let token = json!({"type": "bearer", "token": "t-2"});
    let changed = patch(json!({"url": two.url(), "service_auth": token}))
        .await
        .expect(200);
    assert_eq!(changed.json()["connector"]["auth_type"], "service_auth");
    patch(json!({"service_auth": {"type": "basic", "token": "t-2"}}))
        .await
        .expect(400);
    assert_eq!((one.asked().len(), two.asked().len()), (1, 3));
    let mut server = server;
    server.config.connectors.test_on_update = false;
    server.restart().await;
    let dead = json!({"url": "http://127.0.0.1:9/search"});
    server
        .cohere(Method::PATCH, &path, Some(dead))
        .await
        .expect(200);
}

#[tokio::test]
async fn update_connector_switches_between_both_kinds_of_token_and_merges_oauth() {
    let server = untested().await;
    let connector = Connector::start().await;
    let service = json!({"type": "bearer", "token": "t"});
    let body = json!({"name": "x", "url": connector.url(), "service_auth": service});
    let path = path_of(&created(&server, body).await);
    let patch = async |changes| server.cohere(Method::PATCH, &path, Some(changes)).await;
    let half =
        json!({"oauth": {"authorize_url": "https://a.test/a", "token_url": "https://a.test/t"}});
    assert_answer!("switch_refused", patch(half.clone()).await);
    let whole = json!({"oauth": {"authorize_url": "https://a.test/a", "token_url": "https://a.test/t",
        "client_id": "i", "client_secret": "s", "scope": "read"}});
    assert_answer!("switched_to_oauth", patch(whole).await);
    // What the vendor's own example patches: client and secret stay.
    let other = json!({"oauth": {"authorize_url": "https://b.test/a"}});
    let merged = patch(other).await.expect(200).json();
    let expected = json!({"authorize_url": "https://b.test/a", "token_url": "https://a.test/t", "scope": "read"});
    assert_eq!(merged["connector"]["oauth"], expected);
    let both = json!({"oauth": {"scope": "x"}, "service_auth": service});
    assert_answer!("both_refused", patch(both).await);
    assert_answer!(
        "switched_back",
        patch(json!({"service_auth": service})).await
    );
    assert_answer!("switch_refused", patch(half).await);
}

#[tokio::test]
async fn update_connector_names_each_broken_field() {
    let server = untested().await;
    let path = path_of(&created(&server, plain("x", "http://127.0.0.1:9/search")).await);
    let mut shown = String::new();
    for changes in [
        json!({"name": ""}),
        json!({"url": "nothing"}),
        json!({"active": 1}),
        json!({"excludes": [1]}),
        json!({"continueOnFailure": true}),
        json!({"service_auth": {"type": "bearer", "token": ""}}),
    ] {
        let answer = server
            .cohere(Method::PATCH, &path, Some(changes.clone()))
            .await;
        shown.push_str(&format!(
            "{changes}: {}\n",
            answer.expect(400).json()["message"]
        ));
    }
    insta::assert_snapshot!("update_refused", shown);
    let missing = server
        .cohere(
            Method::PATCH,
            "/connectors/nothing-abc123",
            Some(json!({"name": "y"})),
        )
        .await;
    assert_answer!("missing", missing);
}

#[tokio::test]
async fn delete_connector_answers_an_empty_object() {
    let server = untested().await;
    let path = path_of(&created(&server, plain("x", "http://127.0.0.1:9/search")).await);
    let answer = server.cohere(Method::DELETE, &path, None).await.expect(200);
    assert_eq!(answer.text, "{}");
    server.cohere(Method::GET, &path, None).await.expect(404);
    server.cohere(Method::DELETE, &path, None).await.expect(404);
    assert_eq!(count(&server).await, 0);
}
