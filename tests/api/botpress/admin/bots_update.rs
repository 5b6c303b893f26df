//! Changing bots.

use parlance::kernel::Timestamp;
use rusqlite::{Connection, named_params};
use serde_json::{Value, json};

use super::{role, stranger, tidy};
use crate::{
    botpress::{
        given::{Caller, Given},
        runtime::{bot_logs, settled},
    },
    support::{TestServer, assert_answer, file_contains},
};

fn path(given: &Given) -> String {
    format!("/v1/admin/bots/{}", given.bot.id)
}

async fn put(given: &Given, body: Value) -> crate::support::Answer {
    Caller::member()
        .put(&given.server, &path(given), body)
        .await
}

#[tokio::test]
async fn update_bot_sets_what_is_named_and_removes_what_is_null() {
    let given = Given::new().await;
    let webhook = given_webhook(&given).await;
    let body = json!({
        "name": "renamed",
        "user": {"tags": {"plan": null, "tier": {"title": "Tier"}}},
        "message": {"tags": {}},
        "states": {"memory": null},
        "events": {"farewell": {"schema": {"type": "object"}}},
        "configuration": {"data": {"color": "red"}, "schema": {"type": "object"}},
        "medias": [{"url": "https://example.com/a.png", "name": "a"}],
        "code": "module.exports = {}",
        "blocked": true,
        "authentication": "iam",
    });
    let changed = put(&given, body).await.expect(200);
    let texts = [
        (webhook.as_str(), "{webhook}"),
        (given.integration.id.as_str(), "{integration}"),
    ];
    let read = Caller::member().get(&given.server, &path(&given)).await;
    assert_eq!(read.json(), changed.json());
    assert_answer!(tidy(&given.server, changed, &texts));
}

async fn given_webhook(given: &Given) -> String {
    let read = Caller::member().get(&given.server, &path(given)).await;
    let id = given.integration.id.as_str();
    super::text(&read.json()["bot"]["integrations"][id]["webhookId"])
}

#[tokio::test]
async fn update_bot_refuses_what_is_malformed() {
    let given = Given::new().await;
    for (name, body) in [
        (
            "identifier",
            json!({"states": {"Bad-name": {"type": "bot", "schema": {}}}}),
        ),
        (
            "schema",
            json!({"events": {"reminder": {"schema": {"type": 5}}}}),
        ),
        ("type", json!({"blocked": "yes", "authentication": "other"})),
        ("name", json!({"name": ""})),
        (
            "cron",
            json!({"recurringEvents": {"daily": {
                "schedule": {"cron": "every day"}, "type": "reminder", "payload": {},
            }}}),
        ),
        (
            "payload",
            json!({"recurringEvents": {"daily": {
                "schedule": {"cron": "0 9 * * *"}, "type": "reminder", "payload": {"text": 5},
            }}}),
        ),
        ("url", json!({"url": "http://127.0.0.1:8075"})),
        (
            "configuration",
            json!({"configuration": {
                "data": {"color": 1},
                "schema": {"type": "object", "properties": {"color": {"type": "string"}}},
            }}),
        ),
    ] {
        let answer = put(&given, body).await.expect(400);
        insta::assert_snapshot!(format!("update_bot_{name}"), answer.shown());
    }
    let read = Caller::member().get(&given.server, &path(&given)).await;
    assert_eq!(read.json()["bot"]["name"], "helper", "nothing is half done");
}

#[tokio::test]
async fn update_bot_takes_a_schema_before_there_is_a_configuration() {
    let given = Given::new().await;
    let schema = json!({"type": "object", "required": ["color"]});
    put(&given, json!({"configuration": {"schema": schema}}))
        .await
        .expect(200);
    put(&given, json!({"configuration": {"data": {"size": 1}}}))
        .await
        .expect(400);
    put(&given, json!({"configuration": {"data": {"color": "red"}}}))
        .await
        .expect(200);
    let other = json!({"type": "object", "required": ["size"]});
    put(&given, json!({"configuration": {"schema": other}}))
        .await
        .expect(400);
}

#[tokio::test]
async fn update_bot_changes_what_may_be_set_at_once() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let user = |tags: Value| json!({"tags": tags});
    let tier = user(json!({"tier": "gold"}));
    bot.post(server, "/v1/chat/users", tier.clone())
        .await
        .expect(400);
    put(
        &given,
        json!({"user": {"tags": {"tier": {}, "plan": null}}}),
    )
    .await
    .expect(200);
    bot.post(server, "/v1/chat/users", tier).await.expect(201);
    let plan = user(json!({"plan": "free"}));
    bot.post(server, "/v1/chat/users", plan).await.expect(400);
}

