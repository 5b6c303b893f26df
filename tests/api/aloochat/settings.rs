//! What users can have otherwise.

use parlance::dialects::aloochat::{ConfigUpdate, Settings, ValidationStatus};
use reqwest::Method;
use serde_json::json;

use crate::support::{TestServer, assert_answer};

fn with(settings: serde_json::Value) -> impl FnOnce(&mut parlance::config::Config) {
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    move |config| config.aloochat = settings
}

#[tokio::test]
async fn fastapis_422_lists_every_broken_rule() {
    let server = TestServer::with(with(json!({"validation_status": 422}))).await;
    assert_eq!(
        server.config.aloochat.validation_status,
        ValidationStatus::UnprocessableContent
    );
    let body = json!({"type": "telegram", "config": [], "is_active": 1});
    let refused = server.aloochat(Method::POST, "/integrations", Some(body));
    assert_answer!("body", refused.await);
    let refused = server.aloochat(Method::GET, "/integrations?limit=x", None);
    assert_answer!("query", refused.await);
    let refused = server.aloochat(Method::GET, "/integrations/42", None);
    assert_answer!("path", refused.await);
    let body = json!({"name": "x", "type": "hubspot", "config": {"portal_id": 1}});
    let refused = server.aloochat(Method::POST, "/integrations", Some(body));
    assert_answer!("config", refused.await);
}

#[tokio::test]
async fn create_and_delete_have_other_statuses() {
    let settings = json!({"create_status": 201, "delete_status": 204});
    let server = TestServer::with(with(settings)).await;
    let body = json!({"name": "x", "type": "slack"});
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    let created = created.await.expect(201).json();
    let path = format!("/integrations/{}", created["id"].as_str().expect("an id"));
    let deleted = server
        .aloochat(Method::DELETE, &path, None)
        .await
        .expect(204);
    assert_eq!(deleted.text, "");
}

#[tokio::test]
async fn an_update_merges_the_configuration() {
    let settings = json!({"config_update": "merge", "reveal_secrets": true});
    let server = TestServer::with(with(settings)).await;
    assert_eq!(server.config.aloochat.config_update, ConfigUpdate::Merge);
    let body = json!({
        "name": "x", "type": "shopify",
        "config": {"shop_domain": "a", "api_version": "1", "access_token": "t"}
    });
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    let created = created.await.expect(200).json();
    let path = format!("/integrations/{}", created["id"].as_str().expect("an id"));
    let body = json!({"config": {"shop_domain": "b", "api_version": null, "more": 1}});
    let updated = server.aloochat(Method::PUT, &path, Some(body)).await;
    assert_eq!(
        updated.expect(200).json()["config"],
        json!({"shop_domain": "b", "more": 1, "access_token": "t"})
    );
}
