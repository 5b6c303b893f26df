//! What is declared anew holds for the next call, though who calls is kept in memory with what was
//! declared.

use serde_json::json;

use super::message;
use crate::botpress::given::{Caller, Given, install, make_integration};

const MESSAGES: &str = "/v1/chat/messages";

#[tokio::test]
async fn what_a_bot_declares_anew_holds_at_once() {
    let given = Given::new().await;
    let conversation = given.conversation("1").await;
    let mut body = message(given.bot.id.as_str(), &conversation, "Hi");
    body["tags"] = json!({"mood": "calm"});
    let bot = given.as_bot();
    let before = bot.post(&given.server, MESSAGES, body.clone()).await;
    assert_eq!(before.status, 400);
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let change = json!({"message": {"tags": {"mood": {}}}});
    let member = Caller::member();
    member.put(&given.server, &path, change).await.expect(200);
    let after = bot.post(&given.server, MESSAGES, body.clone()).await;
    assert_eq!(after.expect(201).json()["message"]["tags"]["mood"], "calm");
    let change = json!({"message": {"tags": {"mood": null}}});
    member.put(&given.server, &path, change).await.expect(200);
    let gone = bot.post(&given.server, MESSAGES, body).await;
    assert_eq!(gone.status, 400);
}

#[tokio::test]
async fn what_an_integration_declares_anew_holds_at_once() {
    let given = Given::new().await;
    let conversation = given.conversation("1").await;
    let mut body = message(given.bot.id.as_str(), &conversation, "Hi");
    body["type"] = json!("picture");
    body["payload"] = json!({"url": "https://example.com/a.png"});
    let bot = given.as_bot();
    let before = bot.post(&given.server, MESSAGES, body.clone()).await;
    assert_eq!(before.status, 400);
    let path = format!("/v1/admin/integrations/{}", given.integration.id);
    let schema = json!({"type": "object", "required": ["url"]});
    let change = json!({"channels": {"direct": {"messages": {"picture": {"schema": schema}}}}});
    let changed = Caller::member().put(&given.server, &path, change).await;
    changed.expect(200);
    let after = bot.post(&given.server, MESSAGES, body).await;
    after.expect(201);
}

#[tokio::test]
async fn an_integration_is_known_as_soon_as_it_is_installed_and_no_longer_than_that() {
    let given = Given::new().await;
    let call = json!({"type": "mail:whisper", "input": {"text": "Hi"}});
    let bot = given.as_bot();
    let actions = "/v1/chat/actions";
    let before = bot.post(&given.server, actions, call.clone()).await;
    assert_eq!(before.json()["type"], "ReferenceNotFound");
    let mail = make_integration(&given.server, crate::support::WORKSPACE, "mail", "1.0.0").await;
    install(&given.server, &given.bot, &mail, json!({})).await;
    // It is there, and has no code that could be called.
    let after = bot.post(&given.server, actions, call.clone()).await;
    assert_eq!(after.json()["type"], "Runtime");
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let change = json!({"integrations": {mail.id.as_str(): null}});
    let removed = Caller::member().put(&given.server, &path, change).await;
    removed.expect(200);
    let gone = bot.post(&given.server, actions, call).await;
    assert_eq!(gone.json()["type"], "ReferenceNotFound");
}
