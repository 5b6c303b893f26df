//! Listing, creating and changing integrations.

use reqwest::Method;
use serde_json::{Value, json};

use super::given::{ADA_KEY, Ada, INTEGRATIONS, shop};
use crate::support::assert_answer;

fn with(changes: Value) -> Value {
    let mut body = shop();
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn create_platform_integration_returns_the_object_and_the_secret_once() {
    let ada = Ada::start().await;
    let made = ada
        .call(ADA_KEY, Method::POST, INTEGRATIONS, Some(shop()))
        .await;
    assert_answer!("created", made);
    let slashless = INTEGRATIONS.trim_end_matches('/');
    let body = with(json!({"icon_url": "https://x.example/i.png", "call_to_action": "Go"}));
    let made = ada
        .call(ADA_KEY, Method::POST, slashless, Some(body))
        .await
        .expect(200);
    assert_eq!(made.json()["call_to_action"], "Go");
    let listed = ada.call(ADA_KEY, Method::GET, INTEGRATIONS, None).await;
    assert_eq!(listed.json()["data"][0].get("client_secret"), None);
}

#[tokio::test]
async fn create_platform_integration_refuses_a_bad_body() {
    let ada = Ada::start().await;
    let fields = |properties: Value| json!({"type": "object", "properties": properties});
    for (name, body) in [
        (
            "sample",
            json!({"identifier_field_path": "credentials.knowledgeHubUrl"}),
        ),
        (
            "lengths",
            with(json!({"name": "x".repeat(161), "author": "", "contact": ""})),
        ),
        (
            "urls",
            with(
                json!({"uninstallation_url": "ftp://x", "oauth_callback_url": "x",
                        "icon_url": "javascript:alert(1)"}),
            ),
        ),
        (
            "words",
            with(json!({"tags": ["shopping"], "scopes": ["articles:read", "everything"]})),
        ),
        ("codes", with(json!({"error_codes": {"a": 1}}))),
        (
            "no_schema",
            with(json!({"configuration_fields": {"type": 5}})),
        ),
        (
            "undrawable",
            with(json!({"configuration_fields":
                fields(json!({"a": {"type": "array", "items": {"type": "object"}}}))})),
        ),
        (
            "reference",
            with(json!({"configuration_fields": {"type": "object", "allOf": [{"$ref": "#"}]}})),
        ),
        ("identifier", with(json!({"identifier_field_path": "plan"}))),
        (
            "identifier_password",
            with(json!({"identifier_field_path": "credentials.secretKey"})),
        ),
        (
            "no_path",
            with(json!({"identifier_field_path": "credentials."})),
        ),
    ] {
        let refused = ada
            .call(ADA_KEY, Method::POST, INTEGRATIONS, Some(body))
            .await
            .expect(400);
        insta::assert_snapshot!(format!("bad_create_{name}"), refused.shown());
    }
    let listed = ada.call(ADA_KEY, Method::GET, INTEGRATIONS, None).await;
    assert_eq!(listed.json()["data"], json!([]));
}

#[tokio::test]
async fn get_platform_integrations_pages_by_cursor() {
    let ada = Ada::start().await;
    for name in ["one", "two", "three"] {
        ada.create(with(json!({"name": name}))).await;
    }
    let first = format!("{INTEGRATIONS}?limit=2");
    let page = ada
        .call(ADA_KEY, Method::GET, &first, None)
        .await
        .expect(200);
    let page = page.json();
    assert_eq!(page["data"][1]["name"], "two");
    let next = page["meta"]["next_page_url"].as_str().expect("a next page");
    let url = ada.server.server().url();
    let path = next.strip_prefix(&url).expect("the same server").to_owned();
    let page = ada
        .call(ADA_KEY, Method::GET, &path, None)
        .await
        .expect(200);
    assert_eq!(page.json()["data"][0]["name"], "three");
    assert_eq!(page.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.json()["meta"]["next_page_url"], Value::Null);
    let all = ada.call(ADA_KEY, Method::GET, INTEGRATIONS, None).await;
    assert_answer!("listed", all);
}

#[tokio::test]
async fn get_platform_integrations_refuses_a_bad_page() {
    let ada = Ada::start().await;
    for (name, query, status) in [
        ("limit_zero", "limit=0", 400),
        ("limit_much", "limit=101", 400),
        ("limit_text", "limit=x", 400),
        ("cursor", "cursor=000000000000000000000000", 404),
    ] {
        let path = format!("{INTEGRATIONS}?{query}");
        let refused = ada.call(ADA_KEY, Method::GET, &path, None).await;
        insta::assert_snapshot!(format!("bad_list_{name}"), refused.expect(status).shown());
    }
}

#[tokio::test]
async fn update_single_platform_integration_changes_only_what_it_names() {
    let ada = Ada::start().await;
    let (id, _) = ada
        .create(with(json!({"icon_url": "https://x.example/i.png"})))
        .await;
    let path = format!("{INTEGRATIONS}{id}");
    ada.server.clock.advance(std::time::Duration::from_secs(60));
    let body = json!({"name": "Renamed", "icon_url": null, "call_to_action": "Go", "scopes": []});
    let updated = ada.call(ADA_KEY, Method::PATCH, &path, Some(body)).await;
    assert_answer!("updated", updated);
    let path = format!("{path}/");
    let same = ada
        .call(ADA_KEY, Method::PATCH, &path, Some(json!({})))
        .await;
    assert_eq!(
        same.expect(200).json()["error_codes"],
        shop()["error_codes"]
    );
}

#[tokio::test]
async fn update_single_platform_integration_refuses_a_bad_body() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("{INTEGRATIONS}{id}");
    for (name, body) in [
        ("null_name", json!({"name": null})),
        ("long_name", json!({"name": "x".repeat(161)})),
        ("unknown_scope", json!({"scopes": ["everything"]})),
        (
            "lost_identifier",
            json!({"configuration_fields":
            {"type": "object", "properties": {"a": {"type": "string"}}}}),
        ),
        ("empty_call", json!({"call_to_action": ""})),
    ] {
        let refused = ada
            .call(ADA_KEY, Method::PATCH, &path, Some(body))
            .await
            .expect(400);
        insta::assert_snapshot!(format!("bad_update_{name}"), refused.shown());
    }
    let missing = format!("{INTEGRATIONS}000000000000000000000000");
    let missing = ada
        .call(ADA_KEY, Method::PATCH, &missing, Some(json!({})))
        .await;
    assert_answer!("missing", missing);
}

