//! Installations are known by their alias in the bot, and by the name of their integration.

use serde_json::{Value, json};

use super::Pair;
use crate::botpress::given::Caller;

const ACTIONS: &str = "/v1/chat/actions";
const CONVERSATIONS: &str = "/v1/chat/conversations";
const EVENTS: &str = "/v1/chat/events";

impl Pair {
    /// Gives the installation an alias.
    async fn name_it(&self, alias: &str) {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let entry = json!({"integrationId": self.given.integration.id});
        let body = json!({"integrations": {alias: entry}});
        let server = &self.given.server;
        Caller::member().put(server, &path, body).await.expect(200);
        self.settled().await;
    }

    async fn get(&self, caller: &Caller, path: &str) -> Value {
        caller
            .get(&self.given.server, path)
            .await
            .expect(200)
            .json()
    }

    /// The types of the listed events of a type.
    async fn types(&self, caller: &Caller, kind: &str) -> Vec<Value> {
        let found = self.get(caller, &format!("{EVENTS}?type={kind}")).await;
        let found = found["events"].as_array().expect("events").clone();
        found.iter().map(|event| event["type"].clone()).collect()
    }
}

#[tokio::test]
async fn actions_are_called_by_alias_and_by_name() {
    let pair = Pair::start().await;
    pair.name_it("loud").await;
    pair.integration.answer_with(200, r#"{"output":{}}"#);
    let (server, bot) = (&pair.given.server, pair.given.as_bot());
    let integration = pair.given.as_integration();
    for (caller, kind, status) in [
        (&bot, "loud:whisper", 200),
        (&bot, "whint:whisper", 200),
        (&bot, "quiet:whisper", 400),
        (&bot, "loud:shout", 400),
        (&integration, "loud:whisper", 200),
        (&integration, "whint:whisper", 200),
        (&integration, "other:whisper", 409),
    ] {
        let body = json!({"type": kind, "input": {"text": "Hello"}});
        let answer = caller.post(server, ACTIONS, body).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}");
    }
    let asked = pair.integration.asked().pop().expect("a call");
    assert_eq!(asked.header("x-bp-type"), "whisper");
    assert_eq!(asked.header("x-integration-alias"), "loud");
    let runs = format!("/v1/admin/bots/{}/action-runs", pair.given.bot.id);
    for name in ["loud", "whint"] {
        let path = format!("{runs}?integrationName={name}");
        let found = pair.get(&Caller::member(), &path).await;
        assert_eq!(found["data"].as_array().map(Vec::len), Some(4), "{name}");
    }
}

#[tokio::test]
async fn conversations_show_the_alias_to_the_bot() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.name_it("loud").await;
    let (bot, integration) = (pair.given.as_bot(), pair.given.as_integration());
    let path = format!("{CONVERSATIONS}/{}", someone.1);
    let shown = |found: &Value| found["conversation"]["integration"].clone();
    assert_eq!(shown(&pair.get(&bot, &path).await), "loud");
    assert_eq!(shown(&pair.get(&integration, &path).await), "whint");
    for (caller, name) in [
        (&bot, "loud"),
        (&bot, "whint"),
        (&integration, "loud"),
        (&integration, "whint"),
    ] {
        let path = format!("{CONVERSATIONS}?integrationName={name}");
        let found = pair.get(caller, &path).await;
        let found = found["conversations"].as_array().map(Vec::len);
        assert_eq!(found, Some(1), "{name}");
    }
    pair.say(&someone, "Hi").await;
    pair.settled().await;
    let told = pair.bot.asked().pop().expect("an event").json();
    let conversation = &told["event"]["payload"]["conversation"];
    assert_eq!(conversation["integration"], "loud");
    // The bot asks the integration for a conversation.
    let reply = json!({"conversation": {"id": someone.1}}).to_string();
    pair.integration.answer_with(200, &reply);
    let new = json!({"channel": "direct", "tags": {"id": "c9"}, "integrationName": "loud"});
    let made = bot.post(&pair.given.server, CONVERSATIONS, new).await;
    assert_eq!(shown(&made.expect(201).json()), "loud");
    let asked = pair.integration.asked().pop().expect("a call").json();
    assert_eq!(asked["tags"], json!({"whint:id": "c9"}));
    // Without the alias it has its name again.
    let path_of_bot = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let body = json!({"integrations": {"loud": null}});
    let member = Caller::member();
    let removed = member.put(&pair.given.server, &path_of_bot, body);
    removed.await.expect(200);
    assert_eq!(shown(&pair.get(&bot, &path).await), "whint");
}

#[tokio::test]
async fn events_show_the_alias_to_the_bot() {
    let pair = Pair::start().await;
    pair.name_it("loud").await;
    let (server, bot) = (&pair.given.server, pair.given.as_bot());
    let integration = pair.given.as_integration();
    for (caller, kind, shown) in [
        (&integration, "ping", "whint:ping"),
        (&integration, "whint:ping", "whint:ping"),
        (&integration, "loud:ping", "whint:ping"),
        (&bot, "loud:ping", "loud:ping"),
        (&bot, "whint:ping", "loud:ping"),
    ] {
        let body = json!({"type": kind, "payload": {"at": "noon"}});
        let made = caller.post(server, EVENTS, body).await.expect(201);
        assert_eq!(made.json()["event"]["type"], shown, "{kind}");
    }
    pair.settled().await;
    let told = pair.bot.asked();
    assert_eq!(told.len(), 5);
    for told in told {
        assert_eq!(told.header("x-bp-type"), "loud:ping");
        assert_eq!(told.json()["event"]["type"], "loud:ping");
    }
    for kind in ["loud:ping", "whint:ping"] {
        assert_eq!(pair.types(&bot, kind).await, ["loud:ping"; 5], "{kind}");
    }
    let own = pair.types(&integration, "whint:ping").await;
    assert_eq!(own, ["whint:ping"; 5]);
    let body = json!({"type": "reminder", "payload": {"text": "Call Ann"}});
    let made = bot.post(server, EVENTS, body).await.expect(201);
    assert_eq!(made.json()["event"]["type"], "reminder");
}
