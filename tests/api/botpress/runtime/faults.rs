//! Rows that cannot be read or written: nothing is dropped for them, and nothing beside them waits.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Pair, bot_logs, column};
use crate::{botpress::given::Caller, support::TestServer};

const EVENTS: &str = "/v1/chat/events";

/// Writes into the database what no program does.
async fn damage(server: &mut TestServer, sql: &'static str) {
    server.damaged = true;
    let written = server.server().app().store().write(move |conn| {
        conn.execute_batch(sql)?;
        Ok(())
    });
    written.await.expect("it is written");
}

impl Pair {
    async fn let_pass(&self, seconds: u64) {
        self.given
            .server
            .clock
            .advance(Duration::from_secs(seconds));
        self.settled().await;
    }

    /// The texts of the events that the bot was told of.
    fn reminders(&self) -> Vec<Value> {
        let asked = self.bot.asked();
        let text = |asked: &super::stand::Asked| asked.json()["event"]["payload"]["text"].clone();
        asked.iter().map(text).collect()
    }
}

/// A bot that has refused a message once, which cannot be read since.
async fn with_an_unreadable_delivery() -> Pair {
    let mut pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.bot.answer_with(500, "{}");
    pair.say(&someone, "one").await;
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["one"]);
    pair.bot.answer_with(200, "{}");
    let server = &mut pair.given.server;
    damage(
        server,
        "UPDATE messages SET payload = '[' || payload || ']'",
    )
    .await;
    pair
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_is_attempted_again() {
    let mut pair = with_an_unreadable_delivery().await;
    pair.let_pass(1).await;
    let server = &mut pair.given.server;
    assert_eq!(
        column(server, "SELECT attempts FROM bot_deliveries"),
        [json!(2)]
    );
    let mend = "UPDATE messages SET payload = json_extract(payload, '$[0]')";
    damage(server, mend).await;
    pair.let_pass(5).await;
    assert_eq!(pair.bot.texts(), ["one", "one"]);
    let server = &pair.given.server;
    assert!(column(server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn a_delivery_that_can_never_be_read_is_given_up_and_told_of() {
    let pair = with_an_unreadable_delivery().await;
    for wait in [1, 5, 30, 120] {
        pair.let_pass(wait).await;
    }
    let server = &pair.given.server;
    assert!(column(server, "SELECT seq FROM bot_deliveries").is_empty());
    assert_eq!(
        column(server, "SELECT title FROM bot_issues"),
        ["event_received failed in the bot"]
    );
    let last = bot_logs(server).pop().expect("a line");
    let text = "error event_received failed in the bot: the server could not load the delivery.";
    assert_eq!(last, text);
}

#[tokio::test]
async fn what_cannot_be_fired_is_put_off_and_nothing_else_is() {
    let mut pair = Pair::start().await;
    for text in ["bad", "good"] {
        let schedule = json!({"delay": 1000});
        let body = json!({"type": "reminder", "payload": {"text": text}, "schedule": schedule});
        let bot = pair.given.as_bot();
        bot.post(&pair.given.server, EVENTS, body).await.expect(201);
    }
    let server = &mut pair.given.server;
    let refuse = "CREATE TRIGGER refused BEFORE INSERT ON bot_deliveries
        WHEN new.event_seq = (SELECT seq FROM events WHERE payload ->> 'text' = 'bad')
        BEGIN SELECT raise(ABORT, 'refused'); END";
    damage(server, refuse).await;
    pair.let_pass(1).await;
    assert_eq!(pair.reminders(), ["good"]);
    let server = &mut pair.given.server;
    assert_eq!(column(server, "SELECT count(*) FROM bot_schedules"), [1]);
    damage(server, "DROP TRIGGER refused").await;
    pair.let_pass(60).await;
    assert_eq!(pair.reminders(), ["good", "bad"]);
}

/// An object with this many levels.
fn deep(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"x": inner}))
}

#[tokio::test]
async fn a_deep_state_ends_without_hiding_the_events_of_its_bot() {
    let pair = Pair::start().await;
    let (given, bot) = (&pair.given, pair.given.as_bot());
    let path = format!("/v1/chat/states/bot/{}/anything", given.bot.id);
    let declare = json!({"states": {"anything": {"type": "bot", "schema": {"type": "object"}}}});
    let update = format!("/v1/admin/bots/{}", given.bot.id);
    let updated = Caller::member().put(&given.server, &update, declare).await;
    updated.expect(200);
    let refused = bot.post(&given.server, &path, json!({"payload": deep(126)}));
    let refused = refused.await.expect(400);
    let text = refused.json()["message"].to_string();
    assert!(
        text.contains("payload must not be nested deeper than 100 levels"),
        "{text}"
    );
    let set = json!({"payload": deep(99), "expiry": 1000});
    bot.post(&given.server, &path, set).await.expect(200);
    pair.let_pass(1).await;
    let listed = bot.get(&given.server, EVENTS).await;
    let events = listed.expect(200).json();
    assert_eq!(events["events"][0]["type"], "state_expired");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_listed_as_such() {
    let mut pair = Pair::start().await;
    for text in ["one", "two"] {
        let body = json!({"type": "reminder", "payload": {"text": text}});
        let bot = pair.given.as_bot();
        bot.post(&pair.given.server, EVENTS, body).await.expect(201);
    }
    pair.settled().await;
    let server = &mut pair.given.server;
    damage(
        server,
        "UPDATE events SET payload = '[1]' WHERE payload ->> 'text' = 'one'",
    )
    .await;
    let bot = pair.given.as_bot();
    let listed = bot.get(&pair.given.server, EVENTS).await;
    let listed = listed.expect(200).json();
    let payloads: Vec<_> = [0, 1]
        .map(|at| listed["events"][at]["payload"].clone())
        .into();
    assert_eq!(
        payloads,
        [
            json!({"text": "two"}),
            json!({"unreadable": "it is not an object"})
        ]
    );
}