/// When the recurring events of the bot are due.
fn schedules(given: &Given) -> Vec<(String, i64)> {
    let conn = Connection::open(&given.server.config.store.path).expect("the database");
    let mut statement = conn
        .prepare(
            "SELECT recurring, due_at FROM bot_schedules JOIN agents ON agents.seq = agent_seq
             WHERE agents.id = :id ORDER BY recurring",
        )
        .expect("a statement");
    let rows = statement.query_map(named_params! {":id": given.bot.id.as_str()}, |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

#[tokio::test]
async fn update_bot_schedules_recurring_events() {
    let given = Given::new().await;
    let event = |cron: &str| json!({"schedule": {"cron": cron}, "type": "reminder", "payload": {"text": "now"}});
    let events = json!({"daily": event("0 9 * * *"), "hourly": event("0 * * * *")});
    put(&given, json!({"recurringEvents": events}))
        .await
        .expect(200);
    let before = schedules(&given);
    assert_eq!(before.len(), 2);
    for (name, due_at) in &before {
        let expected = match name.as_str() {
            "daily" => "2026-03-02T09:00:00.000Z",
            _ => "2026-03-01T13:00:00.000Z",
        };
        assert_eq!(
            Timestamp::from_micros(*due_at).to_rfc3339_millis(),
            expected
        );
    }
    given
        .server
        .clock
        .advance(std::time::Duration::from_secs(1800));
    let events = json!({"daily": null, "hourly": event("0 * * * *"), "weekly": event("0 0 * * 0")});
    put(&given, json!({"recurringEvents": events}))
        .await
        .expect(200);
    let after = schedules(&given);
    let names: Vec<&str> = after.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hourly", "weekly"]);
    assert_eq!(
        after[0], before[1],
        "what has not changed stays due when it was"
    );
}

/// The vendor's own bots have a zod schema in place of the payload, which its CLI sends as JSON.
#[tokio::test]
async fn update_bot_takes_a_recurring_event_with_other_members() {
    let given = Given::new().await;
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let payload = json!({"_def": {}, "__type__": "ZuiType"});
    let event = json!({"schedule": {"cron": "0 * * * *"}, "type": "tick", "payload": payload});
    let body = json!({"events": {"tick": {"schema": schema}}, "recurringEvents": {"each": event}});
    let updated = put(&given, body).await.expect(200).json();
    assert_eq!(
        updated["bot"]["recurringEvents"]["each"]["payload"],
        payload
    );
    let strict = json!({"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"], "additionalProperties": false});
    put(&given, json!({"events": {"tick": {"schema": strict}}}))
        .await
        .expect(400);
}

#[tokio::test]
async fn update_bot_deploys() {
    let given = Given::new().await;
    let read = Caller::member()
        .get(&given.server, &path(&given))
        .await
        .json();
    assert!(read["bot"].get("deployedAt").is_none());
    let named = put(&given, json!({"name": "b"})).await.json();
    assert!(named["bot"].get("deployedAt").is_none());
    let deployed = put(&given, json!({"code": "module.exports = {}"}))
        .await
        .json();
    assert_eq!(deployed["bot"]["deployedAt"], deployed["bot"]["updatedAt"]);
}

#[tokio::test]
async fn update_bot_takes_the_url_of_one_in_development() {
    let given = Given::new().await;
    let server = &given.server;
    let body = json!({"dev": true, "url": "http://127.0.0.1:8075"});
    let made = Caller::member().post(server, "/v1/admin/bots", body).await;
    let made = made.expect(200).json();
    assert_eq!(made["bot"]["dev"], true);
    let path = format!("/v1/admin/bots/{}", super::text(&made["bot"]["id"]));
    let moved = json!({"url": "http://127.0.0.1:8076/x"});
    Caller::member().put(server, &path, moved).await.expect(200);
    let bad = json!({"url": "file:///etc/passwd"});
    assert_answer!(Caller::member().put(server, &path, bad).await.expect(400));
    let body = json!({"url": "http://127.0.0.1:8075"});
    Caller::member()
        .post(server, "/v1/admin/bots", body)
        .await
        .expect(400);
}

#[tokio::test]
async fn update_bot_needs_a_developer_of_its_workspace() {
    let given = Given::new().await;
    let server = &given.server;
    let body = json!({"name": "theirs"});
    for (name, status) in [("viewer", 403), ("billing", 403), ("developer", 200)] {
        let caller = role(server, name).await;
        let answer = caller.put(server, &path(&given), body.clone()).await;
        assert_eq!(answer.status, status, "{name}");
    }
    let other = stranger(server).await;
    other
        .put(server, &path(&given), body.clone())
        .await
        .expect(404);
    let missing = Caller::member()
        .put(server, "/v1/admin/bots/none", body.clone())
        .await;
    missing.expect(404);
    let bot = Caller::with(&given.bot_token).header("x-workspace-id", crate::support::WORKSPACE);
    bot.put(server, &path(&given), body).await.expect(403);
}

/// Names alone are shown; the code has the values in its environment, anew after each change.
#[tokio::test(flavor = "multi_thread")]
async fn update_bot_sets_secrets() {
    let code = "exports.handler = () => {
        const names = Object.keys(process.env).filter((name) => name.startsWith('SECRET_'))
        console.log(names.map((name) => name + ' ' + process.env[name].length).join(', ') || 'none')
    }";
    let server = TestServer::start().await;
    let member = Caller::member();
    let made = member.post(&server, "/v1/admin/bots", json!({"code": code}));
    let made = made.await.expect(200).json();
    assert_eq!(made["bot"]["secrets"], json!([]));
    let path = format!(
        "/v1/admin/bots/{}",
        made["bot"]["id"].as_str().expect("an id")
    );
    settled(&server).await;
    let put = async |body: Value| Caller::member().put(&server, &path, body).await;
    let secrets = json!({"TOKEN": "planted-bot-secret-2c81", "OTHER": "x"});
    let set = put(json!({"secrets": secrets, "code": code}))
        .await
        .expect(200);
    assert_eq!(set.json()["bot"]["secrets"], json!(["OTHER", "TOKEN"]));
    assert!(!set.text.contains("planted-bot-secret-2c81"));
    settled(&server).await;
    let changed = put(json!({"secrets": {"OTHER": null, "TOKEN": "abc"}, "code": code})).await;
    assert_eq!(
        changed.expect(200).json()["bot"]["secrets"],
        json!(["TOKEN"])
    );
    settled(&server).await;
    let read = Caller::member().get(&server, &path).await.expect(200);
    assert_eq!(read.json()["bot"]["secrets"], json!(["TOKEN"]));
    let expected = [
        "info none",
        "info SECRET_OTHER 1, SECRET_TOKEN 23",
        "info SECRET_TOKEN 3",
    ];
    assert_eq!(bot_logs(&server), expected);
    let file = &server.config.store.path;
    for name in ["", "-wal"] {
        let path = file.with_file_name(format!("parlance.db{name}"));
        assert!(!path.exists() || !file_contains(&path, "planted-bot-secret-2c81"));
    }
}

