//! Log lines of bots and integrations: output of their code, and messages of the server about them.
//! [`Settings`] limits their number and age.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{Settings, rows};
use crate::{
    domain::{
        bots::integrations,
        shared::{
            paging::{PAGE_QUERY_ROWS, Page, PageToken},
            sql::text_enum,
        },
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, IntegrationId},
    },
};

/// One insert in this many counts and removes the oldest lines, because counting costs more than an insert.
const TRIM_ONE_IN: u32 = 64;

text_enum! {
    /// Severity of a log line.
    pub enum LogLevel {
        /// Details for debugging.
        Debug = "debug",
        /// Normal operation.
        Info = "info",
        /// A possible problem.
        Warn = "warn",
        /// A failure.
        Error = "error",
    }
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Time of the line.
    pub at: Timestamp,
    /// Severity.
    pub level: LogLevel,
    /// Text.
    pub message: String,
    seq: i64,
}

/// A half-open interval of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Start, inclusive.
    pub start: Timestamp,
    /// End, exclusive.
    pub end: Timestamp,
}

/// The statements of one table of log lines.
struct LogTable {
    owner: &'static str,
    insert: &'static str,
    trim: &'static str,
    list: &'static str,
}

macro_rules! table {
    ($table:literal, $owner:literal, $owners:literal) => {
        LogTable {
            owner: concat!("SELECT seq FROM ", $owners, " WHERE id = :id"),
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (",
                $owner,
                ", at, level, message) ",
                "VALUES (:owner, :at, :level, :message)"
            ),
            trim: concat!(
                "DELETE FROM ",
                $table,
                " WHERE seq IN (SELECT seq FROM ",
                $table,
                " WHERE ",
                $owner,
                " = :owner ORDER BY seq DESC LIMIT -1 OFFSET :kept)"
            ),
            list: concat!(
                "SELECT seq, at, level, message FROM ",
                $table,
                " WHERE ",
                $owner,
                " = :owner ",
                "AND at >= :start AND (at, seq) < (:before_at, :before_seq) ",
                "ORDER BY at DESC, seq DESC LIMIT :limit"
            ),
        }
    };
}

const BOT_LOGS: LogTable = table!("bot_logs", "agent_seq", "agents");
const INTEGRATION_LOGS: LogTable = table!("integration_logs", "integration_seq", "integrations");

/// Writes a log line of a bot; does nothing if the bot does not exist.
///
/// # Errors
/// Errors of the store.
pub fn record(
    tx: &WriteTx<'_>,
    settings: &Settings,
    bot: &AgentId,
    level: LogLevel,
    message: &str,
) -> Result<()> {
    BOT_LOGS.write(tx, settings, bot, level, message)
}

/// Writes a log line of an integration; does nothing if the integration does not exist.
///
/// # Errors
/// Errors of the store.
pub fn record_for_integration(
    tx: &WriteTx<'_>,
    settings: &Settings,
    integration: &IntegrationId,
    level: LogLevel,
    message: &str,
) -> Result<()> {
    INTEGRATION_LOGS.write(tx, settings, integration, level, message)
}

/// Lists the log lines of a bot in the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub async fn list(
    call: &RequestContext,
    bot: &AgentId,
    period: Period,
    after: Option<PageToken>,
) -> Result<Page<Line>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::find_agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| BOT_LOGS.list(conn, agent.seq, period, after))
        .await
}

/// Lists the log lines of an integration in the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub async fn list_for_integration(
    call: &RequestContext,
    integration: &IntegrationId,
    period: Period,
    after: Option<PageToken>,
) -> Result<Page<Line>> {
    let seq = integrations::find(call, integration)?.seq;
    call.app()
        .store()
        .scan(move |conn| INTEGRATION_LOGS.list(conn, seq, period, after))
        .await
}

impl LogTable {
    fn write(
        &self,
        tx: &WriteTx<'_>,
        settings: &Settings,
        id: &dyn ToSql,
        level: LogLevel,
        message: &str,
    ) -> Result<()> {
        let owner: Option<i64> = tx
            .conn
            .prepare_cached(self.owner)?
            .query_row(named_params! {":id": id}, |row| row.get(0))
            .optional()?;
        let Some(owner) = owner else { return Ok(()) };
        tx.conn
            .prepare_cached(self.insert)?
            .execute(named_params! {
                ":owner": owner,
                ":at": tx.now,
                ":level": level,
                ":message": truncate(message, settings.log_line_bytes),
            })?;
        if rand::random_ratio(1, TRIM_ONE_IN) {
            tx.conn
                .prepare_cached(self.trim)?
                .execute(named_params! {":owner": owner, ":kept": settings.log_lines})?;
        }
        Ok(())
    }

    fn list(
        &self,
        conn: &Connection,
        owner: i64,
        period: Period,
        after: Option<PageToken>,
    ) -> Result<Page<Line>> {
        // A single upper bound lets SQLite seek in the index to the start of each page.
        let end = PageToken::for_row(period.end, i64::MIN);
        let before = match after {
            Some(after) if after.created_at < period.end => after,
            _ => end,
        };
        let mut statement = conn.prepare_cached(self.list)?;
        let parameters = named_params! {
            ":owner": owner,
            ":start": period.start,
            ":before_at": before.created_at,
            ":before_seq": before.seq,
            ":limit": PAGE_QUERY_ROWS,
        };
        let line = |row: &Row<'_>| {
            Ok(Line {
                at: row.get("at")?,
                level: row.get("level")?,
                message: row.get("message")?,
                seq: row.get("seq")?,
            })
        };
        Page::read(statement.query(parameters)?, line, |line| {
            PageToken::for_row(line.at, line.seq)
        })
    }
}

/// Cuts a text to at most `bytes` bytes, at a character boundary.
fn truncate(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
