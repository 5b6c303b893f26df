//! Telling integrations of bots that are deleted.

use std::time::Duration;

use parlance::domain::bots::manage::maintenance;
use serde_json::json;

use super::{Pair, column};
use crate::botpress::{
    given::{Caller, install, put_integration},
    runtime::stand::Stand,
};

impl Pair {
    async fn delete(&self, path: &str) {
        let server = &self.given.server;
        Caller::member().delete(server, path).await.expect(200);
    }

    async fn delete_bot(&self) {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        self.delete(&path).await;
    }

    /// Has everything happen that is due.
    async fn work(&self) {
        self.settled().await;
        let app = self.given.server.server().app();
        maintenance::run_once(app).await.expect("the work on bots");
        parlance::domain::lifecycle::workspace_deletion::purge(app)
            .await
            .expect("that on workspaces");
    }

    fn bots_left(&self) -> usize {
        let sql = "SELECT agent_seq FROM bot_integrations";
        column(&self.given.server, sql).len()
    }

    fn told(&self) -> Vec<String> {
        let asked = self.integration.asked();
        asked
            .iter()
            .map(|asked| asked.operation().to_owned())
            .collect()
    }

    async fn after(&self, seconds: u64) {
        let clock = &self.given.server.clock;
        clock.advance(Duration::from_secs(seconds));
        self.work().await;
    }
}

#[tokio::test]
async fn the_integrations_of_a_deleted_bot_are_told() {
    let pair = Pair::start().await;
    let webhook = super::webhooks::webhook(&pair.given.server);
    pair.delete_bot().await;
    pair.work().await;
    let asked = pair.integration.asked();
    assert_eq!(pair.told(), ["unregister"]);
    let url = format!("{}{webhook}", pair.given.server.server().url());
    assert_eq!(asked[0].json(), json!({"webhookUrl": url}));
    assert_eq!(asked[0].configuration(), json!({"greeting": "Hello"}));
    assert_eq!(asked[0].header("x-bot-id"), pair.given.bot.id.as_str());
    assert_eq!(pair.bots_left(), 0);
}

#[tokio::test]
async fn only_integrations_that_know_of_the_bot_are_told() {
    let pair = Pair::start().await;
    let (server, other) = (&pair.given.server, Stand::start().await);
    let mut new = crate::botpress::given::definition_of_integration("other", "0.1.0");
    (new.url, new.dev) = (Some(other.url().to_owned()), true);
    let integration = put_integration(server, crate::support::WORKSPACE, new).await;
    install(server, &pair.given.bot, &integration, json!({})).await;
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let body = json!({"integrations": {integration.id.as_str(): {"enabled": false}}});
    Caller::member().put(server, &path, body).await.expect(200);
    pair.settled().await;
    assert_eq!(
        other.asked().len(),
        1,
        "it was told when it was switched off"
    );
    pair.delete_bot().await;
    pair.work().await;
    assert_eq!(pair.told(), ["unregister"]);
    assert_eq!(other.asked().len(), 1);
    assert_eq!(pair.bots_left(), 0);
}

#[tokio::test]
async fn a_deleted_bot_waits_over_a_restart_for_an_integration_that_is_down() {
    let mut pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.delete_bot().await;
    pair.work().await;
    assert_eq!((pair.told().len(), pair.bots_left()), (1, 1));
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let gone = Caller::member().get(&pair.given.server, &path).await;
    assert_eq!(gone.status, 404, "at once");
    pair.given.server.restart().await;
    pair.integration.answer_with(200, "{}");
    pair.after(1).await;
    assert_eq!(pair.told(), ["unregister"; 2]);
    assert_eq!(pair.bots_left(), 0);
}

#[tokio::test]
async fn an_integration_that_never_answers_does_not_keep_a_deleted_bot() {
    let pair = Pair::start().await;
    pair.integration.reply(|_| None);
    pair.delete_bot().await;
    pair.integration.wait(1).await;
    let work = async || {
        let app = pair.given.server.server().app();
        maintenance::run_once(app).await.expect("the work on bots");
    };
    work().await;
    assert_eq!(pair.bots_left(), 1);
    let clock = &pair.given.server.clock;
    clock.advance(Duration::from_secs(599));
    work().await;
    assert_eq!(pair.bots_left(), 1);
    clock.advance(Duration::from_secs(1));
    work().await;
    assert_eq!(pair.bots_left(), 0);
}

#[tokio::test]
async fn an_integration_that_refuses_does_not_keep_a_deleted_bot() {
    let pair = Pair::start().await;
    pair.integration
        .answer_with(400, r#"{"message":"Wrong token"}"#);
    pair.delete_bot().await;
    pair.work().await;
    assert_eq!((pair.told().len(), pair.bots_left()), (1, 0));
    let logs = "SELECT level || ' ' || message FROM integration_logs";
    let line = "error unregister failed in the integration whint: Wrong token.";
    assert_eq!(column(&pair.given.server, logs), [json!(line)]);
}

#[tokio::test]
async fn a_deleted_bot_that_waits_keeps_no_other() {
    let pair = Pair::start().await;
    pair.integration.answer_with(503, "");
    pair.delete_bot().await;
    pair.work().await;
    let server = &pair.given.server;
    let member = Caller::member();
    let made = member.post(server, "/v1/admin/bots", json!({})).await;
    let made = made.expect(200).json();
    let id = made["bot"]["id"].as_str().expect("an id").to_owned();
    pair.delete(&format!("/v1/admin/bots/{id}")).await;
    pair.work().await;
    let deleted = "SELECT id FROM agents WHERE deleted_at IS NOT NULL";
    assert_eq!(column(server, deleted), [json!(pair.given.bot.id)]);
}

#[tokio::test]
async fn the_integrations_of_bots_of_a_deleted_workspace_are_told() {
    let pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    let path = format!("/v1/admin/workspaces/{}", crate::support::WORKSPACE);
    pair.delete(&path).await;
    pair.work().await;
    assert_eq!((pair.told().len(), pair.bots_left()), (1, 1));
    pair.integration.answer_with(200, "{}");
    pair.after(1).await;
    assert_eq!(pair.told(), ["unregister"; 2]);
    assert_eq!(pair.bots_left(), 0);
    let closed = "SELECT id FROM workspaces WHERE closed_at IS NOT NULL";
    assert!(column(&pair.given.server, closed).is_empty());
}

#[tokio::test]
async fn a_workspace_that_waits_does_not_keep_the_server_from_starting() {
    let mut pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    let path = format!("/v1/admin/workspaces/{}", crate::support::WORKSPACE);
    pair.delete(&path).await;
    pair.work().await;
    assert_eq!(pair.bots_left(), 1);
    pair.given.server.restart().await;
    assert_eq!(pair.bots_left(), 0, "the first start wants its id");
}