#[tokio::test]
async fn what_is_nested_without_end_is_refused_before_it_is_read() {
    let ada = Ada::start().await;
    let pattern = |pattern: String| {
        let properties = json!({"a": {"type": "string", "pattern": pattern}});
        with(json!({"configuration_fields": {"type": "object", "properties": properties}}))
    };
    let mut doubled = json!({"type": "string"});
    for _ in 0..10 {
        doubled = json!({"unevaluatedProperties": false, "anyOf": [doubled, {}]});
    }
    for (body, part) in [
        (
            with(json!({"identifier_field_path": "[".repeat(2_000)})),
            "at most 500 bytes",
        ),
        (
            with(json!({"identifier_field_path": "[".repeat(400)})),
            "at most 50 of the characters",
        ),
        (pattern("(".repeat(2_000)), "nested at most 50 deep"),
        (pattern("((a{500}){500}){500}".to_owned()), "written out"),
        (
            with(json!({"configuration_fields": {"type": "object", "not": doubled}})),
            "schemas.max_work",
        ),
    ] {
        let refused = ada
            .call(ADA_KEY, Method::POST, INTEGRATIONS, Some(body))
            .await;
        let refused = refused.expect(400);
        assert!(refused.text.contains(part), "{}", refused.text);
        assert!(refused.text.len() < 16 * 1024);
    }
    ada.create(shop()).await;
}
