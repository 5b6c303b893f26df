//! Issues: failures of bots, grouped by code and data, with an event for each occurrence. [`Settings`] limits
//! the number of both.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Settings, rows};
use crate::{
    domain::{
        shared::{
            paging::{PAGE_QUERY_ROWS, Page, PageToken},
            sql::text_enum,
        },
        tenancy::{members::Role, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Result, Timestamp,
        ids::{AgentId, IssueEventId, IssueId},
        secret::TokenHash,
    },
};

text_enum! {
    /// The source of an issue (botpress.md §1.2).
    pub enum Category {
        /// Code of the bot or the integration.
        UserCode = "user_code",
        /// A limit.
        Limits = "limits",
        /// Settings of the bot or the integration.
        Configuration = "configuration",
        /// Any other source.
        Other = "other",
    }
}

/// A value in the data of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueValue {
    /// Value for programs.
    pub raw: String,
    /// Value for people, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretty: Option<String>,
}

/// Values by name.
pub type IssueData = BTreeMap<String, IssueValue>;

/// A failure to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Machine-readable code: `bot_call_failed`.
    pub code: String,
    /// Source.
    pub category: Category,
    /// Short title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Link to instructions for a fix.
    pub resolution_link: Option<String>,
    /// Data that all events of the issue share; the code and this data identify the issue.
    pub group_data: IssueData,
    /// Data of this event only.
    pub data: IssueData,
}

/// An issue of a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Id.
    pub id: IssueId,
    /// Machine-readable code.
    pub code: String,
    /// Source.
    pub category: Category,
    /// Short title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Link to instructions for a fix.
    pub resolution_link: Option<String>,
    /// Data that all events of the issue share.
    pub group_data: IssueData,
    /// Number of occurrences, including those whose events were removed.
    pub events_count: i64,
    /// Time of the first occurrence.
    pub created_at: Timestamp,
    /// Time of the last occurrence.
    pub last_seen_at: Timestamp,
    seq: i64,
}

/// One occurrence of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueEvent {
    /// Id.
    pub id: IssueEventId,
    /// Data of this event only.
    pub data: IssueData,
    /// Time of the occurrence.
    pub created_at: Timestamp,
}

const UPSERT: &str = "
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

/// Records a failure of a bot; does nothing if the bot does not exist.
///
/// # Errors
/// Errors of the store.
pub fn record(
    tx: &WriteTx<'_>,
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
        ":grouped": to_json(&occurrence.group_data)?,
        ":resolution_link": occurrence.resolution_link,
        ":now": tx.now,
    };
    let set: Option<(i64, i64)> = tx
        .conn
        .prepare_cached(UPSERT)?
        .query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, agent_seq)) = set else {
        return Ok(());
    };
    tx.conn.prepare_cached(ADD_EVENT)?.execute(named_params! {
        ":id": IssueEventId::new_uuid(),
        ":seq": seq,
        ":data": to_json(&occurrence.data)?,
        ":now": tx.now,
    })?;
    tx.conn
        .prepare_cached(TRIM_EVENTS)?
        .execute(named_params! {":seq": seq, ":kept": settings.issue_events})?;
    tx.conn.prepare_cached(TRIM)?.execute(named_params! {
        ":agent_seq": agent_seq,
        ":kept": settings.issues,
        ":now": tx.now,
    })?;
    Ok(())
}

/// Returns the hash of the code and the shared data, which identifies an issue within its bot.
fn group_key(occurrence: &Occurrence) -> Result<Vec<u8>> {
    let raw: BTreeMap<&String, &String> = occurrence
        .group_data
        .iter()
        .map(|(name, datum)| (name, &datum.raw))
        .collect();
    Ok(TokenHash::of(&to_json(&(&occurrence.code, raw))?)
        .as_bytes()
        .to_vec())
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("the data of an issue cannot be serialized", error))
}

const LIST: &str = "
    SELECT * FROM bot_issues WHERE agent_seq = :agent_seq AND seq < :before
    ORDER BY seq DESC LIMIT :limit";

/// Lists the issues of a bot in the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub async fn list(
    call: &RequestContext,
    bot: &AgentId,
    after: Option<PageToken>,
) -> Result<Page<Issue>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::find_agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let parameters = named_params! {
                ":agent_seq": agent.seq,
                ":before": after.unwrap_or(PageToken::START).seq,
                ":limit": PAGE_QUERY_ROWS,
            };
            let rows = statement.query_map(parameters, |row| Ok(from_row(row)))?;
            let rows = rows.map(|row| row?).collect::<Result<_>>()?;
            Ok(Page::from_rows(rows, |issue: &Issue| {
                PageToken::for_row(issue.created_at, issue.seq)
            }))
        })
        .await
}

const LOAD: &str = "SELECT * FROM bot_issues WHERE agent_seq = :agent_seq AND id = :id";

/// Returns an issue of a bot in the workspace of the call.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn get(call: &RequestContext, bot: &AgentId, id: &IssueId) -> Result<Issue> {
    call.app().store().read(|conn| {
        let agent = rows::find_agent(conn, call.workspace(), bot)?;
        let parameters = named_params! {":agent_seq": agent.seq, ":id": id};
        let found = conn
            .prepare_cached(LOAD)?
            .query_row(parameters, |row| Ok(from_row(row)))
            .optional()?;
        found.ok_or_else(|| not_found(id))?
    })
}

const DELETE: &str = "DELETE FROM bot_issues WHERE agent_seq = :agent_seq AND id = :id";

/// Deletes an issue of a bot in the workspace of the call. Its next occurrence creates a new issue.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, or errors of the store.
pub async fn delete(call: &RequestContext, bot: AgentId, id: IssueId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let agent = rows::find_agent(tx.conn, workspace, &bot)?;
            let deleted = tx
                .conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":agent_seq": agent.seq, ":id": id})?;
            if deleted == 0 {
                return Err(not_found(&id));
            }
            Ok(())
        })
        .await
}

const FIND: &str = "SELECT seq FROM bot_issues WHERE agent_seq = :agent_seq AND id = :id";

const EVENTS: &str = "
    SELECT id, data, created_at FROM bot_issue_events WHERE issue_seq = :seq ORDER BY seq DESC";

/// Returns the stored events of an issue of a bot in the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub async fn list_events(
    call: &RequestContext,
    bot: &AgentId,
    id: IssueId,
) -> Result<Vec<IssueEvent>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::find_agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| read_events(conn, agent.seq, &id))
        .await
}

fn read_events(conn: &Connection, agent_seq: i64, id: &IssueId) -> Result<Vec<IssueEvent>> {
    let seq: Option<i64> = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":agent_seq": agent_seq, ":id": id}, |row| {
            row.get(0)
        })
        .optional()?;
    let seq = seq.ok_or_else(|| not_found(id))?;
    let mut statement = conn.prepare_cached(EVENTS)?;
    let rows = statement.query_map(named_params! {":seq": seq}, |row| {
        let (id, created_at) = (row.get("id")?, row.get("created_at")?);
        Ok(parse_json_column(row, "data").map(|data| IssueEvent {
            id,
            data,
            created_at,
        }))
    })?;
    rows.map(|row| row?).collect()
}

fn not_found(id: &IssueId) -> Error {
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
        group_data: parse_json_column(row, "grouped_data")?,
        events_count: row.get("events_count")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        seq: row.get("seq")?,
    })
}

fn parse_json_column<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::internal("the data of an issue cannot be read", error))
}
