//! How a bot comes to have the chat, and that nobody loses it or sees it by accident.

use parlance::domain::{
    tenancy::{agents, audit::Actor},
    webchat,
};
use serde_json::json;

use super::given::{Given, install, integration, open};
use crate::{
    botpress::given::{Caller, another_workspace, make_bot, make_integration},
    support::{TestServer, WORKSPACE, assert_answer},
};

#[tokio::test]
async fn the_hub_shows_it_to_everyone_and_nobody_changes_it() {
    let server = TestServer::start().await;
    let path = "/v1/admin/hub/integrations/chat/latest";
    let found = Caller::person().get(&server, path).await;
    assert_answer!(found.expect(200));
    let id = integration(&server).await;
    let member = Caller::member();
    let own = format!("/v1/admin/integrations/{id}");
    member.get(&server, &own).await.expect(404);
    let change = json!({"title": "Mine"});
    member.put(&server, &own, change).await.expect(404);
    member.delete(&server, &own).await.expect(404);
    let workspaces = Caller::person().get(&server, "/v1/admin/workspaces").await;
    let count = workspaces.json()["workspaces"].as_array().map(Vec::len);
    assert_eq!(count, Some(1));
}

#[tokio::test]
async fn a_bot_gets_it_once_and_does_not_show_it() {
    let given = Given::new().await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let before = Caller::member().get(&given.server, &path).await.json();
    assert_eq!(before["bot"]["integrations"], json!({}));
    assert_eq!(open(&given.server, &given.bot.id).await, given.path);
    let user = given.user().await;
    // As a deploy does it: what the bot does not show is set to null.
    let id = integration(&given.server).await;
    let body = json!({"integrations": {&id: null}, "code": "exports.handler = () => ({})"});
    let changed = Caller::member().put(&given.server, &path, body).await;
    let changed = changed.expect(200).json();
    assert_eq!(changed["bot"]["integrations"], json!({}));
    given.get(&user, "/users/me").await.expect(200);
    assert_eq!(open(&given.server, &given.bot.id).await, given.path);
}

#[tokio::test]
async fn one_who_installs_it_keeps_the_address() {
    let given = Given::new().await;
    let user = given.user().await;
    let path = install(&given.server, &given.bot.id, json!({})).await;
    assert_eq!(path, given.path);
    given.get(&user, "/users/me").await.expect(200);
    let id = integration(&given.server).await;
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let shown = Caller::member().get(&given.server, &bot).await.json();
    let shown = &shown["bot"]["integrations"][&id];
    assert_eq!(shown["name"], "chat");
    // Off is off, and not turned on again by whoever opens the page.
    let off = json!({"integrations": {&id: {"enabled": false}}});
    Caller::member()
        .put(&given.server, &bot, off)
        .await
        .expect(200);
    given.get(&user, "/users/me").await.expect(404);
    let app = given.server.server().app();
    let find = |id: &parlance::kernel::ids::AgentId| {
        let agent = app.store().read(|conn| agents::find_by_id(conn, id));
        agent.expect("an agent")
    };
    let agent = find(&given.bot.id);
    let refused = webchat::ensure_installed_as(app, Actor::Operator, &agent).await;
    insta::assert_snapshot!(refused.expect_err("off").message());
    assert_eq!(
        webchat::find_webhook(app, &given.bot.id).expect("none"),
        None
    );
    // Removed, it comes back when it is asked for, as it was before.
    let gone = json!({"integrations": {&id: null}});
    Caller::member()
        .put(&given.server, &bot, gone)
        .await
        .expect(200);
    assert_eq!(open(&given.server, &given.bot.id).await, given.path);
    given.get(&user, "/users/me").await.expect(200);
    let shown = Caller::member().get(&given.server, &bot).await.json();
    assert_eq!(shown["bot"]["integrations"], json!({}));
}

#[tokio::test]
async fn a_configuration_keeps_to_its_schema() {
    let given = Given::new().await;
    let id = integration(&given.server).await;
    let body = json!({"integrations": {&id: {"configuration": {"encryptionKey": 5}}}});
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let refused = Caller::member().put(&given.server, &bot, body).await;
    assert_answer!(refused.expect(400));
}

#[tokio::test]
async fn another_integration_of_that_name_comes_first() {
    let given = Given::new().await;
    let own = make_integration(&given.server, WORKSPACE, "chat", "9.0.0").await;
    let body = json!({"integrations": {own.id.as_str(): {
        "enabled": true, "configuration": {"greeting": "Hi"},
    }}});
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let changed = Caller::member().put(&given.server, &bot, body).await;
    changed.expect(200);
    let hello = given
        .call(None, reqwest::Method::GET, "/users/me", None)
        .await;
    hello.expect(404);
    let app = given.server.server().app();
    let agent = app
        .store()
        .read(|conn| agents::find_by_id(conn, &given.bot.id))
        .expect("an agent");
    let refused = webchat::ensure_installed_as(app, Actor::Operator, &agent).await;
    insta::assert_snapshot!(refused.expect_err("its own").message());
}

#[tokio::test]
async fn a_bot_of_another_workspace_has_one_of_its_own() {
    let given = Given::new().await;
    let (workspace, _) = another_workspace(&given.server).await;
    let other = make_bot(&given.server, &workspace, Default::default()).await;
    assert_eq!(
        webchat::find_webhook(given.server.server().app(), &other.id).expect("none"),
        None
    );
    let path = open(&given.server, &other.id).await;
    assert_ne!(path, given.path);
}

#[tokio::test]
async fn the_settings_turn_it_off_and_on_again() {
    let mut given = Given::new().await;
    let user = given.user().await;
    given.server.config.webchat.enabled = false;
    given.server.restart().await;
    let answer = given.get(&user, "/users/me").await;
    assert_answer!(answer.expect(400));
    let path = "/v1/admin/hub/integrations/chat/latest";
    let hidden = Caller::person().get(&given.server, path).await;
    hidden.expect(404);
    let app = given.server.server().app();
    assert_eq!(
        webchat::find_webhook(app, &given.bot.id).expect("none"),
        None
    );
    given.server.config.webchat.enabled = true;
    given.server.restart().await;
    given.get(&user, "/users/me").await.expect(200);
    integration(&given.server).await;
}

#[tokio::test]
async fn it_says_that_it_is_well_to_the_protocol() {
    let given = Given::new().await;
    // Installing it by hand registers it, with the same protocol as any other.
    install(&given.server, &given.bot.id, json!({})).await;
    given.settled().await;
    let id = integration(&given.server).await;
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let shown = Caller::member().get(&given.server, &bot).await.json();
    let shown = &shown["bot"]["integrations"][&id];
    assert_eq!(shown["status"], "registered");
}
