//! Events.

use serde_json::{Value, json};

use super::id_of;
use crate::{
    botpress::given::Given,
    support::{Answer, assert_answer},
};

const EVENTS: &str = "/v1/chat/events";

#[tokio::test]
async fn create_event_of_the_bot_and_of_an_integration() {
    let given = Given::new().await;
    let body = json!({"type": "reminder", "payload": {"text": "Call"}});
    let own = given
        .as_bot()
        .post(&given.server, EVENTS, body)
        .await
        .expect(201);
    assert_answer!("create_event_of_the_bot", own);
    let found = format!("{EVENTS}/{}", id_of(&own, "event"));
    let found = given.as_bot().get(&given.server, &found).await.expect(200);
    assert_eq!(found.json(), own.json());
    for kind in ["ping", "whint:ping"] {
        let body = json!({"type": kind, "payload": {"at": "noon"}});
        let made = given
            .as_integration()
            .post(&given.server, EVENTS, body)
            .await;
        assert_answer!("create_event_of_an_integration", made.expect(201));
    }
}

#[tokio::test]
async fn create_event_is_about_something() {
    let given = Given::new().await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let caller = given.as_integration();
    let message = given.message(&caller, &user, &conversation, "Hello").await;
    let body = json!({
        "type": "ping", "payload": {}, "userId": user, "conversationId": conversation,
        "messageId": message,
    });
    let made = caller
        .post(&given.server, EVENTS, body.clone())
        .await
        .expect(201);
    assert_eq!(
        made.json()["event"]["conversationId"],
        conversation.as_str()
    );
    for (member, value) in [
        ("userId", &user),
        ("conversationId", &conversation),
        ("messageId", &message),
    ] {
        let query = format!("{EVENTS}?{member}={value}&type=whint:ping");
        let listed = caller.get(&given.server, &query).await.expect(200);
        assert_eq!(
            listed.json()["events"],
            json!([made.json()["event"]]),
            "{member}"
        );
        let mut body = body.clone();
        body[member] = json!("none");
        let answer = caller.post(&given.server, EVENTS, body).await;
        assert_eq!(answer.json()["type"], "ReferenceNotFound", "{member}");
    }
}

#[tokio::test]
async fn create_event_refuses_what_is_not_declared() {
    let given = Given::new().await;
    for (name, body) in [
        ("unknown", json!({"type": "none", "payload": {}})),
        (
            "not_installed",
            json!({"type": "other:ping", "payload": {}}),
        ),
        (
            "unknown_of_integration",
            json!({"type": "whint:none", "payload": {}}),
        ),
        (
            "payload",
            json!({"type": "reminder", "payload": {"text": 5}}),
        ),
        (
            "schedule",
            json!({
                "type": "reminder", "payload": {}, "schedule": {"delay": 1, "dateTime": "x"},
            }),
        ),
        (
            "delay",
            json!({"type": "reminder", "payload": {}, "schedule": {"delay": -1}}),
        ),
        ("no_type", json!({"payload": {}})),
    ] {
        let answer = given.as_bot().post(&given.server, EVENTS, body).await;
        let name = format!("create_event_{name}");
        insta::assert_snapshot!(name, answer.expect(400).shown());
    }
    let body = json!({"type": "other:ping", "payload": {}});
    let answer = given
        .as_integration()
        .post(&given.server, EVENTS, body)
        .await;
    assert_answer!("create_event_of_another", answer.expect(409));
}

#[tokio::test]
async fn create_event_with_a_schedule_is_a_row_that_becomes_due() {
    let given = Given::new().await;
    let body = json!({"type": "reminder", "payload": {}, "schedule": {"delay": 60_000}});
    given
        .as_bot()
        .post(&given.server, EVENTS, body)
        .await
        .expect(201);
    let store = given.server.server().app().store();
    let due: i64 = store
        .read(|conn| {
            let sql = "SELECT due_at FROM bot_schedules WHERE event_seq IS NOT NULL";
            Ok(conn.query_row(sql, [], |row| row.get(0))?)
        })
        .expect("a row");
    assert_eq!(due, given.server.clock.now().as_micros() + 60_000_000);
}

#[tokio::test]
async fn get_event_of_an_incoming_message() {
    let given = Given::new().await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    given
        .message(&given.as_integration(), &user, &conversation, "Hello")
        .await;
    let bot = given.bot.id.to_string();
    given
        .message(&given.as_bot(), &bot, &conversation, "Hi")
        .await;
    let listed = given.as_bot().get(&given.server, EVENTS).await.expect(200);
    assert_answer!("list_events_of_messages", listed);
    let event = &listed.json()["events"][0];
    let path = format!("{EVENTS}/{}", event["id"].as_str().expect("an id"));
    let found = given.as_bot().get(&given.server, &path).await.expect(200);
    assert_eq!(found.json()["event"], *event);
    let of_message = event["messageId"].as_str().expect("an id");
    assert_ne!(event["id"], of_message);
    let answer = given
        .as_bot()
        .get(&given.server, &format!("{EVENTS}/{of_message}"))
        .await;
    assert_eq!(answer.status, 404, "a message's id is no event's");
}

#[tokio::test]
async fn list_events_merges_messages_and_filters() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    for minute in 0..3 {
        given.message(&caller, &user, &conversation, "Hello").await;
        let body = json!({"type": "ping", "payload": {"at": minute.to_string()}});
        caller.post(server, EVENTS, body).await.expect(201);
        server.clock.advance(std::time::Duration::from_secs(60));
    }
    let types = |answer: Answer| -> Vec<String> {
        let listed = answer.expect(200).json()["events"].clone();
        let listed = listed.as_array().expect("events").clone();
        let kind = |one: &Value| one["type"].as_str().expect("a type").to_owned();
        listed.iter().map(kind).collect()
    };
    let (ping, hello) = ("whint:ping", "message_created");
    let cases = [
        (String::new(), vec![ping, hello, ping, hello, ping, hello]),
        ("?type=whint:ping".to_owned(), vec![ping; 3]),
        ("?type=message_created".to_owned(), vec![hello; 3]),
        (format!("?conversationId={conversation}"), vec![hello; 3]),
        (format!("?userId={user}"), vec![hello; 3]),
        ("?type=none".to_owned(), vec![]),
        ("?userId=none".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let listed = caller.get(server, &format!("{EVENTS}{query}")).await;
        assert_eq!(types(listed), expected, "{query}");
    }
}