#[tokio::test]
async fn update_bot_refuses_secrets_that_are_none() {
    let server = TestServer::with(|config| config.bounds.secrets = 2).await;
    let given = Given::on(server).await;
    for name in ["", "1A", "A-B", "A B", "ä", &"A".repeat(101)] {
        let refused = put(&given, json!({"secrets": {name: "x"}}))
            .await
            .expect(400);
        assert_eq!(refused.json()["type"], "InvalidPayload", "{name}");
    }
    let longest = "é".repeat(20_000);
    put(&given, json!({"secrets": {"A": longest}}))
        .await
        .expect(200);
    let refused = put(&given, json!({"secrets": {"A": format!("{longest}x")}})).await;
    assert_eq!(refused.expect(400).json()["type"], "InvalidPayload");
    put(&given, json!({"secrets": {"A": "1", "B": "2", "C": null}}))
        .await
        .expect(200);
    let refused = put(&given, json!({"secrets": {"C": "3"}})).await;
    assert_eq!(refused.json()["type"], "LimitExceeded", "{}", refused.text);
    assert!(refused.text.contains("bounds.secrets"), "{}", refused.text);
    put(&given, json!({"secrets": {"B": null}}))
        .await
        .expect(200);
    put(&given, json!({"secrets": {"C": "3"}}))
        .await
        .expect(200);
}

#[tokio::test]
async fn update_bot_keeps_what_has_no_effect() {
    let server = TestServer::start().await;
    let made = Caller::member()
        .post(&server, "/v1/admin/bots", json!({}))
        .await;
    let made = made.expect(200).json()["bot"].clone();
    assert_eq!(made["subscriptions"], json!({"events": null}));
    assert_eq!(
        (&made["tags"], &made["alwaysAlive"]),
        (&json!({}), &json!(false))
    );
    assert_eq!(made["status"], "active");
    let path = format!("/v1/admin/bots/{}", made["id"].as_str().expect("an id"));
    let put = async |body: Value| {
        let updated = Caller::member().put(&server, &path, body).await;
        updated.expect(200).json()["bot"].clone()
    };
    let updated = put(json!({
        "tags": {"color": "blue", "size": "small"},
        "subscriptions": {"events": {"whint:ping": {}}},
        "alwaysAlive": true,
    }))
    .await;
    assert_eq!(
        updated["subscriptions"],
        json!({"events": {"whint:ping": {}}})
    );
    assert_eq!(updated["alwaysAlive"], true);
    let body = json!({"tags": {"size": null}, "subscriptions": {"events": null}});
    let updated = put(body).await;
    assert_eq!(updated["tags"], json!({"color": "blue"}));
    assert_eq!(updated["subscriptions"], json!({"events": null}));
    let long = json!({"tags": {"color": "x".repeat(501)}});
    let refused = Caller::member().put(&server, &path, long).await.expect(400);
    assert!(refused.text.contains("tags/color"), "{}", refused.text);
}
