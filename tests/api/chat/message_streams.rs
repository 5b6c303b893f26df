//! Message streams: a bot shows a message while it still writes it.

use serde_json::{Value, json};

use super::given::Given;
use crate::{
    botpress::given::Caller,
    support::{Answer, answer::redacted, assert_answer},
};

const ACTIONS: &str = "/v1/chat/actions";

impl Given {
    /// Calls the action as the bot's code does.
    async fn publish(&self, conversation: &str, signal: Value) -> Answer {
        let as_bot = Caller::person().header("x-bot-id", self.bot.id.as_str());
        let input = json!({"conversationId": conversation, "signal": signal, "more": 1});
        let body = json!({"type": "chat:publishMessageStream", "input": input});
        as_bot.post(&self.server, ACTIONS, body).await
    }
}

#[tokio::test]
async fn parts_and_the_end_of_a_message_are_told() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let id = given.conversation(&ann).await;
    let mut stream = super::listen::Stream::open(&given, &ann, &id).await;
    let delta = json!({
        "type": "delta", "streamId": "s-1", "createdAt": "2026-03-01T12:00:00.000Z",
        "clientMessageId": "m-1", "sequence": 0, "delta": "Hel",
    });
    assert_answer!(given.publish(&id, delta).await.expect(200));
    let delta = json!({
        "type": "delta", "streamId": "s-1", "createdAt": "2026-03-01T12:00:00.000Z",
        "sequence": 1, "delta": "lo",
    });
    given.publish(&id, delta).await.expect(200);
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let body = json!({
        "conversationId": id, "userId": given.bot.id, "type": "text", "tags": {},
        "payload": {"text": "Hello", "metadata": {"streamId": "s-1"}},
    });
    let made = as_bot.post(&given.server, "/v1/chat/messages", body).await;
    made.expect(201);
    given.settled().await;
    let aborted = json!({"type": "abort", "streamId": "s-2"});
    given.publish(&id, aborted).await.expect(200);
    for name in ["delta", "second_delta", "complete", "created", "abort"] {
        let signal = stream.next().await.expect("a signal");
        insta::assert_snapshot!(format!("signal_{name}"), redacted(signal));
    }
    // Nothing of it is kept but the message.
    let path = format!("/conversations/{id}/messages");
    let listed = given.get(&ann, &path).await.expect(200).json();
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_wrong_part_or_conversation_is_named() {
    let given = Given::new().await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    let wrong = json!({"type": "delta", "streamId": "s-1"});
    assert_answer!(given.publish(&id, wrong).await.expect(400));
    let right = json!({"type": "abort", "streamId": "s-1"});
    let unknown = given.publish("none", right).await;
    assert_answer!("unknown", unknown.expect(400));
}
