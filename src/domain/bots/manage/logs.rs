//! Log lines of bots and of integrations: what their code says, and what the server says of them.
//! Their growth is bounded by [`Settings`].

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{Settings, rows};
use crate::{
    domain::{
        bots::integrations,
        shared::{
            paging::{Page, ROWS, Token},
            sql::text_enum,
        },
        tenancy::{request_auth::Call, write_tx::Change},
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, IntegrationId},
    },
};

/// One in so many lines has the oldest lines counted and removed, for counting costs more than a line.
const TRIM_ONE_IN: u32 = 64;

text_enum! {
    /// How grave a log line is.
    pub enum Level {
        /// For whoever looks for a fault.
        Debug = "debug",
        /// What is normal.
        Info = "info",
        /// What may be wrong.
        Warn = "warn",
        /// What is wrong.
        Error = "error",
    }
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub message: String,
    seq: i64,
}

/// A time from one moment on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Where it begins.
    pub start: Timestamp,
    /// What it ends before.
    pub end: Timestamp,
}

/// The tables of one sort of lines.
struct Table {
    owner: &'static str,
    insert: &'static str,
    trim: &'static str,
    list: &'static str,
}

macro_rules! table {
    ($table:literal, $owner:literal, $owners:literal) => {
        Table {
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

const OF_BOTS: Table = table!("bot_logs", "agent_seq", "agents");
const OF_INTEGRATIONS: Table = table!("integration_logs", "integration_seq", "integrations");

/// Writes a log line of a bot, if there is such a bot.
///
/// # Errors
/// Those of the store.
pub fn record(
    change: &Change<'_>,
    settings: &Settings,
    bot: &AgentId,
    level: Level,
    message: &str,
) -> Result<()> {
    OF_BOTS.write(change, settings, bot, level, message)
}

/// Writes a log line of an integration, if there is such an integration.
///
/// # Errors
/// Those of the store.
pub fn record_of_integration(
    change: &Change<'_>,
    settings: &Settings,
    integration: &IntegrationId,
    level: Level,
    message: &str,
) -> Result<()> {
    OF_INTEGRATIONS.write(change, settings, integration, level, message)
}

/// The log lines of a bot of the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or those of the store.
pub async fn list(
    call: &Call,
    bot: &AgentId,
    period: Period,
    after: Option<Token>,
) -> Result<Page<Line>> {
    let store = call.app().store();
    let agent = store.read(|conn| rows::agent(conn, call.workspace(), bot))?;
    store
        .scan(move |conn| OF_BOTS.list(conn, agent.seq, period, after))
        .await
}

/// The log lines of an integration of the workspace of the call, newest first.
///
/// # Errors
/// `NotFound`, or those of the store.
pub async fn list_of_integration(
    call: &Call,
    integration: &IntegrationId,
    period: Period,
    after: Option<Token>,
) -> Result<Page<Line>> {
    let seq = integrations::find(call, integration)?.seq;
    call.app()
        .store()
        .scan(move |conn| OF_INTEGRATIONS.list(conn, seq, period, after))
        .await
}

impl Table {
    fn write(
        &self,
        change: &Change<'_>,
        settings: &Settings,
        id: &dyn ToSql,
        level: Level,
        message: &str,
    ) -> Result<()> {
        let owner: Option<i64> = change
            .conn
            .prepare_cached(self.owner)?
            .query_row(named_params! {":id": id}, |row| row.get(0))
            .optional()?;
        let Some(owner) = owner else { return Ok(()) };
        change
            .conn
            .prepare_cached(self.insert)?
            .execute(named_params! {
                ":owner": owner,
                ":at": change.now,
                ":level": level,
                ":message": shortened(message, settings.log_line_bytes),
            })?;
        if rand::random_ratio(1, TRIM_ONE_IN) {
            change
                .conn
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
        after: Option<Token>,
    ) -> Result<Page<Line>> {
        // One bound, so that the index leads to where each page begins.
        let end = Token::at(period.end, i64::MIN);
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
            ":limit": ROWS,
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
            Token::at(line.at, line.seq)
        })
    }
}

/// The beginning of a text, of at most so many bytes.
fn shortened(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
