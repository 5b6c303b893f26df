//! `/events`.

use serde_json::json;

use super::given::{Given, text};
use crate::{botpress::given::Caller, support::assert_answer};

#[tokio::test]
async fn create_event_comes_to_the_bot() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let body = json!({"conversationId": "c-1", "payload": {"page": "/prices"}});
    let made = given.post(&ann, "/events", body).await;
    assert_answer!(made.expect(201));
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let seen = as_bot.get(&given.server, "/v1/chat/events").await;
    assert_answer!("as_the_bot_sees_it", seen.expect(200));
}

#[tokio::test]
async fn create_event_is_for_those_who_take_part() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let conversation = given.conversation(&ann).await;
    let body = json!({"conversationId": conversation, "payload": {}});
    assert_answer!(given.post(&bob, "/events", body).await.expect(403));
    let body = json!({"conversationId": "none", "payload": {}});
    assert_answer!(
        "unknown",
        given.post(&ann, "/events", body).await.expect(400)
    );
    let body = json!({"conversationId": conversation, "payload": 5});
    assert_answer!(
        "no_object",
        given.post(&ann, "/events", body).await.expect(400)
    );
}

#[tokio::test]
async fn get_event_names_its_author() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let (bob, eve) = (given.user().await, given.user().await);
    let conversation = given.conversation(&ann).await;
    let path = format!("/conversations/{conversation}/participants");
    let let_in = given.post(&ann, &path, json!({"userId": bob.id}));
    let_in.await.expect(200);
    let body = json!({"conversationId": conversation, "payload": {"a": [1]}});
    let made = given.post(&ann, "/events", body).await.expect(201).json();
    let path = format!("/events/{}", text(&made["event"]["id"]));
    let found = given.get(&bob, &path).await;
    assert_eq!(found.json()["event"], made["event"]);
    assert_answer!(found.expect(200));
    assert_answer!("outside", given.get(&eve, &path).await.expect(403));
    let missing = given.get(&ann, "/events/none").await;
    assert_answer!("missing", missing.expect(404));
}

#[tokio::test]
async fn get_event_knows_custom_events_only() {
    let given = Given::new().await;
    let ann = given.user().await;
    let conversation = given.conversation(&ann).await;
    given.say(&ann, &conversation, "hello").await;
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let seen = as_bot.get(&given.server, "/v1/chat/events").await.json();
    let id = text(&seen["events"][0]["id"]);
    given.get(&ann, &format!("/events/{id}")).await.expect(404);
}

/// The vendor's own bot `echo` sends back the payload of an event, with the `userId` in it.
#[tokio::test]
async fn a_bot_sends_an_event_with_more_than_is_asked_for() {
    let given = Given::new().await;
    let ann = given.user().await;
    let conversation = given.conversation(&ann).await;
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let input = json!({"conversationId": conversation, "payload": {"a": 1}, "userId": ann.id});
    let body = json!({"type": "chat:sendEvent", "input": input});
    let answer = as_bot.post(&given.server, "/v1/chat/actions", body).await;
    assert_eq!(answer.expect(200).json()["output"], json!({}));
}
