//! Botpress: creating messages and listing them, with one bot and with many.
//!
//! The rows that are there before are written into the database beside the server: a million of
//! them through the API would take longer than the measurement.

use std::path::Path;

use anyhow::{Context, Result};
use parlance::{
    domain::{
        Change, api_keys,
        api_keys::{KeyKind, Owner},
        audit::Actor,
        bots,
        bots::{Bot, NewBot},
        installations,
        integrations::{self, NewIntegration},
    },
    kernel::{Clock, Secret, ids::WorkspaceId},
    store::{self, Sealer, Store, seal},
};
use serde_json::{Value, json};

use super::{
    client::Connection,
    phase::{self, Requests},
    process::Server,
    report::{Report, Row, Target},
    settings::Settings,
};

/// How many messages there are in the conversation that is listed.
const MESSAGES: i64 = 1_000_000;
/// How many bots there are, and how many conversations each has, where there are many.
const MANY: i64 = 1_000;
/// How many different requests are made where there are many.
const REQUESTS: usize = 20_000;

const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";

/// What the requests are about.
struct Place {
    token: Secret,
    bot: Bot,
}

/// Measures, beside the control's requests a second for GET and POST in the same run.
pub async fn measure(
    directory: &Path,
    server: &Server,
    (get, post): (f64, f64),
    settings: &Settings,
    report: &mut Report,
) -> Result<()> {
    let place = seed(directory).await?;
    let conversation = conversation(server, &place).await?;
    let create: Requests = vec![place.create(place.bot.id.as_str(), &conversation)].into();
    let one = phase::run(server, &create, settings).await?;
    fill(directory).await?;
    let path = format!("/v1/chat/messages?conversationId={conversation}");
    let list: Requests = vec![place.request("GET", place.bot.id.as_str(), &path, None)].into();
    let listed = phase::run(server, &list, settings).await?;
    let many = phase::run(server, &many(&place).into(), settings).await?;

    let mut row = |name: &str, phase: &phase::Phase, ratio: Option<f64>| {
        let p99 = phase.latencies.quantile(0.99).as_secs_f64() * 1000.0;
        report.row(Row {
            name: name.to_owned(),
            per_second: Some(phase.per_second),
            processor: Some(phase.processor),
            p50: phase.latencies.quantile(0.5).as_secs_f64() * 1000.0,
            p99,
            ratio,
        });
        p99
    };
    let (creating, listing) = (one.per_second / post, listed.per_second / get);
    let p99 = row("botpress create message", &one, Some(creating));
    row("botpress list 20 of 1,000,000", &listed, Some(listing));
    let p99_of_many = row("botpress create, 1,000 bots x 1,000", &many, None);
    report.target(Target::at_least("create message to control", creating, 0.4));
    report.target(Target::at_least("list messages to control", listing, 0.4));
    report.target(Target::at_most("create message p99", p99, 20.0, "ms"));
    let slower = p99_of_many / p99;
    report.target(Target::at_most(
        "p99 of many to that of one",
        slower,
        1.5,
        "",
    ));
    Ok(())
}

fn open(directory: &Path) -> Result<Store> {
    let settings = store::Settings {
        path: directory.join("load.db"),
        ..store::Settings::default()
    };
    Ok(Store::open_beside(&settings)?)
}

