//! Integrations in bots, as updateBot installs, configures, switches off and removes them.

use parlance::domain::bots::manage::NewBot;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{stranger, text};
use crate::{
    botpress::{
        given::{Caller, Given, make_bot, make_integration},
        runtime::stand::Stand,
    },
    support::{Answer, TestServer, WORKSPACE, file_contains},
};

async fn put(server: &TestServer, bot: &str, integrations: Value) -> Answer {
    let path = format!("/v1/admin/bots/{bot}");
    let body = json!({"integrations": integrations});
    Caller::member().put(server, &path, body).await
}

/// The integrations after a change.
async fn put_ok(server: &TestServer, bot: &str, integrations: Value) -> Value {
    put(server, bot, integrations).await.expect(200).json()["bot"]["integrations"].clone()
}

/// An integration with more members.
async fn integration(server: &TestServer, more: Value) -> String {
    let mut body = json!({"name": "caller", "version": "1.0.0"});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let made = Caller::member()
        .post(server, "/v1/admin/integrations", body)
        .await;
    text(&made.expect(200).json()["integration"]["id"])
}

/// What waits to be told, as operation and payload.
fn deliveries(server: &TestServer) -> Vec<(String, Value)> {
    let conn = Connection::open(&server.config.store.path).expect("the database");
    let mut statement = conn
        .prepare("SELECT operation, payload FROM bot_deliveries ORDER BY seq")
        .expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

#[tokio::test]
async fn update_bot_installs_configures_and_removes() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let whint = make_integration(&server, WORKSPACE, "whint", "0.1.0").await;
    let (bot, id) = (bot.id.as_str(), whint.id.as_str());
    let first = put_ok(
        &server,
        bot,
        json!({id: {"configuration": {"greeting": "Hi"}}}),
    )
    .await;
    let installed = &first[id];
    let webhook = text(&installed["webhookId"]);
    assert_eq!(installed["id"], id);
    assert_eq!(installed["enabled"], true);
    assert_eq!(
        installed["status"], "registered",
        "there is nothing to register"
    );
    assert_eq!(installed["statusReason"], Value::Null);
    assert_eq!(installed["configuration"], json!({"greeting": "Hi"}));
    let url = format!("{}/webhook/{webhook}", server.server().url());
    assert_eq!(installed["webhookUrl"], url);
    let off = put_ok(&server, bot, json!({id: {"enabled": false}})).await;
    assert_eq!(off[id]["status"], "unregistered");
    assert_eq!(
        off[id]["configuration"],
        json!({"greeting": "Hi"}),
        "it stays"
    );
    let untouched = put_ok(&server, bot, json!({})).await;
    assert_eq!(untouched[id]["enabled"], false);
    let gone = put_ok(&server, bot, json!({id: null})).await;
    assert_eq!(gone, json!({}));
    let again = put_ok(&server, bot, json!({id: {}})).await;
    assert_eq!(again[id]["webhookId"], webhook, "it is kept for good");
    assert_eq!(again[id]["enabled"], true);
    assert_eq!(put_ok(&server, bot, json!({"none": null})).await, again);
    assert_eq!(deliveries(&server), []);
}

#[tokio::test]
async fn update_bot_has_integrations_with_code_registered() {
    let server = TestServer::with(|config| config.bots.registration_wait_seconds = 0).await;
    let new = NewBot {
        dev: true,
        ..Default::default()
    };
    let bot = make_bot(&server, WORKSPACE, new).await;
    let bot = bot.id.as_str();
    // What is under way stands in the database until it is answered.
    let stand = Stand::start().await;
    stand.reply(|_| None);
    let id = integration(&server, json!({"dev": true, "url": stand.url()})).await;
    let on = put_ok(&server, bot, json!({&id: {}})).await;
    assert_eq!(on[&id]["status"], "registration_pending");
    let webhook = json!({"webhookUrl": on[&id]["webhookUrl"]});
    assert_eq!(
        deliveries(&server),
        [("register".to_owned(), webhook.clone())]
    );
    put_ok(&server, bot, json!({&id: {"configuration": {}}})).await;
    assert_eq!(
        deliveries(&server),
        [("register".to_owned(), webhook.clone())],
        "once"
    );
    let off = put_ok(&server, bot, json!({&id: {"enabled": false}})).await;
    assert_eq!(off[&id]["status"], "unregistration_pending");
    assert_eq!(
        deliveries(&server),
        [("unregister".to_owned(), webhook.clone())]
    );
    put_ok(&server, bot, json!({&id: {"enabled": true}})).await;
    put_ok(&server, bot, json!({&id: null})).await;
    assert_eq!(deliveries(&server), [("unregister".to_owned(), webhook)]);
}

#[tokio::test]
async fn update_integration_registers_installations_again_when_it_moves() {
    let server = TestServer::start().await;
    let body = json!({"dev": true});
    let made = Caller::member().post(&server, "/v1/admin/bots", body).await;
    let bot = text(&made.expect(200).json()["bot"]["id"]);
    let id = integration(&server, json!({"dev": true})).await;
    let on = put_ok(&server, &bot, json!({&id: {}})).await;
    assert_eq!(on[&id]["status"], "registered");
    let path = format!("/v1/admin/integrations/{id}");
    let stand = Stand::start().await;
    stand.reply(|_| None);
    let url = json!({"url": stand.url()});
    Caller::member()
        .put(&server, &path, url.clone())
        .await
        .expect(200);
    let webhook = json!({"webhookUrl": on[&id]["webhookUrl"]});
    assert_eq!(deliveries(&server), [("register".to_owned(), webhook)]);
    let pending = put_ok(&server, &bot, json!({})).await;
    assert_eq!(pending[&id]["status"], "registration_pending");
}

