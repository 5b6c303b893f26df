//! Deletes bots. A deleted bot disappears at once. Background steps purge its data in short transactions, so
//! that other writers do not wait. Its installations go last, after their `unregister` deliveries have ended
//! or timed out.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, ToSql, named_params};

use super::rows;
use crate::{
    domain::{
        bots::{installations, messages},
        tenancy::{
            app::App,
            audit::{self, Actor, NewAuditRecord},
            members::Role,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Result, Timestamp, ids::AgentId},
};

/// Maximum number of rows that one transaction removes.
const ROWS_PER_TRANSACTION: u16 = 500;

/// Deletes a bot of the workspace of the call: the agent, in every dialect, with all of its data. Enqueues
/// `unregister` for its integrations, with webhook addresses below `webhooks`.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, or errors of the store.
pub async fn delete(call: &RequestContext, id: AgentId, webhooks: String) -> Result<()> {
    call.require_role(Role::Developer)?;
    let app = call.app();
    app.run_write_tx(call, move |tx, workspace| {
        let agent = rows::find_agent(tx.conn, workspace, &id)?;
        tx.run_after_commit(|app| app.bot_worker_wake_up().notify_one());
        mark_deleted(tx, &webhooks, agent.seq, &id)?;
        audit::record(
            tx,
            &NewAuditRecord {
                workspace: Some(workspace),
                action: "bot.delete",
                resource_id: id.as_str(),
                resource_name: Some(&agent.name),
            },
        )
    })
    .await
}

/// Frees the handle: no valid handle begins with a hyphen.
const MARK_DELETED: &str = "
    UPDATE agents SET deleted_at = :now, handle = '-' || id WHERE seq = :seq";

const DELETE_KEYS: &str = "DELETE FROM api_keys WHERE agent_id = :id";

/// Marks an agent as deleted, revokes its keys and enqueues `unregister` for its integrations.
pub(in crate::domain) fn mark_deleted(
    tx: &WriteTx<'_>,
    webhooks: &str,
    seq: i64,
    id: &AgentId,
) -> Result<()> {
    tx.conn
        .prepare_cached(MARK_DELETED)?
        .execute(named_params! {":seq": seq, ":now": tx.now})?;
    tx.conn
        .prepare_cached(DELETE_KEYS)?
        .execute(named_params! {":id": id})?;
    installations::unregister_all(tx, webhooks, seq)
}

/// Selects the next deleted agent after a row.
const NEXT_DELETED: &str = "
    SELECT seq FROM agents WHERE deleted_at IS NOT NULL AND seq > :after ORDER BY seq LIMIT 1";

/// Purges the data of deleted bots, then the bots that wait for no delivery.
pub(super) async fn purge_deleted(app: &App) -> Result<()> {
    let mut after = 0;
    loop {
        let next = app.store().read(|conn| {
            let mut statement = conn.prepare_cached(NEXT_DELETED)?;
            let found = statement.query_row(named_params! {":after": after}, |row| row.get(0));
            Ok(found.optional()?)
        })?;
        let Some(seq) = next else {
            return Ok(());
        };
        let overdue = unregister_deadline(app);
        let step = app.run_write_tx_as(Actor::System, move |tx| run_purge_step(tx, seq, overdue));
        if step.await? == PurgeStep::Waiting {
            after = seq;
        }
    }
}

/// Returns the time before which a deletion has waited long enough for its `unregister` deliveries.
pub(in crate::domain) fn unregister_deadline(app: &App) -> Timestamp {
    let wait = app.delivery_settings().unregister_seconds;
    let wait = i64::try_from(Duration::from_secs(wait).as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(app.clock().now().as_micros().saturating_sub(wait))
}

/// Outcome of one step of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum PurgeStep {
    /// There may be more rows to remove.
    More,
    /// Only pending `unregister` deliveries are left.
    Waiting,
}

/// Deletes of the tables that can be large, each before the rows that it refers to: first those that refer to
/// messages.
const PURGE_BEFORE_MESSAGES: &[&str] = &[
    "DELETE FROM bot_deliveries WHERE seq IN (
        SELECT seq FROM bot_deliveries
        WHERE agent_seq = :seq AND operation <> 'unregister' LIMIT :limit)",
    "DELETE FROM bot_schedules WHERE seq IN (
        SELECT seq FROM bot_schedules WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM events WHERE seq IN (
        SELECT seq FROM events WHERE agent_seq = :seq LIMIT :limit)",
];

