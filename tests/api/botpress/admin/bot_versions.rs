//! Stored versions of bots, and their documents in Studio's format.

use serde_json::{Value, json};

use super::{role, stranger, text};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer, file_contains},
};

fn bot_path(given: &Given, rest: &str) -> String {
    format!("/v1/admin/bots/{}{rest}", given.bot.id)
}

async fn store(given: &Given, name: &str) -> String {
    let path = bot_path(given, "/versions");
    let made = Caller::member()
        .post(&given.server, &path, json!({"name": name}))
        .await;
    text(&made.expect(200).json()["version"]["id"])
}

async fn bot(given: &Given) -> Value {
    let found = Caller::member()
        .get(&given.server, &bot_path(given, ""))
        .await;
    found.expect(200).json()["bot"].clone()
}

async fn update(given: &Given, body: Value) {
    let changed = Caller::member()
        .put(&given.server, &bot_path(given, ""), body)
        .await;
    changed.expect(200);
}

#[tokio::test]
async fn create_bot_version_answers_with_its_id() {
    let mut given = Given::new().await;
    let path = bot_path(&given, "/versions");
    update(&given, json!({"integrations": {given.integration.id.as_str(): {"enabled": true, "configuration": {"greeting": "frozen-greeting"}}}})).await;
    let body = json!({"name": "first", "description": "before the sale"});
    let made = Caller::member().post(&given.server, &path, body).await;
    assert_answer!("create_bot_version", made.expect(200));
    for body in [
        json!({}),
        json!({"name": "x".repeat(201)}),
        json!({"name": 5}),
    ] {
        Caller::member()
            .post(&given.server, &path, body)
            .await
            .expect(400);
    }
    let body = json!({"name": "x"});
    let viewer = role(&given.server, "viewer").await;
    viewer
        .post(&given.server, &path, body.clone())
        .await
        .expect(403);
    let stranger = stranger(&given.server).await;
    stranger.post(&given.server, &path, body).await.expect(404);
    given.server.stop().await;
    assert!(!file_contains(
        &given.server.config.store.path,
        "frozen-greeting"
    ));
}

#[tokio::test]
async fn create_bot_version_stops_at_the_bound() {
    let given = Given::on(TestServer::with(|config| config.bounds.bot_versions = 1).await).await;
    store(&given, "first").await;
    let path = bot_path(&given, "/versions");
    let more = Caller::member()
        .post(&given.server, &path, json!({"name": "x"}))
        .await;
    assert_answer!("create_bot_version_bound", more.expect(413));
}

#[tokio::test]
async fn list_bot_versions_begins_with_the_newest() {
    let given = Given::new().await;
    store(&given, "first").await;
    store(&given, "second").await;
    let path = bot_path(&given, "/versions");
    let listed = Caller::member().get(&given.server, &path).await;
    assert_answer!("list_bot_versions", listed.expect(200));
    let stranger = stranger(&given.server).await;
    stranger.get(&given.server, &path).await.expect(404);
}

#[tokio::test]
async fn get_bot_version_leads_to_the_contents() {
    let given = Given::new().await;
    let server = &given.server;
    update(
        &given,
        json!({"code": "exports.handler = async () => ({ status: 200 })"}),
    )
    .await;
    let id = store(&given, "first").await;
    let path = bot_path(&given, &format!("/versions/{id}"));
    let found = Caller::member().get(server, &path).await.expect(200);
    let url = text(&found.json()["url"]);
    let contents = crate::support::send(server.client.get(&url))
        .await
        .expect(200)
        .json();
    assert_eq!(contents["name"], "first");
    assert_eq!(
        contents["code"],
        "exports.handler = async () => ({ status: 200 })"
    );
    assert_eq!(
        contents["definition"]["events"]["reminder"]["schema"]["type"],
        "object"
    );
    let integration = &contents["integrations"][given.integration.id.as_str()];
    assert_eq!(integration["enabled"], true);
    assert_eq!(integration["configuration"], json!(null));
    let stranger = stranger(server).await;
    stranger.get(server, &path).await.expect(404);
    let missing = bot_path(&given, "/versions/none");
    let missing = Caller::member().get(server, &missing).await;
    assert_answer!("get_bot_version_missing", missing.expect(404));
}

