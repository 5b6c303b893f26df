//! The status of events, and events that are canceled.

use std::time::Duration;

use serde_json::{Value, json};

use super::id_of;
use crate::{
    botpress::{
        given::{Caller, Given, another_workspace},
        runtime::Pair,
    },
    support::assert_answer,
};

const EVENTS: &str = "/v1/chat/events";

fn reminder(delay: Option<u64>) -> Value {
    match delay {
        Some(delay) => {
            json!({"type": "reminder", "payload": {"text": "x"}, "schedule": {"delay": delay}})
        }
        None => json!({"type": "reminder", "payload": {"text": "x"}}),
    }
}

/// The statuses of all events with their types, newest first.
async fn statuses(pair: &Pair, query: &str) -> Vec<String> {
    let bot = pair.given.as_bot();
    let listed = bot
        .get(&pair.given.server, &format!("{EVENTS}{query}"))
        .await;
    let listed = listed.expect(200).json();
    let events = listed["events"].as_array().expect("events").iter();
    events
        .map(|event| {
            let text = |member: &str| event[member].as_str().unwrap_or("-").to_owned();
            [text("type"), text("status"), text("failureReason")].join(" ")
        })
        .collect()
}

#[tokio::test]
async fn list_events_shows_their_status() {
    let pair = Pair::start().await;
    let (given, someone) = (&pair.given, pair.someone().await);
    let (server, bot) = (&given.server, given.as_bot());
    let made = bot.post(server, EVENTS, reminder(None)).await.expect(201);
    assert_eq!(made.json()["event"]["status"], "pending");
    assert_eq!(made.json()["event"]["failureReason"], Value::Null);
    pair.say(&someone, "Hello").await;
    pair.settled().await;
    let told = pair.bot.asked();
    assert_eq!(told[0].json()["event"]["status"], "pending");
    pair.bot.answer_with(400, r#"{"error":"no such room"}"#);
    server.clock.advance(Duration::from_secs(1));
    bot.post(server, EVENTS, reminder(None)).await.expect(201);
    pair.say(&someone, "Hello again").await;
    pair.settled().await;
    pair.bot.answer_with(500, r#"{"error":"oops"}"#);
    server.clock.advance(Duration::from_secs(1));
    pair.say(&someone, "Hello?").await;
    bot.post(server, EVENTS, reminder(Some(60_000)))
        .await
        .expect(201);
    pair.settled().await;
    let all = [
        "reminder scheduled -",
        "message_created pending -",
        "message_created failed no such room",
        "reminder failed no such room",
        "message_created processed -",
        "reminder processed -",
    ];
    assert_eq!(statuses(&pair, "").await, all);
    for status in ["scheduled", "pending", "failed", "processed", "ignored"] {
        let expected: Vec<&str> = all
            .into_iter()
            .filter(|event| event.split(' ').nth(1) == Some(status))
            .collect();
        let query = format!("?status={status}");
        assert_eq!(statuses(&pair, &query).await, expected, "{status}");
    }
    let answer = bot.get(server, &format!("{EVENTS}?status=canceled")).await;
    assert_answer!("list_events_canceled", answer.expect(400));
}

#[tokio::test]
async fn list_events_of_a_bot_without_code() {
    let given = Given::new().await;
    let bot = given.as_bot();
    let made = bot.post(&given.server, EVENTS, reminder(None)).await;
    assert_eq!(made.expect(201).json()["event"]["status"], "ignored");
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let integration = given.as_integration();
    given
        .message(&integration, &user, &conversation, "Hello")
        .await;
    let path = format!("{EVENTS}?status=ignored");
    let listed = bot.get(&given.server, &path).await.expect(200).json();
    assert_eq!(listed["events"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn cancel_scheduled_event_keeps_the_event() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let (server, bot) = (&given.server, given.as_bot());
    let made = bot
        .post(server, EVENTS, reminder(Some(1000)))
        .await
        .expect(201);
    let id = id_of(&made, "event");
    let path = format!("{EVENTS}/scheduled/{id}");
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    assert_eq!(stranger.delete(server, &path).await.status, 403);
    // An integration sees only events of its own.
    let integration = given.as_integration();
    assert_eq!(integration.delete(server, &path).await.status, 404);
    let canceled = bot.delete(server, &path).await.expect(200);
    assert_eq!(canceled.json(), json!({}));
    server.clock.advance(Duration::from_secs(2));
    pair.settled().await;
    assert!(pair.bot.asked().is_empty());
    let found = bot.get(server, &format!("{EVENTS}/{id}")).await.expect(200);
    assert_eq!(found.json()["event"]["status"], "canceled");
    let again = bot.delete(server, &path).await;
    assert_answer!("cancel_scheduled_event_again", again.expect(409));
    let missing = format!("{EVENTS}/scheduled/0194bb14-8c33-7e01-a5d2-7a6b1c0e9f52");
    let missing = bot.delete(server, &missing).await;
    assert_answer!("cancel_scheduled_event_missing", missing.expect(404));
    // One that is delivered already, and one of a message, cannot be canceled.
    let (user, conversation) = pair.someone().await;
    let mut body = super::message(&user, &conversation, "Later");
    body["schedule"] = json!({"delay": 60_000});
    let message = integration.post(server, "/v1/chat/messages", body).await;
    let message = id_of(&message.expect(201), "message").replacen("-7", "-8", 1);
    let done = bot.post(server, EVENTS, reminder(None)).await.expect(201);
    pair.settled().await;
    for id in [message, id_of(&done, "event")] {
        let answer = bot
            .delete(server, &format!("{EVENTS}/scheduled/{id}"))
            .await;
        assert_eq!(answer.json()["type"], "RelationConflict", "{}", answer.text);
    }
}