/// Deletes of the other large tables, in the same order: conversations and end users after their messages.
const PURGE_AFTER_MESSAGES: &[&str] = &[
    "DELETE FROM states WHERE seq IN (
        SELECT seq FROM states
        WHERE agent_seq = :seq AND type <> 'integration' LIMIT :limit)",
    "DELETE FROM workflows WHERE seq IN (
        SELECT seq FROM workflows WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM tasks WHERE seq IN (
        SELECT seq FROM tasks WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM conversations WHERE seq IN (
        SELECT seq FROM conversations WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_counters WHERE agent_seq = :seq AND (day, name) IN (
        SELECT day, name FROM bot_counters WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_logs WHERE seq IN (
        SELECT seq FROM bot_logs WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_issue_events WHERE seq IN (
        SELECT bot_issue_events.seq FROM bot_issues
        JOIN bot_issue_events ON bot_issue_events.issue_seq = bot_issues.seq
        WHERE bot_issues.agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_versions WHERE seq IN (
        SELECT seq FROM bot_versions WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM action_runs WHERE seq IN (
        SELECT seq FROM action_runs WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_files WHERE seq IN (
        SELECT seq FROM bot_files WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM files WHERE seq IN (
        SELECT seq FROM files WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_table_rows WHERE seq IN (
        SELECT bot_table_rows.seq FROM bot_tables JOIN bot_table_rows
            ON bot_table_rows.seq > bot_tables.seq << 31
            AND bot_table_rows.seq < (bot_tables.seq + 1) << 31
        WHERE bot_tables.agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_table_keys WHERE (table_seq, column_number, value) IN (
        SELECT table_seq, column_number, value FROM bot_tables
        JOIN bot_table_keys ON table_seq = bot_tables.seq
        WHERE bot_tables.agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_tables WHERE seq IN (
        SELECT seq FROM bot_tables WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM webhook_messages WHERE seq IN (
        SELECT seq FROM webhook_messages WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM end_users WHERE seq IN (
        SELECT seq FROM end_users
        WHERE agent_id = (SELECT id FROM agents WHERE seq = :seq) LIMIT :limit)",
];

/// Run after the `unregister` deliveries, which may need credentials that `register` stored in these states.
const DELETE_STATES: &str = "
    DELETE FROM states WHERE seq IN (
        SELECT seq FROM states WHERE agent_seq = :seq LIMIT :limit)";

const IS_WAITING: &str = "
    SELECT 1 FROM bot_deliveries JOIN agents ON agents.seq = bot_deliveries.agent_seq
    WHERE bot_deliveries.agent_seq = :seq AND agents.deleted_at > :overdue";

const DELETE_AGENT: &str = "DELETE FROM agents WHERE seq = :seq";

/// Removes some rows of a deleted agent, or the agent itself once its large tables are empty.
pub(in crate::domain) fn run_purge_step(
    tx: &WriteTx<'_>,
    seq: i64,
    overdue: Timestamp,
) -> Result<PurgeStep> {
    // It deletes the bytes of the deleted files.
    tx.wake_file_worker();
    let conn = tx.conn;
    let of_agent = named_params! {":seq": seq, ":limit": ROWS_PER_TRANSACTION};
    if delete_some(conn, PURGE_BEFORE_MESSAGES, of_agent)?
        || messages::delete_by_agent(tx, seq, ROWS_PER_TRANSACTION)? > 0
        || delete_some(conn, PURGE_AFTER_MESSAGES, of_agent)?
    {
        return Ok(PurgeStep::More);
    }
    let mut is_waiting = conn.prepare_cached(IS_WAITING)?;
    if is_waiting.exists(named_params! {":seq": seq, ":overdue": overdue})? {
        return Ok(PurgeStep::Waiting);
    }
    if conn.prepare_cached(DELETE_STATES)?.execute(of_agent)? > 0 {
        return Ok(PurgeStep::More);
    }
    conn.prepare_cached(DELETE_AGENT)?
        .execute(named_params! {":seq": seq})?;
    Ok(PurgeStep::More)
}

/// Runs the statements up to the first one that deletes rows. False if none does.
fn delete_some(
    conn: &Connection,
    statements: &[&str],
    parameters: &[(&str, &dyn ToSql)],
) -> Result<bool> {
    for sql in statements {
        if conn.prepare_cached(sql)?.execute(parameters)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
