//! Create, get, update and delete.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, assert_answer, send};

/// The seed's Shopify example.
fn shopify() -> Value {
    json!({
        "name": "My Shopify Store",
        "type": "shopify",
        "config": {
            "shop_domain": "mystore.myshopify.com",
            "access_token": "shpat_xxxxxxxxxxxxx",
            "api_version": "2024-01"
        },
        "is_active": true,
        "visibility": "private"
    })
}

async fn create(server: &TestServer, body: Value) -> String {
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    let created = created.await.expect(200).json();
    format!("/integrations/{}", created["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn create_integration_returns_the_stored_object() {
    let server = TestServer::start().await;
    let created = server
        .aloochat(Method::POST, "/integrations", Some(shopify()))
        .await;
    assert_answer!(created);
    let path = format!(
        "/integrations/{}",
        created.json()["id"].as_str().expect("an id")
    );
    let read = server.aloochat(Method::GET, &path, None).await;
    assert_eq!(read.expect(200).json(), created.json());
}

#[tokio::test]
async fn create_integration_fills_in_the_documented_defaults() {
    let server = TestServer::start().await;
    let body = json!({"name": "Bot", "type": "slack"});
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    assert_answer!(created.await);
}

#[tokio::test]
async fn create_integration_takes_every_type_and_keeps_unknown_members() {
    let server = TestServer::start().await;
    let types = server
        .aloochat(Method::GET, "/integrations/types", None)
        .await;
    let types = types.json();
    let types = types.as_array().expect("a list");
    assert_eq!(types.len(), 10);
    for listed in types {
        let body = json!({
            "name": "any", "type": listed["type"], "config": {"of_my_own": {"deep": [1, null]}}
        });
        let created = server.aloochat(Method::POST, "/integrations", Some(body));
        let created = created.await.expect(200).json();
        assert_eq!(created["config"], json!({"of_my_own": {"deep": [1, null]}}));
    }
}

#[tokio::test]
async fn create_integration_refuses_a_bad_body_and_names_the_field() {
    let server = TestServer::start().await;
    let long_name = "x".repeat(256);
    let big = "x".repeat(70_000);
    let bodies = [
        ("empty", json!({})),
        ("no_object", json!([1])),
        (
            "wrong_types",
            json!({"name": 1, "type": "shopify", "config": "x", "is_active": "yes"}),
        ),
        ("unknown_type", json!({"name": "x", "type": "telegram"})),
        (
            "unknown_visibility",
            json!({"name": "x", "type": "slack", "visibility": "secret"}),
        ),
        ("empty_name", json!({"name": "", "type": "slack"})),
        ("long_name", json!({"name": long_name, "type": "slack"})),
        (
            "agent_is_no_uuid",
            json!({"name": "x", "type": "slack", "agent_id": "agent-1"}),
        ),
        (
            "shopify",
            json!({"name": "x", "type": "shopify", "config": {"shop_domain": 1}}),
        ),
        (
            "zendesk",
            json!({"name": "x", "type": "zendesk", "config": {"api_token": ["t"]}}),
        ),
        (
            "hubspot",
            json!({"name": "x", "type": "hubspot", "config": {"portal_id": 12345678}}),
        ),
        (
            "google",
            json!({"name": "x", "type": "google_calendar", "config": {"credentials": "c"}}),
        ),
        (
            "custom",
            json!({"name": "x", "type": "custom_api", "config": {"headers": {"A": 1}}}),
        ),
        (
            "big_config",
            json!({"name": "x", "type": "slack", "config": {"a": big}}),
        ),
    ];
    for (name, body) in bodies {
        let refused = server
            .aloochat(Method::POST, "/integrations", Some(body))
            .await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_body_{name}"), refused.shown());
    }
    let listed = server.aloochat(Method::GET, "/integrations", None).await;
    assert_eq!(listed.json(), json!([]), "nothing is stored");
}

#[tokio::test]
async fn create_integration_refuses_what_is_no_json() {
    let server = TestServer::start().await;
    let post = |content_type: &'static str, body: &'static str| {
        send(
            server
                .request(Method::POST, "/api/public/integrations")
                .header("x-api-key", crate::support::ALOOCHAT_KEY)
                .header("content-type", content_type)
                .body(body),
        )
    };
    assert_answer!("no_json", post("application/json", "{\"name\": ").await);
    assert_answer!("no_body", post("application/json", "").await);
    assert_answer!(
        "form",
        post("application/x-www-form-urlencoded", "name=x").await
    );
    let deep: &'static str = Box::leak("[".repeat(100_000).into_boxed_str());
    post("application/json", deep).await.expect(400);
}

#[tokio::test]
async fn create_integration_allows_the_same_name_twice() {
    let server = TestServer::start().await;
    assert_ne!(
        create(&server, shopify()).await,
        create(&server, shopify()).await
    );
}

#[tokio::test]
async fn get_integration_answers_404_for_what_is_not_there() {
    let server = TestServer::start().await;
    let missing = "/integrations/550e8400-e29b-41d4-a716-446655440000";
    assert_answer!("missing", server.aloochat(Method::GET, missing, None).await);
    let malformed = server.aloochat(Method::GET, "/integrations/42", None).await;
    assert_answer!("malformed_id", malformed);
}

#[tokio::test]
async fn get_integration_takes_the_id_in_any_case() {
    let server = TestServer::start().await;
    let path = create(&server, shopify()).await.to_uppercase();
    let path = path.replace("/INTEGRATIONS/", "/integrations/");
    server.aloochat(Method::GET, &path, None).await.expect(200);
}

#[tokio::test]
async fn update_integration_changes_only_what_it_names() {
    let server = TestServer::start().await;
    let path = create(&server, shopify()).await;
    // The seed's example: config with one member of three, neither type nor visibility.
    let body = json!({
        "name": "Updated Integration Name",
        "is_active": false,
        "config": {"shop_domain": "newstore.myshopify.com"}
    });
    let updated = server.aloochat(Method::PUT, &path, Some(body)).await;
    assert_answer!(updated);
    let read = server.aloochat(Method::GET, &path, None).await;
    assert_eq!(read.json(), updated.json());
    let nothing = server.aloochat(Method::PUT, &path, Some(json!({}))).await;
    assert_eq!(nothing.expect(200).json(), updated.json());
}

#[tokio::test]
async fn update_integration_sets_and_clears_the_agent() {
    let server = TestServer::start().await;
    let path = create(&server, shopify()).await;
    let agent = "456e7890-e89b-12d3-a456-426614174001";
    for (body, agent) in [
        (json!({"agent_id": agent}), json!(agent)),
        (json!({"visibility": "public"}), json!(agent)),
        (json!({"agent_id": null}), json!(null)),
    ] {
        let updated = server.aloochat(Method::PUT, &path, Some(body)).await;
        assert_eq!(updated.expect(200).json()["agent_id"], agent);
    }
}

#[tokio::test]
async fn update_integration_refuses_a_bad_body_and_changes_nothing() {
    let server = TestServer::start().await;
    let path = create(&server, shopify()).await;
    let before = server.aloochat(Method::GET, &path, None).await.json();
    let bodies = [
        ("null_name", json!({"name": null})),
        ("null_config", json!({"config": null})),
        (
            "wrong_config",
            json!({"name": "new", "config": {"api_version": 2024}}),
        ),
        (
            "wrong_for_the_new_type",
            json!({"type": "custom_api", "config": {"headers": []}}),
        ),
        ("agent_is_no_uuid", json!({"agent_id": ""})),
    ];
    for (name, body) in bodies {
        let refused = server.aloochat(Method::PUT, &path, Some(body)).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_update_{name}"), refused.shown());
    }
    let after = server.aloochat(Method::GET, &path, None).await.json();
    assert_eq!(after, before);
}

#[tokio::test]
async fn update_integration_answers_404_for_what_is_not_there() {
    let server = TestServer::start().await;
    let missing = "/integrations/550e8400-e29b-41d4-a716-446655440000";
    let answer = server.aloochat(Method::PUT, missing, Some(json!({"name": "x"})));
    assert_answer!(answer.await);
}

#[tokio::test]
async fn delete_integration_removes_it() {
    let server = TestServer::start().await;
    let path = create(&server, shopify()).await;
    assert_answer!(
        "deleted",
        server.aloochat(Method::DELETE, &path, None).await
    );
    server.aloochat(Method::GET, &path, None).await.expect(404);
    assert_answer!(
        "deleted_twice",
        server.aloochat(Method::DELETE, &path, None).await
    );
}

#[tokio::test]
async fn many_broken_members_are_told_of_and_not_listed() {
    let server = TestServer::start().await;
    let headers: serde_json::Map<String, Value> =
        (0..4_000).map(|n| (format!("h{n}"), json!(1))).collect();
    let body = json!({"name": "API", "type": "custom_api", "config": {"headers": headers}});
    let refused = server.aloochat(Method::POST, "/integrations", Some(body));
    let refused = refused.await.expect(400);
    assert!(
        refused.text.len() < 16 * 1024,
        "{} bytes",
        refused.text.len()
    );
    assert!(
        refused.text.contains("and at least 980 more"),
        "{}",
        refused.text
    );
}
