//! Issues: what goes wrong in a bot. Things that go wrong in one way are one issue with an event for
//! each time. Their growth is bounded by [`Settings`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Settings, rows};
use crate::{
    domain::{
        shared::{
            paging::{Page, ROWS, Token},
            sql::text_enum,
        },
        tenancy::{members::Role, request_auth::Call, write_tx::Change},
    },
    kernel::{
        Error, Result, Timestamp,
        ids::{AgentId, IssueEventId, IssueId},
        secret::TokenHash,
    },
};

text_enum! {
    /// Where an issue comes from (botpress.md §1.2).
    pub enum Category {
        /// The code of the bot or the integration.
        UserCode = "user_code",
        /// A limit.
        Limits = "limits",
        /// How something is set up.
        Configuration = "configuration",
        /// Anything else.
        Other = "other",
    }
}

/// A value that describes an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datum {
    /// The value.
    pub raw: String,
    /// The value for people, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretty: Option<String>,
}

/// Values by name.
pub type Data = BTreeMap<String, Datum>;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// What it is, for programs: `bot_call_failed`.
    pub code: String,
    /// Where it comes from.
    pub category: Category,
    /// What it is, in a few words.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Where to read how to mend it.
    pub resolution_link: Option<String>,
    /// What all events of the issue have in common: with the code, what groups them.
    pub grouped: Data,
    /// What is this event's own.
    pub data: Data,
}

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
    /// What it is, for programs.
    pub code: String,
    /// Where it comes from.
    pub category: Category,
    /// What it is, in a few words.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Where to read how to mend it.
    pub resolution_link: Option<String>,
    /// What all of its events have in common.
    pub grouped: Data,
    /// How often it has been seen.
    pub events_count: i64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    seq: i64,
}

/// One event of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: IssueEventId,
    /// What is its own.
    pub data: Data,
    /// When it happened.
    pub created_at: Timestamp,
}

const SET: &str = "
    INSERT INTO bot_issues
        (id, agent_seq, group_key, code, category, title, description, grouped_data,
         resolution_link, events_count, created_at, last_seen_at)
    SELECT :id, seq, :group_key, :code, :category, :title, :description, :grouped,
           :resolution_link, 1, :now, :now
    FROM agents WHERE id = :bot
    ON CONFLICT (agent_seq, group_key) DO UPDATE SET
        events_count = events_count + 1, last_seen_at = excluded.last_seen_at,
        category = excluded.category, title = excluded.title, description = excluded.description,
        resolution_link = excluded.resolution_link
    RETURNING seq, agent_seq";

const ADD_EVENT: &str = "
    INSERT INTO bot_issue_events (id, issue_seq, data, created_at) VALUES (:id, :seq, :data, :now)";

const TRIM_EVENTS: &str = "
    DELETE FROM bot_issue_events WHERE seq IN (
        SELECT seq FROM bot_issue_events WHERE issue_seq = :seq
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

const TRIM: &str = "
    DELETE FROM bot_issues WHERE seq IN (
        SELECT seq FROM bot_issues WHERE agent_seq = :agent_seq
        ORDER BY last_seen_at > :now, last_seen_at DESC, seq DESC LIMIT -1 OFFSET :kept)";

/// Records that something went wrong in a bot, if there is such a bot.
///
/// # Errors
/// Those of the store.
pub fn record(
    change: &Change<'_>,
    settings: &Settings,
    bot: &AgentId,
    occurrence: &Occurrence,
) -> Result<()> {
    let parameters = named_params! {
        ":id": IssueId::new_uuid(),
        ":bot": bot,
        ":group_key": group_key(occurrence)?,
        ":code": occurrence.code,
        ":category": occurrence.category,
        ":title": occurrence.title,
        ":description": occurrence.description,
        ":grouped": text(&occurrence.grouped)?,
        ":resolution_link": occurrence.resolution_link,
        ":now": change.now,
    };
    let set: Option<(i64, i64)> = change
        .conn
        .prepare_cached(SET)?
        .query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, agent_seq)) = set else {
        return Ok(());
    };
    change
        .conn
        .prepare_cached(ADD_EVENT)?
        .execute(named_params! {
            ":id": IssueEventId::new_uuid(),
            ":seq": seq,
            ":data": text(&occurrence.data)?,
            ":now": change.now,
        })?;
    change
        .conn
        .prepare_cached(TRIM_EVENTS)?
        .execute(named_params! {":seq": seq, ":kept": settings.issue_events})?;
    change.conn.prepare_cached(TRIM)?.execute(named_params! {
        ":agent_seq": agent_seq,
        ":kept": settings.issues,
        ":now": change.now,
    })?;
    Ok(())
}

