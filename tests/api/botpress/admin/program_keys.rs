//! API keys of bots and of integrations.

use reqwest::Method;
use serde_json::{Value, json};

use super::{role, stranger, text};
use crate::{
    botpress::given::{Caller, Given, install, make_bot},
    support::{Answer, TestServer, WORKSPACE, assert_answer, file_contains},
};

const BAKS: &str = "/v1/admin/bots/baks";
const IAKS: &str = "/v1/admin/integrations/iaks";

async fn make(given: &Given, path: &str, body: Value) -> Value {
    let made = Caller::member().post(&given.server, path, body).await;
    made.expect(200).json()
}

/// A caller with a new key of the bot, and the id of the key.
async fn bot_key(given: &Given) -> (Caller, String) {
    let made = make(
        given,
        BAKS,
        json!({"botId": given.bot.id, "note": "import"}),
    )
    .await;
    (Caller::with(&text(&made["value"])), text(&made["id"]))
}

/// A caller with a new key of the integration, and the id of the key.
async fn integration_key(given: &Given) -> (Caller, String) {
    let made = make(given, IAKS, json!({"integrationId": given.integration.id})).await;
    (Caller::with(&text(&made["value"])), text(&made["id"]))
}

/// The answer with its key redacted.
fn without_value(answer: Answer) -> Answer {
    let mut body = answer.json();
    let value = text(&body["value"]);
    assert_eq!(value.len(), 43, "{value}");
    body["value"] = json!(format!("{}[key]", &value[..7]));
    Answer {
        text: body.to_string(),
        ..answer
    }
}

#[tokio::test]
async fn create_bot_api_key_makes_a_key_that_acts_as_the_bot() {
    let mut given = Given::new().await;
    let body = json!({"botId": given.bot.id, "note": "import"});
    let made = Caller::member().post(&given.server, BAKS, body).await;
    let value = text(&made.json()["value"]);
    assert_answer!("create_bot_api_key", without_value(made.expect(200)));
    let key = Caller::with(&value);
    let user = json!({"tags": {"plan": "free"}});
    let made = key.post(&given.server, "/v1/chat/users", user).await;
    let user = text(&made.expect(201).json()["user"]["id"]);
    let path = format!("/v1/chat/users/{user}");
    let seen = given.as_bot().get(&given.server, &path).await;
    assert_eq!(seen.expect(200).json()["user"]["tags"]["plan"], "free");
    // The header may name the bot, but no other one.
    let own = key.clone().header("x-bot-id", given.bot.id.as_str());
    own.get(&given.server, &path).await.expect(200);
    let other = make_bot(&given.server, WORKSPACE, Default::default()).await;
    let foreign = key.clone().header("x-bot-id", other.id.as_str());
    foreign.get(&given.server, &path).await.expect(403);
    let files = format!("/v1/storage/files?botId={}", given.bot.id);
    key.get(&given.server, &files).await.expect(200);
    given.server.stop().await;
    assert!(!file_contains(&given.server.config.store.path, &value));
}

#[tokio::test]
async fn create_bot_api_key_makes_no_key_of_the_admin_api() {
    let given = Given::new().await;
    let (key, _) = bot_key(&given).await;
    let key = key.header("x-workspace-id", WORKSPACE);
    for path in [
        "/v1/admin/bots",
        "/v1/admin/account/me",
        "/v1/admin/integrations",
        BAKS,
    ] {
        key.get(&given.server, path).await.expect(403);
    }
    let body = json!({"botId": given.bot.id});
    let refused = key
        .post(&given.server, "/v1/admin/introspect", body.clone())
        .await;
    refused.expect(403);
    key.post(&given.server, BAKS, body).await.expect(403);
    let integration = key.header("x-integration-id", given.integration.id.as_str());
    let path = "/v1/chat/users";
    integration.get(&given.server, path).await.expect(400);
    let in_bot = integration.header("x-bot-id", given.bot.id.as_str());
    in_bot.get(&given.server, path).await.expect(403);
}