/// A bot with an integration, and a token of it.
async fn seed(directory: &Path) -> Result<Place> {
    let store = open(directory)?;
    let sealer = Sealer::of(&store, &seal::Settings::default()).await?;
    let now = Clock::system().now();
    let made = store.write(move |conn| {
        let change = Change::new(conn, now, &Actor::Operator);
        let workspace = WorkspaceId::from(WORKSPACE);
        let bot = bots::make(&change, &sealer, &workspace, None, NewBot::default())?;
        let definition = json!({
            "channels": {"direct": {
                "messages": {"text": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string"}},
                }},
                "message": {"tags": {"id": {}}},
            }},
        });
        let new = NewIntegration {
            name: "whint".to_owned(),
            version: "1.0.0".to_owned(),
            definition: serde_json::from_value(definition).unwrap_or_default(),
            ..NewIntegration::default()
        };
        let integration = integrations::make(&change, &workspace, new)?;
        let configuration = serde_json::Map::new();
        installations::install(&change, &sealer, &bot, &integration, &configuration)?;
        let account =
            conn.query_row("SELECT id FROM accounts", [], |row| row.get::<_, String>(0))?;
        let owner = Owner::Account(account.into());
        let (_, token) = api_keys::create(&change, KeyKind::BotpressPat, &owner, "load")?;
        Ok(Place { token, bot })
    });
    Ok(made.await?)
}

/// A conversation of the bot.
async fn conversation(server: &Server, place: &Place) -> Result<String> {
    let body = json!({"channel": "direct", "tags": {}}).to_string();
    let bot = place.bot.id.as_str();
    let path = "/v1/chat/conversations/get-or-create";
    let request = place.request("POST", bot, path, Some(&body));
    let mut connection = Connection::open(server.address).await?;
    let made: Value = serde_json::from_slice(connection.call(&request).await?)?;
    let id = made["conversation"]["id"].as_str();
    Ok(id.context("a conversation without an id")?.to_owned())
}

/// A million messages in that conversation, and a thousand bots with a thousand conversations each.
async fn fill(directory: &Path) -> Result<()> {
    let fill = format!(
        "
        INSERT INTO messages (id, agent_seq, conversation_seq, incoming, type, payload, tags, created_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MESSAGES})
        SELECT 'm' || i, c.agent_seq, c.seq, 0, 'text', '{{\"text\":\"Hello\"}}', '{{}}', c.created_at + i
        FROM n, conversations c;
        INSERT INTO agents (id, workspace_id, handle, name, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
        SELECT 'bot' || i, '{WORKSPACE}', 'bot' || i, 'bot', 0, 0 FROM n;
        INSERT INTO bot_integrations
            (agent_seq, integration_seq, webhook_id, enabled, status, configuration, created_at, updated_at)
        SELECT agents.seq, integrations.seq, 'w' || agents.id, 1, 'registered', x'00', 0, 0
        FROM agents, integrations WHERE agents.id LIKE 'bot%';
        INSERT INTO conversations (id, agent_seq, integration, channel, tags, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
        SELECT agents.id || '-' || i, agents.seq, 'whint', 'direct', '{{}}', 0, 0
        FROM agents, n WHERE agents.id LIKE 'bot%';"
    );
    let store = open(directory)?;
    Ok(store
        .write(move |conn| Ok(conn.execute_batch(&fill)?))
        .await?)
}

/// New messages all over the bots and their conversations.
fn many(place: &Place) -> Vec<Vec<u8>> {
    let requests = (0..REQUESTS).map(|number| {
        // Steps that share no factor with the numbers of them reach all, in no order.
        let (bot, conversation) = (number * 7 % 1000 + 1, number * 389 % 1000 + 1);
        let bot = format!("bot{bot}");
        place.create(&bot, &format!("{bot}-{conversation}"))
    });
    requests.collect()
}

impl Place {
    /// A new message of a bot.
    fn create(&self, bot: &str, conversation: &str) -> Vec<u8> {
        let body = json!({
            "type": "text", "payload": {"text": "Hello, how can I help you today?"},
            "userId": bot, "conversationId": conversation, "tags": {"whint:id": "1043"},
        });
        self.request("POST", bot, "/v1/chat/messages", Some(&body.to_string()))
    }

    fn request(&self, method: &str, bot: &str, path: &str, body: Option<&str>) -> Vec<u8> {
        let body = body.unwrap_or_default();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\
             x-bot-id: {bot}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token.expose(),
            body.len(),
        )
        .into_bytes()
    }
}