/// What is the same for all events of one issue, and only for them.
fn group_key(occurrence: &Occurrence) -> Result<Vec<u8>> {
    let raw: BTreeMap<&String, &String> = occurrence
        .grouped
        .iter()
        .map(|(name, datum)| (name, &datum.raw))
        .collect();
    Ok(TokenHash::of(&text(&(&occurrence.code, raw))?)
        .as_bytes()
        .to_vec())
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("what describes an issue cannot be written", error))
}

const LIST: &str = "
    SELECT * FROM bot_issues WHERE agent_seq = :agent_seq AND seq < :before
    ORDER BY seq DESC LIMIT :limit";

/// The issues of a bot of the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or those of the store.
pub async fn list(call: &Call, bot: &AgentId, after: Option<Token>) -> Result<Page<Issue>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let parameters = named_params! {
                ":agent_seq": agent.seq,
                ":before": after.unwrap_or(Token::START).seq,
                ":limit": ROWS,
            };
            let rows = statement.query_map(parameters, |row| Ok(from_row(row)))?;
            let rows = rows.map(|row| row?).collect::<Result<_>>()?;
            Ok(Page::of(rows, |issue: &Issue| {
                Token::at(issue.created_at, issue.seq)
            }))
        })
        .await
}

const DELETE: &str = "DELETE FROM bot_issues WHERE agent_seq = :agent_seq AND id = :id";

/// Deletes an issue of a bot of the workspace of the call. If it is seen again, it is a new one.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, or those of the store.
pub async fn delete(call: &Call, bot: AgentId, id: IssueId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .change(call, move |change, workspace| {
            let agent = rows::agent(change.conn, workspace, &bot)?;
            let deleted = change
                .conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":agent_seq": agent.seq, ":id": id})?;
            if deleted == 0 {
                return Err(missing(&id));
            }
            Ok(())
        })
        .await
}

const FIND: &str = "SELECT seq FROM bot_issues WHERE agent_seq = :agent_seq AND id = :id";

const EVENTS: &str = "
    SELECT id, data, created_at FROM bot_issue_events WHERE issue_seq = :seq ORDER BY seq DESC";

/// The events of an issue of a bot of the workspace of the call that are kept, newest first.
///
/// # Errors
/// `NotFound`, or those of the store.
pub async fn events(call: &Call, bot: &AgentId, id: IssueId) -> Result<Vec<Event>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| events_of(conn, agent.seq, &id))
        .await
}

fn events_of(conn: &Connection, agent_seq: i64, id: &IssueId) -> Result<Vec<Event>> {
    let seq: Option<i64> = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":agent_seq": agent_seq, ":id": id}, |row| {
            row.get(0)
        })
        .optional()?;
    let seq = seq.ok_or_else(|| missing(id))?;
    let mut statement = conn.prepare_cached(EVENTS)?;
    let rows = statement.query_map(named_params! {":seq": seq}, |row| {
        let (id, created_at) = (row.get("id")?, row.get("created_at")?);
        Ok(json(row, "data").map(|data| Event {
            id,
            data,
            created_at,
        }))
    })?;
    rows.map(|row| row?).collect()
}

fn missing(id: &IssueId) -> Error {
    Error::not_found(format!("Issue \"{id}\" not found"))
}

fn from_row(row: &Row<'_>) -> Result<Issue> {
    Ok(Issue {
        id: row.get("id")?,
        code: row.get("code")?,
        category: row.get("category")?,
        title: row.get("title")?,
        description: row.get("description")?,
        resolution_link: row.get("resolution_link")?,
        grouped: json(row, "grouped_data")?,
        events_count: row.get("events_count")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        seq: row.get("seq")?,
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::internal("what describes an issue cannot be read", error))
}