#[tokio::test]
async fn create_bot_api_key_refuses_what_it_cannot_make() {
    let given = Given::new().await;
    for (name, body) in [
        ("missing", json!({})),
        (
            "note",
            json!({"botId": given.bot.id, "note": "x".repeat(501)}),
        ),
        ("unknown", json!({"botId": "none"})),
    ] {
        let answer = Caller::member().post(&given.server, BAKS, body).await;
        insta::assert_snapshot!(format!("create_bak_{name}"), answer.expect(400).shown());
    }
    let body = json!({"botId": given.bot.id});
    let viewer = role(&given.server, "viewer").await;
    viewer
        .post(&given.server, BAKS, body.clone())
        .await
        .expect(403);
    let stranger = stranger(&given.server).await;
    let foreign = stranger.post(&given.server, BAKS, body.clone()).await;
    assert_eq!(foreign.expect(400).json()["type"], "ReferenceNotFound");
    let nobody = Caller::with("bp_pat_unknown").header("x-workspace-id", WORKSPACE);
    nobody.post(&given.server, BAKS, body).await.expect(401);
}

#[tokio::test]
async fn create_bot_api_key_stops_at_the_bound() {
    let given = Given::on(TestServer::with(|config| config.bounds.api_keys = 1).await).await;
    let (_, id) = bot_key(&given).await;
    let body = json!({"botId": given.bot.id});
    let more = Caller::member()
        .post(&given.server, BAKS, body.clone())
        .await;
    assert!(more.text.contains("bounds.api_keys"), "{}", more.text);
    more.expect(413);
    // A deleted one makes room, and an integration has a bound of its own.
    let path = format!("{BAKS}/{id}");
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    make(&given, BAKS, body).await;
    integration_key(&given).await;
}

#[tokio::test]
async fn list_bot_api_keys_shows_no_values() {
    let given = Given::new().await;
    let (key, first) = bot_key(&given).await;
    let (_, second) = bot_key(&given).await;
    let path = format!("{BAKS}?botId={}", given.bot.id);
    let listed = Caller::member().get(&given.server, &path).await.expect(200);
    assert!(!listed.text.contains(&key.token));
    let ids: Vec<_> = (0..2)
        .map(|at| text(&listed.json()["baks"][at]["id"]))
        .collect();
    assert_eq!(ids, [second, first], "newest first");
    assert_answer!("list_bot_api_keys", listed);
    let stranger = stranger(&given.server).await;
    let missing = stranger.get(&given.server, &path).await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
    Caller::member().get(&given.server, BAKS).await.expect(400);
}

#[tokio::test]
async fn delete_bot_api_key_ends_it_at_once() {
    let given = Given::new().await;
    let (key, id) = bot_key(&given).await;
    key.get(&given.server, "/v1/chat/users").await.expect(200);
    let path = format!("{BAKS}/{id}");
    let viewer = role(&given.server, "viewer").await;
    viewer.delete(&given.server, &path).await.expect(403);
    let stranger = stranger(&given.server).await;
    stranger.delete(&given.server, &path).await.expect(404);
    // The kinds do not mix.
    let as_iak = format!("{IAKS}/{id}");
    Caller::member()
        .delete(&given.server, &as_iak)
        .await
        .expect(404);
    let deleted = Caller::member().delete(&given.server, &path).await;
    assert_eq!(deleted.expect(200).json(), json!({}));
    key.get(&given.server, "/v1/chat/users").await.expect(401);
    let again = Caller::member().delete(&given.server, &path).await;
    assert_answer!("delete_bot_api_key_twice", again.expect(404));
    let path = format!("{BAKS}?botId={}", given.bot.id);
    let listed = Caller::member().get(&given.server, &path).await.expect(200);
    assert_eq!(listed.json(), json!({"baks": []}));
}

#[tokio::test]
async fn delete_bot_api_key_happens_with_the_bot() {
    let given = Given::new().await;
    let (key, _) = bot_key(&given).await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    key.get(&given.server, "/v1/chat/users").await.expect(401);
}

