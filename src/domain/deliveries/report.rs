//! What goes wrong is reported to the bot's and the integration's developers: a log line and, where
//! something was given up, an issue of the bot.

use std::collections::BTreeMap;

use rusqlite::named_params;
use serde_json::json;

use crate::{
    domain::context::Change,
    kernel::{
        Error, Result, Timestamp,
        ids::{AgentId, EventId, IntegrationId},
    },
};

/// Something that went wrong in a bot. Those with one code and equal `grouped` are one issue.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Occurrence {
    pub(in crate::domain) code: String,
    /// `user_code`, `limits`, `configuration` or `other`.
    pub(in crate::domain) category: &'static str,
    pub(in crate::domain) title: String,
    pub(in crate::domain) description: String,
    pub(in crate::domain) grouped: BTreeMap<String, String>,
    pub(in crate::domain) data: BTreeMap<String, String>,
}

const SET: &str = "
    INSERT INTO bot_issues
        (id, agent_seq, group_key, code, category, title, description, grouped_data, events_count,
         created_at, last_seen_at)
    SELECT :id, seq, :group_key, :code, :category, :title, :description, :grouped, 1, :now, :now
    FROM agents WHERE id = :bot
    ON CONFLICT (agent_seq, group_key) DO UPDATE SET
        events_count = events_count + 1, last_seen_at = excluded.last_seen_at,
        category = excluded.category, title = excluded.title, description = excluded.description
    RETURNING seq";

const ADD_EVENT: &str = "
    INSERT INTO bot_issue_events (id, issue_seq, data, created_at) VALUES (:id, :seq, :data, :now)";

/// Records an issue of a bot, if there is such a bot.
pub(in crate::domain) fn report(
    change: &Change<'_>,
    bot: &AgentId,
    occurrence: &Occurrence,
) -> Result<()> {
    let Occurrence { code, grouped, .. } = occurrence;
    let parameters = named_params! {
        ":id": EventId::new_uuid(),
        ":bot": bot,
        ":group_key": json!([code, grouped]).to_string(),
        ":code": code,
        ":category": occurrence.category,
        ":title": occurrence.title,
        ":description": occurrence.description,
        ":grouped": data(grouped),
        ":now": change.now,
    };
    let mut statement = change.conn.prepare_cached(SET)?;
    let mut rows = statement.query(parameters)?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    let seq: i64 = row.get("seq")?;
    while rows.next()?.is_some() {}
    change
        .conn
        .prepare_cached(ADD_EVENT)?
        .execute(named_params! {
            ":id": EventId::new_uuid(),
            ":seq": seq,
            ":data": data(&occurrence.data),
            ":now": change.now,
        })?;
    Ok(())
}

fn data(values: &BTreeMap<String, String>) -> String {
    let raw = |(name, value): (&String, &String)| (name.clone(), json!({"raw": value}));
    let values: serde_json::Map<_, _> = values.iter().map(raw).collect();
    serde_json::Value::Object(values).to_string()
}

/// Whose log a line goes into.
#[derive(Debug, Clone)]
pub(in crate::domain) enum Log {
    Bot(AgentId),
    Integration(IntegrationId),
}

const TO_BOT: &str = "
    INSERT INTO bot_logs (agent_seq, at, level, message)
    SELECT seq, :at, :level, :message FROM agents WHERE id = :id";

const TO_INTEGRATION: &str = "
    INSERT INTO integration_logs (integration_seq, at, level, message)
    SELECT seq, :at, :level, :message FROM integrations WHERE id = :id";

/// Writes a line into a log. Whether there is such a log.
pub(in crate::domain) fn log(
    change: &Change<'_>,
    log: &Log,
    at: Timestamp,
    level: &str,
    message: &str,
) -> Result<bool> {
    let (sql, id) = match log {
        Log::Bot(id) => (TO_BOT, id.as_str()),
        Log::Integration(id) => (TO_INTEGRATION, id.as_str()),
    };
    let written = change.conn.prepare_cached(sql)?.execute(named_params! {
        ":id": id, ":at": at, ":level": level, ":message": message,
    });
    Ok(written.map_err(Error::from)? > 0)
}
