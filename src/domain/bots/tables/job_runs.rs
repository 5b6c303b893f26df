//! Runs jobs, one after the other, oldest first.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    export, import,
    jobs::{self, Job, JobKind, JobStatus},
    rows::StoredRow,
    table::{self, Table},
};
use crate::{
    domain::{
        App,
        bots::manage::logs::{self, LogLevel},
        tenancy::{audit::Actor, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result,
        ids::{AgentId, WorkspaceId},
    },
};

/// A job with what it works on.
pub(super) struct RunningJob {
    pub(super) app: App,
    pub(super) job: Job,
    pub(super) table: Table,
    pub(super) agent_seq: i64,
    pub(super) bot: AgentId,
    pub(super) workspace: WorkspaceId,
}

/// Runs the jobs that have not ended. A job that fails for good is marked as failed.
///
/// # Errors
/// Errors of the store. The job runs again later.
pub(super) async fn run_open(app: &App) -> Result<()> {
    while let Some(job) = app.store().read(jobs::find_next)? {
        let running = app.store().read(|conn| load(app, conn, job))?;
        let Some(mut running) = running else {
            continue;
        };
        running.save(JobStatus::InProgress).await?;
        let done = match running.job.kind {
            JobKind::Export => export::run(&mut running).await,
            JobKind::Import => import::run(&mut running).await,
            JobKind::ClearColumn => clear_columns(&mut running).await,
        };
        match done {
            Ok(()) => running.save(JobStatus::Completed).await?,
            Err(error) if is_lasting(&error) => running.fail(&error).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// True for an error that a repetition would meet again.
const fn is_lasting(error: &Error) -> bool {
    !matches!(error.kind(), Kind::Unavailable { .. })
}

const FIND_OWNER: &str = "
    SELECT bot_tables.*, agents.id AS bot, agents.workspace_id AS workspace
    FROM bot_tables JOIN agents ON agents.seq = agent_seq
    WHERE bot_tables.seq = :table_seq";

fn load(app: &App, conn: &Connection, job: Job) -> Result<Option<RunningJob>> {
    let mut statement = conn.prepare_cached(FIND_OWNER)?;
    let found = statement.query_row(named_params! {":table_seq": job.table_seq}, |row| {
        Ok(RunningJob {
            app: app.clone(),
            job: job.clone(),
            table: table::from_row(row)?,
            agent_seq: row.get("agent_seq")?,
            bot: row.get("bot")?,
            workspace: row.get("workspace")?,
        })
    });
    Ok(found.optional()?)
}

impl RunningJob {
    /// Saves the job with a new status.
    pub(super) async fn save(&mut self, status: JobStatus) -> Result<()> {
        self.job.status = status;
        if status == JobStatus::Completed {
            self.job.progress = 100;
        }
        let job = self.job.clone();
        let saved = self
            .app
            .run_write_tx_as(Actor::System, move |tx| jobs::save(tx, &job));
        saved.await
    }

    /// Saves the progress if its tenth has changed.
    pub(super) async fn advance(&mut self, done: u64, all: u64) -> Result<()> {
        let progress = progress_of(done, all);
        if progress / 10 == self.job.progress / 10 {
            return Ok(());
        }
        self.job.progress = progress;
        self.save(JobStatus::InProgress).await
    }

    async fn fail(&mut self, error: &Error) -> Result<()> {
        tracing::info!(%error, job = self.job.id, "a job of a table failed");
        let text = match error.kind() {
            Kind::Internal => "an internal error",
            _ => error.message(),
        };
        self.log(LogLevel::Error, vec![format!("failed: {text}")])
            .await?;
        self.save(JobStatus::Failed).await
    }

    /// Writes lines into the log of the bot.
    pub(super) async fn log(&self, level: LogLevel, lines: Vec<String>) -> Result<()> {
        let begin = format!("{} of the table {}", self.job.kind, self.table.name);
        let (app, bot) = (self.app.clone(), self.bot.clone());
        let written = self.app.run_write_tx_as(Actor::System, move |tx| {
            for line in &lines {
                logs::record(
                    tx,
                    app.bot_settings(),
                    &bot,
                    level,
                    &format!("{begin}: {line}"),
                )?;
            }
            Ok(())
        });
        written.await
    }
}

/// Returns a progress below 100 percent.
pub(super) fn progress_of(done: u64, all: u64) -> u32 {
    let percent = done.saturating_mul(100) / all.max(1);
    u32::try_from(percent.min(99)).unwrap_or(99)
}

const NEXT_ROWS: &str = "
    SELECT seq, data, created_at, updated_at FROM bot_table_rows
    WHERE seq > (:table_seq << 31) + :after AND seq < (:table_seq + 1) << 31 ORDER BY seq LIMIT :limit";

/// Reads the next rows of a table after an id.
pub(super) fn read_rows(
    conn: &Connection,
    table: &Table,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredRow>> {
    let mut statement = conn.prepare_cached(NEXT_ROWS)?;
    let mut found = statement.query(named_params! {
        ":table_seq": table.seq,
        ":after": after,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    })?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(StoredRow::from_row(table, row)?);
    }
    Ok(rows)
}

/// Deletes the values of columns that the table has no more.
async fn clear_columns(running: &mut RunningJob) -> Result<()> {
    loop {
        let (agent_seq, id) = (running.agent_seq, running.table.id.clone());
        let mut job = running.job.clone();
        let step = running.app.run_write_tx_as(Actor::System, move |tx| {
            let Some(table) = table::find_if_any(tx.conn, agent_seq, &id)? else {
                return Ok(None);
            };
            let has_more = clear_some(tx, &table, &mut job)?;
            jobs::save(tx, &job)?;
            Ok(has_more.then_some(job))
        });
        let Some(job) = step.await? else {
            break;
        };
        running.job = job;
    }
    clear_keys(running).await
}

const SET_DATA: &str = "UPDATE bot_table_rows SET data = :data WHERE seq = :seq";

/// Clears the next rows. False if there are no more.
fn clear_some(tx: &WriteTx<'_>, table: &Table, job: &mut Job) -> Result<bool> {
    let rows = read_rows(tx.conn, table, job.position, table.rows_per_transaction())?;
    for row in &rows {
        let kept = row
            .values
            .retain(|number| table.columns.find_number(number).is_some());
        if kept != row.values {
            tx.conn
                .prepare_cached(SET_DATA)?
                .execute(named_params! {":data": kept.to_data(), ":seq": table.row_seq(row.id)})?;
        }
        job.position = row.id;
    }
    job.progress = progress_of(job.position.unsigned_abs(), table.last_row.unsigned_abs());
    Ok(!rows.is_empty())
}

const CLEAR_KEYS: &str = "
    DELETE FROM bot_table_keys WHERE (table_seq, column_number, value) IN (
        SELECT table_seq, column_number, value FROM bot_table_keys
        WHERE table_seq = :table_seq
          AND column_number IS NOT (SELECT key_column FROM bot_tables WHERE seq = :table_seq) LIMIT 1000)";

async fn clear_keys(running: &RunningJob) -> Result<()> {
    let table_seq = running.table.seq;
    loop {
        let cleared = running.app.store().write(move |conn| {
            let of_table = named_params! {":table_seq": table_seq};
            Ok(conn.prepare_cached(CLEAR_KEYS)?.execute(of_table)?)
        });
        if cleared.await? == 0 {
            return Ok(());
        }
    }
}