#[tokio::test]
async fn download_bot_version_needs_the_key_of_a_member() {
    let given = Given::new().await;
    let server = &given.server;
    let id = store(&given, "first").await;
    let other = store(&given, "second").await;
    let viewer = role(server, "viewer").await;
    let path = bot_path(&given, &format!("/versions/{id}"));
    let url = text(&viewer.get(server, &path).await.expect(200).json()["url"]);
    let get = async |url: &str| crate::support::send(server.client.get(url)).await;
    get(&url).await.expect(200);
    get(&url.replace(&id, &other)).await.expect(404);
    let (without, _) = url.split_once('?').expect("a key");
    assert_answer!(
        "download_bot_version_no_key",
        get(without).await.expect(400)
    );
    get(&format!("{without}?key=x")).await.expect(404);
    // It ends with the membership.
    let email = "viewer@example.localhost";
    let member = super::people::membership(server, email).await;
    let path = format!("/v1/admin/workspace-members/{member}");
    Caller::member().delete(server, &path).await.expect(200);
    get(&url).await.expect(404);
}

#[tokio::test]
async fn deploy_bot_version_puts_everything_back_but_secrets() {
    let given = Given::new().await;
    let id = given.integration.id.as_str();
    update(
        &given,
        json!({"code": "exports.handler = 1", "secrets": {"TOKEN": "old"}}),
    )
    .await;
    let before = bot(&given).await;
    let version = store(&given, "first").await;
    update(
        &given,
        json!({
            "code": "exports.handler = 2",
            "secrets": {"TOKEN": null, "OTHER": "new"},
            "events": {"reminder": null, "later": {"schema": {"type": "object"}}},
            "user": {"tags": {"plan": null}},
            "integrations": {id: null},
        }),
    )
    .await;
    let changed = bot(&given).await;
    assert!(changed["events"]["reminder"].is_null());
    assert_eq!(changed["integrations"], json!({}));
    let path = bot_path(&given, "/versions/deploy");
    let body = json!({"versionId": version});
    let deployed = Caller::member()
        .post(&given.server, &path, body.clone())
        .await;
    assert_eq!(deployed.expect(200).json(), json!({}));
    let after = bot(&given).await;
    for member in [
        "events",
        "user",
        "states",
        "conversation",
        "message",
        "configuration",
    ] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(
        after["integrations"][id]["configuration"],
        json!({"greeting": "Hello"})
    );
    assert_eq!(after["secrets"], json!(["OTHER"]));
    let code = crate::botpress::runtime::column(&given.server, "SELECT code FROM bot_code");
    assert_eq!(code, [json!("exports.handler = 1")]);
    let viewer = role(&given.server, "viewer").await;
    viewer.post(&given.server, &path, body).await.expect(403);
    let missing = json!({"versionId": "none"});
    let missing = Caller::member().post(&given.server, &path, missing).await;
    assert_answer!("deploy_bot_version_missing", missing.expect(404));
    let nothing = Caller::member().post(&given.server, &path, json!({})).await;
    assert_answer!("deploy_bot_version_nothing", nothing.expect(400));
}

#[tokio::test]
async fn get_bot_json_shows_what_was_published() {
    let given = Given::new().await;
    let path = bot_path(&given, "/bot-json");
    let never = Caller::member().get(&given.server, &path).await;
    assert_answer!("get_bot_json_never_published", never.expect(404));
    let document = json!({"flows": [{"name": "main"}], "version": 2});
    let publish = bot_path(&given, "/publish-from-bot-json");
    let body = json!({"botJson": document});
    Caller::member()
        .post(&given.server, &publish, body)
        .await
        .expect(200);
    let found = Caller::member().get(&given.server, &path).await;
    assert_eq!(found.expect(200).json(), document);
    let stranger = stranger(&given.server).await;
    stranger.get(&given.server, &path).await.expect(404);
}

#[tokio::test]
async fn publish_from_bot_json_replaces_the_document() {
    let given = Given::new().await;
    let publish = bot_path(&given, "/publish-from-bot-json");
    let path = bot_path(&given, "/bot-json");
    for number in 1..3 {
        let body = json!({"botJson": {"number": number}});
        let done = Caller::member().post(&given.server, &publish, body).await;
        done.expect(200);
        let found = Caller::member().get(&given.server, &path).await;
        assert_eq!(found.expect(200).json(), json!({"number": number}));
    }
    for body in [json!({}), json!({"botJson": 5})] {
        Caller::member()
            .post(&given.server, &publish, body)
            .await
            .expect(400);
    }
    let body = json!({"botJson": {}});
    let viewer = role(&given.server, "viewer").await;
    viewer
        .post(&given.server, &publish, body.clone())
        .await
        .expect(403);
    let stranger = stranger(&given.server).await;
    stranger
        .post(&given.server, &publish, body)
        .await
        .expect(404);
}
