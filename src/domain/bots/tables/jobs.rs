//! Background jobs of tables: their rows, and the operations that start and list them.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use uuid::Uuid;

use super::table::{self, Table};
use crate::{
    domain::{
        bots::author::require_write,
        shared::sql::text_enum,
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Result, Timestamp},
};

/// Number of ended jobs that a table keeps.
const KEPT_JOBS: i64 = 100;
/// Maximum number of exports and imports of a bot that have not ended.
const MAX_OPEN_JOBS: i64 = 10;

text_enum! {
    /// Type of a job.
    pub enum JobKind {
        /// Writes the rows into a file.
        Export = "export",
        /// Creates rows from a file.
        Import = "import",
        /// Deletes the values of columns that the table has no more.
        ClearColumn = "clear_column",
    }
}

text_enum! {
    /// Status of a job.
    pub enum JobStatus {
        /// Not begun.
        Pending = "pending",
        /// Running, or interrupted by a stop of the server.
        InProgress = "in_progress",
        /// Storing its result.
        Finalizing = "finalizing",
        /// Ended with success.
        Completed = "completed",
        /// Ended without success.
        Failed = "failed",
    }
}

text_enum! {
    /// Format of a file of rows.
    pub enum FileFormat {
        /// Comma-separated values, with the names of the columns in the first line.
        Csv = "csv",
        /// An object with the schema and the rows.
        Json = "json",
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Row number.
    pub(super) seq: i64,
    /// Row number of the table.
    pub(super) table_seq: i64,
    /// Id: a UUID.
    pub id: String,
    /// Id of the table.
    pub table_id: String,
    /// Type.
    pub kind: JobKind,
    /// Status.
    pub status: JobStatus,
    /// Progress in percent.
    pub progress: u32,
    /// Format of an export.
    pub(super) format: FileFormat,
    /// True if the file of an export is compressed.
    pub(super) compresses: bool,
    /// Id of the file that an import reads.
    pub input_file: Option<String>,
    /// Id of the file that an export has made.
    pub output_file: Option<String>,
    /// Progress that a restart continues from.
    pub(super) position: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

const LIST: &str = "
    SELECT bot_table_jobs.*, bot_tables.id AS table_id
    FROM bot_table_jobs JOIN bot_tables ON bot_tables.seq = table_seq
    WHERE table_seq = :table_seq ORDER BY bot_table_jobs.seq DESC LIMIT :limit";

/// Lists the last jobs of a table of the call's bot, newest first.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn list(call: &RequestContext, table: &str) -> Result<Vec<Job>> {
    let agent_seq = call.agent()?.seq;
    call.app().store().read(|conn| {
        let table = table::find(conn, agent_seq, table)?;
        let mut statement = conn.prepare_cached(LIST)?;
        let limit = KEPT_JOBS + MAX_OPEN_JOBS;
        let parameters = named_params! {":table_seq": table.seq, ":limit": limit};
        let rows = statement.query_map(parameters, from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

/// Starts an export of a table of the call's bot into a file of the bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound`; `LimitExceeded` if too many jobs wait; errors of the store.
pub async fn start_export(
    call: &RequestContext,
    table: String,
    format: FileFormat,
    compresses: bool,
) -> Result<Job> {
    start(
        call,
        table,
        JobKind::Export,
        (Some(format), compresses),
        None,
    )
    .await
}

/// Starts an import of a file of the bot into a table of the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound`; `LimitExceeded` if too many jobs wait; errors of the store.
pub async fn start_import(call: &RequestContext, table: String, file: String) -> Result<Job> {
    start(call, table, JobKind::Import, (None, false), Some(file)).await
}

async fn start(
    call: &RequestContext,
    table: String,
    kind: JobKind,
    format: (Option<FileFormat>, bool),
    input: Option<String>,
) -> Result<Job> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let table = table::find(tx.conn, agent_seq, &table)?;
            require_few_open(tx.conn, agent_seq)?;
            insert(tx, &table, kind, format, input.as_deref())
        })
        .await
}

const COUNT_OPEN: &str = "
    SELECT count(*) FROM bot_table_jobs JOIN bot_tables ON bot_tables.seq = table_seq
    WHERE status NOT IN ('completed', 'failed') AND type <> 'clear_column' AND agent_seq = :agent_seq";

fn require_few_open(conn: &Connection, agent_seq: i64) -> Result<()> {
    let parameters = named_params! {":agent_seq": agent_seq};
    let open: i64 = conn
        .prepare_cached(COUNT_OPEN)?
        .query_row(parameters, |row| row.get(0))?;
    if open < MAX_OPEN_JOBS {
        return Ok(());
    }
    let text = format!("A bot can have {MAX_OPEN_JOBS} exports and imports that have not ended");
    Err(Error::new(Kind::LimitExceeded, text))
}

const INSERT: &str = "
    INSERT INTO bot_table_jobs (id, table_seq, type, status, format, compress, input_file, created_at, updated_at)
    VALUES (:id, :table_seq, :type, 'pending', :format, :compress, :input_file, :now, :now)";
const FORGET_OLD: &str = "
    DELETE FROM bot_table_jobs WHERE table_seq = :table_seq AND status IN ('completed', 'failed') AND seq <= (
        SELECT seq FROM bot_table_jobs WHERE table_seq = :table_seq ORDER BY seq DESC LIMIT 1 OFFSET :kept)";

fn insert(
    tx: &WriteTx<'_>,
    table: &Table,
    kind: JobKind,
    (format, compresses): (Option<FileFormat>, bool),
    input: Option<&str>,
) -> Result<Job> {
    let id = Uuid::new_v4().to_string();
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":table_seq": table.seq,
        ":type": kind,
        ":format": format,
        ":compress": compresses,
        ":input_file": input,
        ":now": tx.now,
    })?;
    tx.conn
        .prepare_cached(FORGET_OLD)?
        .execute(named_params! {":table_seq": table.seq, ":kept": KEPT_JOBS})?;
    tx.wake_after_commit(|app| app.table_worker_wake_up().notify_one());
    let mut statement = tx.conn.prepare_cached(FIND)?;
    Ok(statement.query_row(named_params! {":id": id}, from_row)?)
}

