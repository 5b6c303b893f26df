//! Botpress: creating messages and listing them, with one bot and with many.
//!
//! What is there before is written into the database beside the server: a million messages through
//! the API would take longer than the measurement.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use parlance::store::{self, Store};
use rusqlite::params;
use serde_json::{Value, json};

use super::{
    client::Connection,
    phase::{self, Pace},
    process::Server,
    report::{Report, Target},
    requests::{Requests, request, write_request},
    settings::Settings,
    suite::{Against, Row, Suite},
};

const TOKEN: &str = "bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str =
    "authorization: Bearer bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
/// The first workspace, as it is by default.
const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";
const MESSAGES: &str = "/v1/chat/messages";
/// Messages of a page.
const PAGE: usize = 20;
/// How many messages are written in one transaction, which the server's own wait for.
const BATCH: u64 = 20_000;
/// A prime that is larger than any number of conversations is likely to be. Steps of this length go
/// through all of them, in no order.
const STEP: u64 = 982_451_653;

#[derive(Default)]
pub struct Botpress {
    bot: String,
    /// Where the messages go that are created for one bot.
    conversation: String,
}

impl Suite for Botpress {
    const NAME: &'static str = "botpress";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
        ("LIMITS__BOTPRESS_CHAT__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_MINUTE", "60000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_DAY", "1000000000"),
    ];

    async fn rows(&mut self, server: &Server, _: &Server, settings: &Settings) -> Result<Vec<Row>> {
        let mut connection = Connection::open(server.address).await?;
        self.bot = bot(&mut connection).await?;
        self.conversation = conversation(&mut connection, &self.bot, "short").await?;
        let listed = conversation(&mut connection, &self.bot, "long").await?;
        fill_conversation(database(server)?, &listed, settings.listed).await?;
        let path = format!("{MESSAGES}?conversationId={listed}");
        let list = request("GET", &path, &in_bot(&self.bot), None);
        let page: Value = serde_json::from_slice(connection.call(&list).await?)?;
        let page = page["messages"].as_array().map_or(0, Vec::len);
        ensure!(page == PAGE, "a page of {page} messages");
        Ok(vec![
            Row {
                name: "POST create message",
                control: Against::Post,
                requests: create_for_one(&self.bot, &self.conversation),
                ratio: Some(0.4),
                p99: Some(20.0),
            },
            Row {
                name: "GET 20 messages of a long conversation",
                control: Against::Get,
                requests: Requests::cycle(vec![list]),
                ratio: Some(0.4),
                p99: None,
            },
        ])
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let (bots, conversations) = (settings.bots, settings.conversations);
        let listed = settings.listed.to_string();
        report.fact("botpress: messages of the long conversation".into(), listed);
        let one = create_for_one(&self.bot, &self.conversation);
        let paces = [
            ("full load", Pace::Full),
            ("the same load", Pace::PerSecond(settings.rate)),
        ];
        let mut of_one = Vec::new();
        for (load, pace) in paces {
            let name = format!("botpress: create message, 1 bot, {load}");
            of_one.push(phase::alone(&name, server, &one, pace, settings, report).await?);
        }
        fill_bots(database(server)?, &self.bot, bots, conversations).await?;
        let many = create_for_many(bots, conversations);
        for ((load, pace), of_one) in paces.into_iter().zip(of_one) {
            let name = format!("botpress: create message, {bots} bots x {conversations}, {load}");
            let of_many = phase::alone(&name, server, &many, pace, settings, report).await?;
            let name = format!("botpress: p99 of many bots to that of one, {load}");
            report.target(Target::at_most(name, of_many / of_one, 1.5, ""));
        }
        Ok(())
    }
}

fn database(server: &Server) -> Result<&Path> {
    let database = server.database.as_deref();
    database.context("a server without a database")
}

/// The headers of a person who acts as this bot.
fn in_bot(bot: &str) -> String {
    format!("{AUTHORIZATION}\r\nx-bot-id: {bot}")
}

/// Makes a bot that has an integration with one channel; gives its id.
async fn bot(connection: &mut Connection) -> Result<String> {
    let member = format!("{AUTHORIZATION}\r\nx-workspace-id: {WORKSPACE}");
    let text = json!({
        "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}},
    });
    let integration = json!({
        "name": "whint", "version": "1.0.0",
        "channels": {"direct": {
            "messages": {"text": {"schema": text}},
            "conversation": {
                "tags": {"id": {}}, "creation": {"enabled": true, "requiredTags": ["id"]},
            },
            "message": {"tags": {"id": {}}},
        }},
    });
    let mut made = async |method: &str, path: &str, body: Value, member_of_answer: &str| {
        let made = request(method, path, &member, Some(&body.to_string()));
        let made: Value = serde_json::from_slice(connection.call(&made).await?)?;
        let id = made[member_of_answer]["id"].as_str();
        Ok::<_, anyhow::Error>(id.context("an answer without an id")?.to_owned())
    };
    let path = "/v1/admin/integrations";
    let integration = made("POST", path, integration, "integration").await?;
    let bot = made("POST", "/v1/admin/bots", json!({"name": "bot"}), "bot").await?;
    let installed = json!({"integrations": {integration: {}}});
    made("PUT", &format!("/v1/admin/bots/{bot}"), installed, "bot").await
}

/// Makes a conversation of the bot; gives its id.
async fn conversation(connection: &mut Connection, bot: &str, tag: &str) -> Result<String> {
    let new = json!({"channel": "direct", "tags": {"whint:id": tag}}).to_string();
    let new = request("POST", "/v1/chat/conversations", &in_bot(bot), Some(&new));
    let made: Value = serde_json::from_slice(connection.call(&new).await?)?;
    let id = made["conversation"]["id"].as_str();
    Ok(id.context("a conversation without an id")?.to_owned())
}

