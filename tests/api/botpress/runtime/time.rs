//! What happens at a time, on a frozen clock: schedules, recurring events, states that end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Pair, column};

const EVENTS: &str = "/v1/chat/events";

impl Pair {
    /// Lets time pass, and what is due happen.
    async fn pass(&self, seconds: u64) {
        let clock = &self.given.server.clock;
        clock.advance(Duration::from_secs(seconds));
        self.settled().await;
    }

    /// The types and payloads of the events that the bot was told of.
    fn events(&self) -> Vec<Value> {
        let asked = self.bot.asked();
        let event = |asked: &super::stand::Asked| {
            let event = &asked.json()["event"];
            json!([event["type"], event["payload"]])
        };
        asked.iter().map(event).collect()
    }

    async fn schedule(&self, text: &str, schedule: Value) {
        let body = json!({"type": "reminder", "payload": {"text": text}, "schedule": schedule});
        let bot = self.given.as_bot();
        bot.post(&self.given.server, EVENTS, body).await.expect(201);
    }
}

#[tokio::test]
async fn scheduled_events_come_when_they_are_due_and_once() {
    let mut pair = Pair::start().await;
    pair.schedule("later", json!({"dateTime": "2026-03-01T12:01:00Z"}))
        .await;
    pair.schedule("soon", json!({"delay": 30_000})).await;
    pair.schedule("past", json!({"dateTime": "2020-01-01T00:00:00Z"}))
        .await;
    pair.settled().await;
    assert_eq!(pair.events(), [json!(["reminder", {"text": "past"}])]);
    pair.pass(29).await;
    assert_eq!(pair.events().len(), 1);
    pair.pass(1).await;
    assert_eq!(pair.events()[1..], [json!(["reminder", {"text": "soon"}])]);
    // What was due while the server was down comes at the next start.
    pair.given.server.stop().await;
    pair.given.server.clock.advance(Duration::from_secs(3600));
    pair.given.server.restart().await;
    pair.settled().await;
    assert_eq!(pair.events()[2..], [json!(["reminder", {"text": "later"}])]);
    pair.given.server.restart().await;
    pair.pass(86_400).await;
    assert_eq!(pair.events().len(), 3);
    assert!(column(&pair.given.server, "SELECT seq FROM bot_schedules").is_empty());
}

#[tokio::test]
async fn scheduled_messages_go_either_way_when_they_are_due() {
    let pair = Pair::start().await;
    let (user, conversation) = pair.someone().await;
    let given = &pair.given;
    let messages = "/v1/chat/messages";
    for (caller, user, text) in [
        (given.as_integration(), user.as_str(), "in"),
        (given.as_bot(), given.bot.id.as_str(), "out"),
    ] {
        let body = json!({
            "userId": user, "conversationId": conversation, "type": "text",
            "payload": {"text": text}, "tags": {}, "schedule": {"delay": 5000},
        });
        caller.post(&given.server, messages, body).await.expect(201);
    }
    pair.pass(4).await;
    assert_eq!(
        (pair.bot.asked().len(), pair.integration.asked().len()),
        (0, 0)
    );
    pair.pass(1).await;
    assert_eq!(pair.bot.texts(), ["in"]);
    assert_eq!(pair.integration.texts(), ["out"]);
}

#[tokio::test]
async fn recurring_events_come_again_and_again_and_once_for_all_that_were_missed() {
    let mut pair = Pair::start().await;
    let body = json!({"recurringEvents": {"hourly": {
        "schedule": {"cron": "0 * * * *"}, "type": "reminder", "payload": {"text": "hour"},
    }}});
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let member = crate::botpress::given::Caller::member();
    let server = &pair.given.server;
    member.put(server, &path, body).await.expect(200);
    pair.pass(3599).await;
    assert_eq!(pair.events().len(), 0);
    pair.pass(1).await;
    assert_eq!(pair.events(), [json!(["reminder", {"text": "hour"}])]);
    pair.pass(3600).await;
    assert_eq!(pair.events().len(), 2);
    pair.given.server.stop().await;
    pair.given
        .server
        .clock
        .advance(Duration::from_secs(10 * 3600 + 60));
    pair.given.server.restart().await;
    pair.settled().await;
    assert_eq!(pair.events().len(), 3);
    pair.pass(3540).await;
    assert_eq!(pair.events().len(), 4);
    let stored = "SELECT type FROM events";
    assert_eq!(column(&pair.given.server, stored), ["reminder"; 4]);
    let body = json!({"recurringEvents": {"hourly": null}});
    let server = &pair.given.server;
    member.put(server, &path, body).await.expect(200);
    pair.pass(7200).await;
    assert_eq!(pair.events().len(), 4);
}

#[tokio::test]
async fn recurring_events_have_the_members_that_their_schema_knows() {
    let pair = Pair::start().await;
    let schema = json!({"type": "object", "properties": {"n": {}}, "additionalProperties": false});
    let body = json!({
        "events": {"tick": {"schema": schema}},
        "recurringEvents": {"each": {
            "schedule": {"cron": "0 * * * *"}, "type": "tick", "payload": {"n": 1, "_def": {}},
        }},
    });
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let member = crate::botpress::given::Caller::member();
    member
        .put(&pair.given.server, &path, body)
        .await
        .expect(200);
    pair.pass(3600).await;
    assert_eq!(pair.events(), [json!(["tick", {"n": 1}])]);
}

#[tokio::test]
async fn a_state_that_ends_is_told_to_the_bot_once() {
    let pair = Pair::start().await;
    let (user, conversation) = pair.someone().await;
    let given = &pair.given;
    let bot = given.as_bot();
    let profile = format!("/v1/chat/states/user/{user}/profile");
    let memory = format!("/v1/chat/states/conversation/{conversation}/memory");
    let body = json!({"payload": {"age": 3}});
    bot.post(&given.server, &profile, body.clone())
        .await
        .expect(200);
    let short = json!({"payload": {"note": "x"}, "expiry": 1000});
    bot.post(&given.server, &memory, short).await.expect(200);
    // An integration's own is nobody else's.
    let cursor = format!(
        "/v1/chat/states/integration/{}/cursor",
        given.integration.id
    );
    let own = json!({"payload": {"position": 1}, "expiry": 1000});
    let integration = given.as_integration();
    integration
        .post(&given.server, &cursor, own)
        .await
        .expect(200);
    let shown = bot.get(&given.server, &memory).await.expect(200).json();
    pair.pass(1).await;
    assert_eq!(
        pair.events(),
        [json!(["state_expired", {"state": shown["state"]}])]
    );
    // Each touch begins the time anew.
    pair.pass(58).await;
    bot.post(&given.server, &profile, body).await.expect(200);
    pair.pass(59).await;
    assert_eq!(pair.events().len(), 1);
    pair.pass(1).await;
    assert_eq!(pair.events().len(), 2);
    assert!(column(&given.server, "SELECT id FROM states").is_empty());
}