const FIND: &str = "
    SELECT bot_table_jobs.*, bot_tables.id AS table_id
    FROM bot_table_jobs JOIN bot_tables ON bot_tables.seq = table_seq
    WHERE bot_table_jobs.id = :id";
const HAS_PENDING_CLEAR: &str = "
    SELECT 1 FROM bot_table_jobs
    WHERE table_seq = :table_seq AND type = 'clear_column' AND status = 'pending'";

/// Starts a job that deletes the values of columns that the table has no more. One that has not begun does it too.
pub(super) fn insert_clear_column(tx: &WriteTx<'_>, table: &Table) -> Result<()> {
    let mut pending = tx.conn.prepare_cached(HAS_PENDING_CLEAR)?;
    if !pending.exists(named_params! {":table_seq": table.seq})? {
        insert(tx, table, JobKind::ClearColumn, (None, false), None)?;
    }
    Ok(())
}

const NEXT: &str = "
    SELECT bot_table_jobs.*, bot_tables.id AS table_id
    FROM bot_table_jobs JOIN bot_tables ON bot_tables.seq = table_seq
    JOIN agents ON agents.seq = agent_seq
    WHERE status NOT IN ('completed', 'failed')
      AND bot_tables.deleted_at IS NULL AND agents.deleted_at IS NULL
    ORDER BY bot_table_jobs.seq LIMIT 1";

/// Returns the oldest job that has not ended.
pub(super) fn find_next(conn: &Connection) -> Result<Option<Job>> {
    let mut statement = conn.prepare_cached(NEXT)?;
    Ok(statement.query_row([], from_row).optional()?)
}

const SAVE: &str = "
    UPDATE bot_table_jobs
    SET status = :status, progress = :progress, position = :position, output_file = :output_file, updated_at = :now
    WHERE seq = :seq";

/// Saves the progress of a job.
pub(super) fn save(tx: &WriteTx<'_>, job: &Job) -> Result<()> {
    tx.conn.prepare_cached(SAVE)?.execute(named_params! {
        ":seq": job.seq,
        ":status": job.status,
        ":progress": job.progress,
        ":position": job.position,
        ":output_file": job.output_file,
        ":now": tx.now,
    })?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Job> {
    let format: Option<FileFormat> = row.get("format")?;
    Ok(Job {
        seq: row.get("seq")?,
        table_seq: row.get("table_seq")?,
        id: row.get("id")?,
        table_id: row.get("table_id")?,
        kind: row.get("type")?,
        status: row.get("status")?,
        progress: row.get("progress")?,
        format: format.unwrap_or(FileFormat::Csv),
        compresses: row.get("compress")?,
        input_file: row.get("input_file")?,
        output_file: row.get("output_file")?,
        position: row.get("position")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
