//! What bots did: logs, analytics; and the code of their web chat.

use std::time::Duration;

use parlance::domain::{
    bots::manage::{
        logs::{self, LogLevel},
        maintenance,
    },
    tenancy::audit::Actor,
};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::{stranger, text, tidy};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

async fn log(given: &Given, messages: Vec<String>) {
    let app = given.server.server().app();
    let settings = app.bot_settings().clone();
    let (bot, integration) = (given.bot.id.clone(), given.integration.id.clone());
    let logged = app.run_write_tx_as(Actor::System, move |change| {
        for message in &messages {
            logs::record(change, &settings, &bot, LogLevel::Info, message)?;
            logs::record_for_integration(change, &settings, &integration, LogLevel::Warn, message)?;
        }
        Ok(())
    });
    logged.await.expect("lines");
}

fn logs_of_bot(given: &Given, start: &str, end: &str) -> String {
    let bot = &given.bot.id;
    format!("/v1/admin/bots/{bot}/logs?timeStart={start}&timeEnd={end}")
}

fn messages(page: &Value) -> Vec<String> {
    let logs = page["logs"].as_array().expect("logs");
    logs.iter().map(|line| text(&line["message"])).collect()
}

#[tokio::test]
async fn get_bot_logs_by_time() {
    let given = Given::new().await;
    log(&given, vec!["at noon".to_owned()]).await;
    given.server.clock.advance(Duration::from_secs(3600));
    log(&given, vec!["at one".to_owned()]).await;
    let path = logs_of_bot(&given, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00.001Z");
    let both = Caller::member().get(&given.server, &path).await;
    assert_answer!("get_bot_logs", both.expect(200));
    let path = logs_of_bot(&given, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z");
    let first = Caller::member().get(&given.server, &path).await.json();
    assert_eq!(messages(&first), ["at noon"]);
    let path = logs_of_bot(&given, "2026-03-01T13:30:00+01:00", "2026-03-02");
    let second = Caller::member().get(&given.server, &path).await.json();
    assert_eq!(messages(&second), ["at one"]);
    let bad = logs_of_bot(&given, "yesterday", "2026-03-02");
    let bad = Caller::member().get(&given.server, &bad).await;
    assert_answer!("get_bot_logs_bad_time", bad.expect(400));
    let missing = format!("/v1/admin/bots/{}/logs?timeStart=2026-03-01", given.bot.id);
    let missing = Caller::member().get(&given.server, &missing).await;
    assert_answer!("get_bot_logs_without_end", missing.expect(400));
    let path = logs_of_bot(&given, "2026-03-01", "2026-03-02");
    stranger(&given.server)
        .await
        .get(&given.server, &path)
        .await
        .expect(404);
}

#[tokio::test]
async fn get_bot_logs_is_paged() {
    let given = Given::new().await;
    let lines: Vec<String> = (0..45).map(|number| format!("line {number}")).collect();
    log(&given, lines.clone()).await;
    let path = logs_of_bot(&given, "2026-03-01", "2026-03-02");
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = Caller::member()
            .get(&given.server, &format!("{path}{next}"))
            .await;
        let page = page.expect(200).json();
        all.extend(messages(&page));
        let Some(token) = page["nextToken"].as_str() else {
            break;
        };
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        next = format!("&nextToken={token}");
        log(&given, vec!["newer".to_owned()]).await;
    }
    all.reverse();
    assert_eq!(all, lines);
}

#[tokio::test]
async fn get_bot_logs_are_bounded_by_number_size_and_age() {
    let server = TestServer::with(|config| {
        config.bots.log_lines = 10;
        config.bots.log_line_bytes = 5;
        config.bots.log_days = 2;
    });
    let given = Given::on(server.await).await;
    log(&given, vec!["ééé".to_owned(); 2000]).await;
    let count = || {
        let conn = Connection::open(&given.server.config.store.path).expect("the database");
        let count =
            "SELECT (SELECT count(*) FROM bot_logs) + (SELECT count(*) FROM integration_logs)";
        conn.query_row(count, [], |row| row.get::<_, i64>(0))
            .expect("a count")
    };
    // Each line has one chance in 64 to have the old ones removed.
    assert!(count() < 2 * (10 + 1000), "{}", count());
    let path = logs_of_bot(&given, "2026-03-01", "2026-03-02");
    let page = Caller::member().get(&given.server, &path).await.json();
    assert_eq!(messages(&page)[0], "éé");
    given
        .server
        .clock
        .advance(Duration::from_secs(3 * 24 * 3600));
    maintenance::run_once(given.server.server().app())
        .await
        .expect("the work");
    assert_eq!(count(), 0);
}

#[tokio::test]
async fn get_integration_logs_by_time() {
    let given = Given::new().await;
    log(&given, vec!["at noon".to_owned()]).await;
    let period = "logs?timeStart=2026-03-01&timeEnd=2026-03-02";
    let path = format!("/v1/admin/integrations/{}/{period}", given.integration.id);
    let read = Caller::member().get(&given.server, &path).await;
    assert_answer!("get_integration_logs", read.expect(200));
    stranger(&given.server)
        .await
        .get(&given.server, &path)
        .await
        .expect(404);
    let missing = format!("/v1/admin/integrations/none/{period}");
    Caller::member()
        .get(&given.server, &missing)
        .await
        .expect(404);
    let bad = path.replace("2026-03-02", "never");
    let bad = Caller::member().get(&given.server, &bad).await.expect(400);
    assert_eq!(bad.json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn get_bot_webchat_leads_to_the_page_of_this_server() {
    let given = Given::new().await;
    let path = format!("/v1/admin/bots/{}/webchat", given.bot.id);
    for sort in ["preconfigured", "configurable", "fullscreen", "sharableUrl"] {
        let answer = Caller::member()
            .get(&given.server, &format!("{path}?type={sort}"))
            .await;
        let answer = answer.expect(200);
        let api = text(&answer.json()["apiUrl"]);
        let (_, webhook) = api.rsplit_once("/webhook/").expect("a webhook");
        let texts = [(given.bot.id.as_str(), "{bot}"), (webhook, "{webhook}")];
        let answer = tidy(&given.server, answer, &texts);
        let code = text(&answer.json()["code"]);
        assert!(
            code.contains("http://server/chat/") && code.contains("{bot}"),
            "{code}"
        );
        insta::assert_snapshot!(format!("get_bot_webchat_{sort}"), answer.shown());
    }
    let bad = Caller::member()
        .get(&given.server, &format!("{path}?type=other"))
        .await;
    assert_answer!("get_bot_webchat_other", bad.expect(400));
    let path = format!("{path}?type=fullscreen");
    stranger(&given.server)
        .await
        .get(&given.server, &path)
        .await
        .expect(404);
}

/// Writes messages and events of the bot straight into its rows: user by number (none is the bot),
/// conversation, seconds after midnight of 2026-03-01.
fn fill(given: &Given, messages: &[(Option<i64>, i64, i64)], events: &[(&str, i64)]) {
    let midnight = 1_772_323_200_000_000_i64;
    let conn = Connection::open(&given.server.config.store.path).expect("the database");
    let agent: i64 = conn
        .query_row(
            "SELECT seq FROM agents WHERE id = ?1",
            [given.bot.id.as_str()],
            |row| row.get(0),
        )
        .expect("the bot");
    let users: Vec<i64> = conn
        .prepare("SELECT seq FROM end_users WHERE agent_id = ?1 ORDER BY seq")
        .expect("a statement")
        .query_map([given.bot.id.as_str()], |row| row.get(0))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    for conversation in 1..=2 {
        conn.execute(
            "INSERT INTO conversations (seq, id, agent_seq, integration, channel, tags, created_at,
                 updated_at) VALUES (?1, 'c' || ?1, ?2, '', 'direct', '{}', 0, 0)",
            params![conversation, agent],
        )
        .expect("a conversation");
    }
    for (number, (user, conversation, at)) in (0_i64..).zip(messages) {
        let seq = user.map(|user| users[usize::try_from(user).expect("a user")]);
        conn.execute(
            "INSERT INTO messages (id, agent_seq, conversation_seq, user_seq, incoming, type, payload,
                 tags, created_at) VALUES ('m' || ?1, ?2, ?3, ?4, ?5, 'text', '{}', '{}', ?6)",
            params![number, agent, conversation, seq, seq.is_some(), midnight + at * 1_000_000],
        )
        .expect("a message");
    }
    conn.execute_batch(
        "INSERT INTO messages_of_agent (agent_seq, incoming, created_at, seq)
         SELECT agent_seq, incoming, created_at, seq FROM messages",
    )
    .expect("where the messages are found");
    for (number, (kind, at)) in (0_i64..).zip(events) {
        conn.execute(
            "INSERT INTO events (id, agent_seq, type, payload, after_message, created_at)
             VALUES ('e' || ?1, ?2, ?3, '{}', 0, ?4)",
            params![number, agent, kind, midnight + at * 1_000_000],
        )
        .expect("an event");
    }
}

#[tokio::test]
async fn get_bot_analytics_counts_rows_by_day() {
    let given = Given::new().await;
    let user = json!({"tags": {}});
    for _ in 0..2 {
        let made = given
            .as_bot()
            .post(&given.server, "/v1/chat/users", user.clone())
            .await;
        made.expect(201);
    }
    let (noon, day) = (12 * 3600, 24 * 3600);
    let messages = [
        (Some(0), 1, noon + 60),
        (Some(0), 1, noon + 120),
        (None, 1, noon + 130),
        // A long break, and another conversation.
        (Some(0), 1, noon + 120 + 1801),
        (Some(1), 2, noon + 60),
        // A session that lasts over midnight is one.
        (Some(1), 2, day - 60),
        (Some(1), 2, day + 60),
        (Some(1), 2, day + 7200),
    ];
    fill(
        &given,
        &messages,
        &[
            ("reminder", noon),
            ("reminder", day + 5),
            ("whint:ping", day),
        ],
    );
    let path = format!("/v1/admin/bots/{}/analytics", given.bot.id);
    let period = "startDate=2026-03-01T08:00:00Z&endDate=2026-03-03T00:00:00Z";
    let answer = Caller::member()
        .get(&given.server, &format!("{path}?{period}"))
        .await;
    assert_answer!("get_bot_analytics", answer.expect(200));
    for (name, bad) in [
        ("empty", "startDate=2026-03-01&endDate=2026-03-01"),
        ("long", "startDate=2025-01-01&endDate=2026-03-01"),
        ("no_date", "startDate=today&endDate=2026-03-01"),
        ("missing", "startDate=2026-03-01"),
    ] {
        let answer = Caller::member()
            .get(&given.server, &format!("{path}?{bad}"))
            .await;
        insta::assert_snapshot!(
            format!("get_bot_analytics_{name}"),
            answer.expect(400).shown()
        );
    }
    let foreign = stranger(&given.server).await;
    foreign
        .get(&given.server, &format!("{path}?{period}"))
        .await
        .expect(404);
}
