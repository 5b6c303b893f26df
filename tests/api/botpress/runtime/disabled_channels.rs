//! Channels of an integration that a bot does not use.

use serde_json::{Value, json};

use super::Pair;
use crate::{
    botpress::given::{Caller, make_integration},
    support::{Answer, WORKSPACE, assert_answer},
};

const CONVERSATIONS: &str = "/v1/chat/conversations";

impl Pair {
    /// Changes the installation.
    async fn put_installation(&self, body: Value) -> Answer {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let body = json!({"integrations": {self.given.integration.id.as_str(): body}});
        let server = &self.given.server;
        let answer = Caller::member().put(server, &path, body).await;
        self.settled().await;
        answer
    }

    async fn disable(&self, channels: &[&str]) -> Value {
        let body = json!({"disabledChannels": channels});
        let changed = self.put_installation(body).await.expect(200).json();
        let installed = &changed["bot"]["integrations"][self.given.integration.id.as_str()];
        installed["disabledChannels"].clone()
    }
}

#[tokio::test]
async fn messages_in_a_disabled_channel_are_not_delivered() {
    let pair = Pair::start().await;
    let (_, conversation) = pair.someone().await;
    let bot = pair.given.as_bot();
    let id = pair.given.bot.id.as_str();
    let shown = pair.disable(&["lobby", "direct", "lobby"]).await;
    assert_eq!(shown, json!(["direct", "lobby"]));
    pair.given.message(&bot, id, &conversation, "lost").await;
    pair.settled().await;
    assert_eq!(pair.disable(&["lobby"]).await, json!(["lobby"]));
    pair.given.message(&bot, id, &conversation, "sent").await;
    pair.settled().await;
    let asked = pair.integration.asked();
    let sent = asked
        .iter()
        .filter(|asked| asked.operation() == "message_created");
    let sent: Vec<String> = sent.map(|asked| asked.text()).collect();
    assert_eq!(sent, ["sent"]);
    // Another change keeps it, and the removal does not.
    let kept = pair.put_installation(json!({"configuration": {}})).await;
    let member = format!(
        "/bot/integrations/{}/disabledChannels",
        pair.given.integration.id
    );
    let kept = kept.expect(200).json();
    assert_eq!(kept.pointer(&member), Some(&json!(["lobby"])));
    pair.put_installation(Value::Null).await.expect(200);
    let again = pair.put_installation(json!({})).await.expect(200).json();
    assert_eq!(again.pointer(&member), Some(&json!([])));
}

#[tokio::test]
async fn conversations_in_a_disabled_channel_are_refused() {
    let pair = Pair::start().await;
    pair.disable(&["direct"]).await;
    let (server, bot) = (&pair.given.server, pair.given.as_bot());
    let new = json!({"channel": "direct", "tags": {"id": "c1"}});
    let mut through = new.clone();
    through["integrationName"] = "whint".into();
    let integration = pair.given.as_integration();
    for (caller, path, body) in [
        (&integration, CONVERSATIONS.to_owned(), &new),
        (&integration, format!("{CONVERSATIONS}/get-or-create"), &new),
        (&bot, CONVERSATIONS.to_owned(), &through),
    ] {
        let refused = caller.post(server, &path, body.clone()).await;
        assert_answer!("create_conversation_disabled", refused.expect(400));
    }
    let other = json!({"channel": "lobby", "tags": {}});
    let made = integration.post(server, CONVERSATIONS, other).await;
    made.expect(201);
    pair.disable(&[]).await;
    let made = integration.post(server, CONVERSATIONS, new).await;
    made.expect(201);
}

#[tokio::test]
async fn a_bot_creates_conversations_in_the_enabled_one_of_two_channels() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let other = make_integration(server, WORKSPACE, "other", "0.1.0").await;
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let body = json!({"integrations": {other.id.as_str(): {"configuration": {}}}});
    Caller::member().put(server, &path, body).await.expect(200);
    let new = json!({"channel": "lobby", "tags": {}});
    let bot = pair.given.as_bot();
    bot.post(server, CONVERSATIONS, new.clone())
        .await
        .expect(400);
    pair.disable(&["lobby"]).await;
    let made = bot.post(server, CONVERSATIONS, new).await.expect(201);
    assert_eq!(made.json()["conversation"]["integration"], "other");
}

#[tokio::test]
async fn disabled_channels_must_be_channels() {
    let pair = Pair::start().await;
    let body = json!({"disabledChannels": ["direct", "attic"]});
    let refused = pair.put_installation(body).await;
    let mut refused = refused.expect(400);
    refused.text = refused
        .text
        .replace(pair.given.integration.id.as_str(), "{id}");
    assert_answer!("disabled_channels_unknown", refused);
    let body = json!({"disabledChannels": "direct"});
    let refused = pair.put_installation(body).await.expect(400).json();
    assert_eq!(refused["type"], "InvalidPayload");
}
