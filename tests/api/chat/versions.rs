//! The versions of the integration: 1.0.0, and 0.7.6 for bots that have it.

use serde_json::{Value, json};

use super::given::{Given, text};
use crate::{
    botpress::given::Caller,
    support::{TestServer, assert_answer},
};

/// The integration with this version, as the hub shows it.
async fn find(server: &TestServer, version: &str) -> Value {
    let path = format!("/v1/admin/hub/integrations/chat/{version}");
    let found = Caller::person().get(server, &path).await.expect(200).json();
    found["integration"].clone()
}

/// Installs a version under the alias `chat`, as current clients do.
async fn install(given: &Given, version: &str, configuration: Value) -> Value {
    let id = find(&given.server, version).await["id"].clone();
    let body = json!({"integrations": {"chat": {
        "integrationId": id, "enabled": true, "configuration": configuration,
    }}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let member = Caller::member().header("x-multiple-integrations", "true");
    let changed = member.put(&given.server, &path, body).await;
    changed.expect(200).json()["bot"]["integrations"]["chat"].clone()
}

#[tokio::test]
async fn the_hub_has_both() {
    let server = TestServer::start().await;
    for (asked, version) in [
        ("latest", "1.0.0"),
        ("1.0.0", "1.0.0"),
        ("%3E%3D1.0.0%20%3C2.0.0", "1.0.0"),
        ("%3C1.0.0", "0.7.6"),
        ("0.7.6", "0.7.6"),
    ] {
        assert_eq!(find(&server, asked).await["version"], version, "{asked}");
    }
    // Code that was generated with it contains its id.
    let old = find(&server, "0.7.6").await;
    assert_eq!(old["id"], "6368b1a7-0000-4000-8000-000000000706");
    assert!(old["actions"].get("publishMessageStream").is_none());
    // The code generation of the vendor's CLI has no words for `oneOf`.
    let new = find(&server, "1.0.0").await;
    let input = &new["actions"]["publishMessageStream"]["input"]["schema"];
    let signals = input["properties"]["signal"]["anyOf"].as_array();
    assert_eq!(signals.expect("signals").len(), 2);
    assert!(!new.to_string().contains("\"oneOf\""));
}

#[tokio::test]
async fn each_version_can_be_installed_and_replaces_the_other() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let id = given.conversation(&ann).await;
    let old = install(&given, "0.7.6", json!({})).await;
    assert_eq!(old["version"], "0.7.6");
    // What a bot has implicitly keeps its address, whatever version is installed.
    let path = format!("/webhook/{}", text(&old["webhookId"]));
    assert_eq!(path, given.path);
    given.say(&ann, &id, "hello").await;
    let configuration = json!({"webhookUrl": "https://hooks.example", "webhookSecret": "hush"});
    let new = install(&given, "1.0.0", configuration).await;
    assert_eq!(new["version"], "1.0.0");
    assert_eq!(new["webhookId"], old["webhookId"]);
    given
        .get(&ann, &format!("/conversations/{id}"))
        .await
        .expect(200);
    given.say(&ann, &id, "hello again").await;
    let back = install(&given, "0.7.6", json!({})).await;
    assert_eq!(back["webhookId"], old["webhookId"]);
    let old_id = find(&given.server, "0.7.6").await["id"].clone();
    let body = json!({"integrations": {"chat": {
        "integrationId": old_id, "configuration": {"webhookUrl": "https://hooks.example"},
    }}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let refused = Caller::member().put(&given.server, &path, body).await;
    assert_answer!(refused.expect(400));
}

#[tokio::test]
async fn an_installation_shows_its_document() {
    let given = Given::new().await;
    let path = "/openapi.json";
    let shown = given.call(None, reqwest::Method::GET, path, None).await;
    let shown = shown.expect(200).json();
    assert_eq!(shown["info"]["version"], "1.0.0");
    let origin = given.server.server().url();
    let server = &shown["servers"][0];
    assert_eq!(server["url"], format!("{origin}/webhook/{{webhookId}}"));
    assert!(shown["paths"].get("/conversations/{id}/listen").is_some());
    let post = given.call(None, reqwest::Method::POST, path, Some(json!({})));
    post.await.expect(405);
}