#[tokio::test]
async fn update_bot_tells_where_to_link_an_integration_that_needs_it() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let script = "url = to_string!(.webhookUrl)\nid = to_string!(.webhookId)\n\
                  \"https://example.com/oauth?redirect={{ url }}/oauth&state={{ id }}\"";
    let identifier = json!({"required": true, "linkTemplateScript": script});
    let more = json!({"configuration": {"identifier": identifier}, "code": "1"});
    let id = integration(&server, more).await;
    let on = put_ok(&server, bot.id.as_str(), json!({&id: {}})).await;
    assert_eq!(on[&id]["status"], "unregistered");
    let expected = format!(
        "It has to be linked first: https://example.com/oauth?redirect={}/webhook/oauth&state={}",
        server.server().url(),
        text(&on[&id]["webhookId"])
    );
    assert_eq!(on[&id]["statusReason"], expected);
    assert_eq!(deliveries(&server), []);
}

#[tokio::test]
async fn update_bot_knows_integrations_by_aliases() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let bot = bot.id.as_str();
    let old = make_integration(&server, WORKSPACE, "whint", "0.1.0").await;
    let new = make_integration(&server, WORKSPACE, "whint", "0.2.0").await;
    let other = make_integration(&server, WORKSPACE, "other", "0.1.0").await;
    let aliased = |id: &str| json!({"talk": {"integrationId": id}});
    let first = put_ok(&server, bot, aliased(old.id.as_str())).await;
    assert_eq!(first["talk"]["id"], old.id.as_str());
    let newer = put_ok(&server, bot, aliased(new.id.as_str())).await;
    assert_eq!(newer["talk"]["version"], "0.2.0");
    assert_eq!(
        newer["talk"]["webhookId"], first["talk"]["webhookId"],
        "versions share it"
    );
    assert_eq!(newer.as_object().map(serde_json::Map::len), Some(1));
    let off = put_ok(&server, bot, json!({"talk": {"enabled": false}})).await;
    assert_eq!(off["talk"]["enabled"], false);
    let replaced = put_ok(&server, bot, aliased(other.id.as_str())).await;
    assert_eq!(replaced["talk"]["name"], "other");
    assert_eq!(replaced.as_object().map(serde_json::Map::len), Some(1));
    put_ok(
        &server,
        bot,
        json!({"more": {"integrationId": new.id.as_str()}}),
    )
    .await;
    let taken = put(&server, bot, aliased(new.id.as_str())).await;
    assert_eq!(taken.expect(409).json()["type"], "AlreadyExists");
    assert_eq!(
        put_ok(&server, bot, json!({"talk": null, "more": null})).await,
        json!({})
    );
}

#[tokio::test]
async fn update_bot_refuses_integrations_that_it_cannot_have() {
    let given = Given::new().await;
    let server = &given.server;
    let (bot, id) = (given.bot.id.as_str(), given.integration.id.as_str());
    let other = stranger(server).await;
    let body = json!({"name": "theirs", "version": "1.0.0"});
    let theirs = other.post(server, "/v1/admin/integrations", body).await;
    let theirs = text(&theirs.expect(200).json()["integration"]["id"]);
    let dev = integration(server, json!({"dev": true})).await;
    for (body, status, kind) in [
        (json!({"none": {}}), 400, "ReferenceNotFound"),
        (json!({&theirs: {}}), 400, "ReferenceNotFound"),
        (
            json!({"a": {"integrationId": "none"}}),
            400,
            "ReferenceNotFound",
        ),
        (json!({&dev: {}}), 400, "InvalidPayload"),
        (
            json!({id: {"configuration": {"greeting": 5}}}),
            400,
            "InvalidDataFormat",
        ),
        (json!({id: {"enabled": "yes"}}), 400, "InvalidPayload"),
    ] {
        let answer = put(server, bot, body).await.expect(status);
        let kinds = answer.json()["type"].clone();
        assert_eq!(kinds, kind, "{}", answer.text);
    }
}

#[tokio::test]
async fn update_bot_configures_what_is_off_later() {
    let mut server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let bot = bot.id.as_str();
    let schema = json!({"type": "object", "required": ["key"]});
    let id = integration(&server, json!({"configuration": {"schema": schema}})).await;
    put(&server, bot, json!({&id: {}})).await.expect(400);
    put(&server, bot, json!({&id: {"enabled": false}}))
        .await
        .expect(200);
    put(&server, bot, json!({&id: {"enabled": true}}))
        .await
        .expect(400);
    let body = json!({&id: {"enabled": true, "configuration": {"key": "planted-key-8ac1"}}});
    put(&server, bot, body).await.expect(200);
    server.stop().await;
    let file = &server.config.store.path;
    assert!(!file_contains(file, "planted-key-8ac1"), "it is sealed");
}