/// New messages of one bot.
fn create_for_one(bot: &str, conversation: &str) -> Requests {
    let (bot, conversation) = (bot.to_owned(), conversation.to_owned());
    Requests::new(move |number, buffer| create(buffer, &bot, &conversation, number))
}

/// New messages all over the bots and their conversations.
fn create_for_many(bots: u64, conversations: u64) -> Requests {
    let all = (bots * conversations).max(1);
    Requests::new(move |number, buffer| {
        let at = number % all * (STEP % all) % all;
        let (bot, conversation) = (at / conversations, at % conversations);
        create(
            buffer,
            &bot_id(bot),
            &conversation_id(bot, conversation),
            number,
        );
    })
}

/// Appends the request of a new message of a bot.
fn create(buffer: &mut Vec<u8>, bot: &str, conversation: &str, number: u64) {
    let body = format!(
        r#"{{"type":"text","payload":{{"text":"Hello, how can I help you today?"}},"userId":"{bot}","conversationId":"{conversation}","tags":{{"whint:id":"{number}"}}}}"#
    );
    write_request(buffer, "POST", MESSAGES, &in_bot(bot), Some(&body));
}

fn bot_id(bot: u64) -> String {
    format!("{bot:08x}-0000-7000-b000-000000000000")
}

fn conversation_id(bot: u64, conversation: u64) -> String {
    format!("{bot:08x}-0000-7000-a000-{conversation:012x}")
}

const MESSAGE_ROWS: &str = "
    WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO messages
        (id, agent_seq, conversation_seq, incoming, type, payload, tags, created_at)
    SELECT printf('00000000-0000-7000-8000-%012x', i), agent_seq, conversations.seq, 0, 'text',
           '{\"text\":\"Hello, how can I help you today?\"}', '{}', created_at
    FROM n, conversations WHERE conversations.id = ?1 ORDER BY i";

/// Where the server finds them, which writes this later for its own.
const FOUND_ROWS: &str = "
    INSERT INTO messages_of_conversation (conversation_seq, seq)
    SELECT conversation_seq, seq FROM messages WHERE seq > ?1;
    INSERT INTO messages_of_agent (agent_seq, incoming, created_at, seq)
    SELECT agent_seq, incoming, created_at, seq FROM messages WHERE seq > ?1";

/// So many messages of the bot in a conversation.
async fn fill_conversation(database: &Path, conversation: &str, count: u64) -> Result<()> {
    let store = open(database)?;
    for from in (0..count).step_by(BATCH as usize) {
        let (conversation, until) = (conversation.to_owned(), count.min(from + BATCH));
        let filled = store.write(move |conn| {
            let before: i64 =
                conn.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |row| {
                    row.get(0)
                })?;
            let filled = conn.execute(
                MESSAGE_ROWS,
                params![conversation, from as i64, until as i64],
            )?;
            for sql in FOUND_ROWS.split(';') {
                conn.execute(sql, [before])?;
            }
            Ok(filled)
        });
        let filled = filled.await? as u64;
        ensure!(filled == until - from, "{filled} messages were written");
    }
    store.close();
    Ok(())
}

const BOT_ROW: &str = "
    INSERT INTO agents (id, workspace_id, handle, name, created_at, updated_at)
    SELECT ?2, workspace_id, 'bot-' || ?2, 'bot', created_at, updated_at
    FROM agents WHERE id = ?1";
/// What is sealed of a bot and its installation can be read nowhere else: nothing here asks for it.
const BOTPRESS_ROW: &str = "
    INSERT INTO bots (agent_seq, definition, signing_secret)
    SELECT new.seq, definition, signing_secret
    FROM bots JOIN agents ON agents.seq = bots.agent_seq, agents AS new
    WHERE agents.id = ?1 AND new.id = ?2";
const INSTALLATION_ROW: &str = "
    INSERT INTO bot_integrations
        (agent_seq, integration_seq, webhook_id, enabled, status, configuration, created_at, updated_at)
    SELECT new.seq, integration_seq, ?2, enabled, status, configuration, new.created_at, new.updated_at
    FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq, agents AS new
    WHERE agents.id = ?1 AND new.id = ?2";
/// The bot takes part in them already, as it does where one bot is measured.
const CONVERSATION_ROWS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO conversations
        (id, agent_seq, integration, channel, tags, bot_participates, created_at, updated_at)
    SELECT printf('%s-0000-7000-a000-%012x', substr(agents.id, 1, 8), i), agents.seq, 'whint', 'direct',
           '{\"whint:id\":\"' || i || '\"}', 1, agents.created_at, agents.updated_at
    FROM n, agents WHERE agents.id = ?2 AND ?1 <> ?2 ORDER BY i";

/// So many bots like this one, with so many conversations each.
async fn fill_bots(database: &Path, like: &str, bots: u64, conversations: u64) -> Result<()> {
    let store = open(database)?;
    for bot in 0..bots {
        let (like, bot) = (like.to_owned(), bot_id(bot));
        let filled = store.write(move |conn| {
            let mut rows = 0;
            for statement in [BOT_ROW, BOTPRESS_ROW, INSTALLATION_ROW] {
                rows += conn.execute(statement, params![like, bot])?;
            }
            let parameters = params![like, bot, conversations as i64];
            Ok(rows + conn.execute(CONVERSATION_ROWS, parameters)?)
        });
        let filled = filled.await? as u64;
        ensure!(filled == 3 + conversations, "{filled} rows of a bot");
    }
    store.close();
    Ok(())
}

fn open(database: &Path) -> Result<Store> {
    Ok(Store::open_for_command(&store::Settings {
        path: database.to_owned(),
        ..store::Settings::default()
    })?)
}
