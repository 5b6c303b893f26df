//! Registering installations with their integrations.

use serde_json::{Value, json};

use super::Pair;
use crate::{botpress::given::Caller, support::TestServer};

impl Pair {
    /// Changes the installation.
    async fn install(&self, body: Value) {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let body = json!({"integrations": {self.given.integration.id.as_str(): body}});
        let server = &self.given.server;
        Caller::member().put(server, &path, body).await.expect(200);
        self.settled().await;
    }

    /// Its status with its reason.
    async fn standing(&self) -> Value {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let bot = Caller::member().get(&self.given.server, &path).await;
        let bot = bot.expect(200).json();
        let installed = &bot["bot"]["integrations"][self.given.integration.id.as_str()];
        json!([installed["status"], installed["statusReason"]])
    }
}

#[tokio::test]
async fn an_installation_stands_as_its_integration_says() {
    let pair = Pair::start().await;
    pair.install(json!({"configuration": {"greeting": "Hi"}}))
        .await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
    let asked = pair.integration.asked();
    assert_eq!(asked[0].operation(), "register");
    assert_eq!(asked[0].configuration(), json!({"greeting": "Hi"}));
    let webhook = super::webhooks::webhook(&pair.given.server);
    let url = format!("{}{webhook}", pair.given.server.server().url());
    assert_eq!(asked[0].json(), json!({"webhookUrl": url}));
    let refusal = r#"{"id":"x","code":400,"type":"Runtime","message":"Wrong token"}"#;
    pair.integration.answer_with(400, refusal);
    pair.install(json!({"configuration": {}})).await;
    let failed = json!(["registration_failed", "Wrong token"]);
    assert_eq!(pair.standing().await, failed);
    pair.install(json!({"enabled": false})).await;
    let failed = json!(["unregistration_failed", "Wrong token"]);
    assert_eq!(pair.standing().await, failed);
    pair.integration.answer_with(200, "");
    pair.install(json!({"enabled": true})).await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
    pair.install(json!({"enabled": false})).await;
    assert_eq!(pair.standing().await, json!(["unregistered", null]));
    let operations: Vec<String> = pair
        .integration
        .asked()
        .iter()
        .map(|asked| asked.operation().to_owned())
        .collect();
    let expected = [
        "register",
        "register",
        "unregister",
        "register",
        "unregister",
    ];
    assert_eq!(operations, expected);
}

#[tokio::test]
async fn an_integration_that_is_not_there_yet_is_registered_when_it_is() {
    let pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.install(json!({})).await;
    let failed = json!([
        "registration_failed",
        "the response has the status 503: Worker not ready yet"
    ]);
    assert_eq!(pair.standing().await, failed);
    pair.integration.answer_with(200, "{}");
    pair.given
        .server
        .clock
        .advance(std::time::Duration::from_secs(1));
    pair.settled().await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
}

/// The integration is asked again after 1, 5, 30 … seconds: what was saved anew waits for none of that.
#[tokio::test]
async fn an_installation_that_is_saved_anew_does_not_wait_for_the_old_attempts() {
    let pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.install(json!({"configuration": {"greeting": "old"}}))
        .await;
    let failed = json!([
        "registration_failed",
        "the response has the status 503: Worker not ready yet"
    ]);
    assert_eq!(pair.standing().await, failed);
    pair.integration.answer_with(200, "{}");
    pair.install(json!({"configuration": {"greeting": "new"}}))
        .await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
    let asked = pair.integration.asked();
    assert_eq!(asked.len(), 2, "the old one is asked no more");
    assert_eq!(asked[1].configuration(), json!({"greeting": "new"}));
    // The same where it is switched off, and where its bot is deleted.
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.install(json!({})).await;
    pair.integration.answer_with(200, "{}");
    pair.install(json!({"enabled": false})).await;
    assert_eq!(pair.standing().await, json!(["unregistered", null]));
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.install(json!({"enabled": true})).await;
    pair.integration.answer_with(200, "{}");
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let server = &pair.given.server;
    Caller::member().delete(server, &path).await.expect(200);
    pair.settled().await;
    let last = pair.integration.asked().pop().expect("it was asked");
    assert_eq!(last.operation(), "unregister");
}

/// An integration that moves is registered at its new address at once.
#[tokio::test]
async fn an_integration_that_moves_does_not_wait_for_the_old_attempts() {
    let pair = Pair::start().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.install(json!({})).await;
    let moved = super::stand::Stand::start().await;
    let path = format!("/v1/admin/integrations/{}", pair.given.integration.id);
    let (server, body) = (&pair.given.server, json!({"url": moved.url()}));
    Caller::member().put(server, &path, body).await.expect(200);
    pair.settled().await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
    assert_eq!(moved.asked().len(), 1);
}

/// The vendor's CLI shows the status in the answer, so the answer waits for the integration.
#[tokio::test]
async fn an_update_answers_after_the_first_attempts() {
    let pair = Pair::start().await;
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let id = pair.given.integration.id.as_str();
    let install = async |greeting: &str| {
        let body = json!({"integrations": {id: {"configuration": {"greeting": greeting}}}});
        let answer = Caller::member().put(&pair.given.server, &path, body).await;
        let installed = answer.expect(200).json()["bot"]["integrations"][id].clone();
        json!([installed["status"], installed["statusReason"]])
    };
    assert_eq!(install("one").await, json!(["registered", null]));
    let broken = r#"{"id":"x","code":500,"type":"Runtime","message":"no such desk"}"#;
    pair.integration.answer_with(500, broken);
    let failed = json!(["registration_failed", "no such desk"]);
    assert_eq!(install("two").await, failed);
    pair.integration.answer_with(200, "");
    let server = &pair.given.server;
    server.clock.advance(std::time::Duration::from_secs(1));
    pair.settled().await;
    assert_eq!(pair.standing().await, json!(["registered", null]));
}

#[tokio::test]
async fn an_update_does_not_wait_for_longer_than_the_setting() {
    let server = TestServer::with(|config| config.bots.registration_wait_seconds = 0).await;
    let pair = Pair::on(server).await;
    pair.integration.reply(|_| None);
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let id = pair.given.integration.id.as_str();
    let body = json!({"integrations": {id: {"configuration": {"greeting": "one"}}}});
    let answer = Caller::member().put(&pair.given.server, &path, body).await;
    let status = answer.expect(200).json()["bot"]["integrations"][id]["status"].clone();
    assert_eq!(status, "registration_pending");
}