#[tokio::test]
async fn create_integration_api_key_makes_a_key_that_acts_as_the_integration() {
    let given = Given::new().await;
    let (key, _) = integration_key(&given).await;
    let server = &given.server;
    let in_bot = key.clone().header("x-bot-id", given.bot.id.as_str());
    let body = json!({"tags": {"id": "1"}});
    let made = in_bot.post(server, "/v1/chat/users", body).await;
    let user = text(&made.expect(201).json()["user"]["id"]);
    let seen = given
        .as_integration()
        .get(server, &format!("/v1/chat/users/{user}"))
        .await;
    assert_eq!(seen.expect(200).json()["user"]["tags"]["id"], "1");
    key.get(server, "/v1/chat/users").await.expect(400);
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let elsewhere = key.clone().header("x-bot-id", other.id.as_str());
    elsewhere.get(server, "/v1/chat/users").await.expect(403);
    install(server, &other, &given.integration, json!({})).await;
    elsewhere.get(server, "/v1/chat/users").await.expect(200);
}

#[tokio::test]
async fn create_integration_api_key_makes_a_key_that_manages_the_integration() {
    let given = Given::new().await;
    let (key, _) = integration_key(&given).await;
    let server = &given.server;
    let path = format!("/v1/admin/integrations/{}", given.integration.id);
    let changed = key.put(server, &path, json!({"title": "By its key"})).await;
    assert_eq!(
        changed.expect(200).json()["integration"]["title"],
        "By its key"
    );
    let seen = Caller::member().get(server, &path).await.expect(200);
    assert_eq!(seen.json()["integration"]["title"], "By its key");
    key.get(server, &path).await.expect(200);
    let validate = format!("{path}/validate");
    key.put(server, &validate, json!({"title": "x"}))
        .await
        .expect(200);
    let logs = format!("{path}/logs?timeStart=2020-01-01&timeEnd=2030-01-01");
    key.get(server, &logs).await.expect(200);
    let other = crate::botpress::given::make_integration(server, WORKSPACE, "other", "0.1.0").await;
    let foreign = format!("/v1/admin/integrations/{}", other.id);
    let refused = key.get(server, &foreign).await;
    assert_answer!("integration_key_of_another", refused.expect(403));
    key.put(server, &foreign, json!({"title": "x"}))
        .await
        .expect(403);
    let elsewhere = key
        .clone()
        .header("x-workspace-id", "22222222-2222-4222-8222-222222222222");
    elsewhere.get(server, &path).await.expect(403);
    let in_workspace = key.header("x-workspace-id", WORKSPACE);
    for path in ["/v1/admin/integrations", "/v1/admin/bots", IAKS] {
        in_workspace.get(server, path).await.expect(403);
    }
    in_workspace
        .call(server, Method::DELETE, &path, None)
        .await
        .expect(403);
}

#[tokio::test]
async fn create_integration_api_key_refuses_what_it_cannot_make() {
    let given = Given::new().await;
    for (name, body) in [
        ("missing", json!({})),
        ("unknown", json!({"integrationId": "none"})),
    ] {
        let answer = Caller::member().post(&given.server, IAKS, body).await;
        insta::assert_snapshot!(format!("create_iak_{name}"), answer.expect(400).shown());
    }
    let body = json!({"integrationId": given.integration.id});
    let viewer = role(&given.server, "viewer").await;
    viewer
        .post(&given.server, IAKS, body.clone())
        .await
        .expect(403);
    let stranger = stranger(&given.server).await;
    stranger.post(&given.server, IAKS, body).await.expect(400);
}

#[tokio::test]
async fn list_integration_api_keys_shows_those_of_the_version() {
    let given = Given::new().await;
    integration_key(&given).await;
    let path = format!("{IAKS}?integrationId={}", given.integration.id);
    let listed = Caller::member().get(&given.server, &path).await.expect(200);
    assert_answer!("list_integration_api_keys", listed);
    let stranger = stranger(&given.server).await;
    stranger.get(&given.server, &path).await.expect(404);
}

#[tokio::test]
async fn delete_integration_api_key_ends_it_at_once() {
    let given = Given::new().await;
    let (key, id) = integration_key(&given).await;
    let integration = format!("/v1/admin/integrations/{}", given.integration.id);
    key.get(&given.server, &integration).await.expect(200);
    let path = format!("{IAKS}/{id}");
    let stranger = stranger(&given.server).await;
    stranger.delete(&given.server, &path).await.expect(404);
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    key.get(&given.server, &integration).await.expect(401);
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(404);
}
