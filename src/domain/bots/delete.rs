//! Deleting bots. A bot is gone at once; what it had is removed in steps that each leave other
//! writers their turn.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::rows;
use crate::{
    domain::{
        access::Call,
        audit::{self, Entry},
        change::Change,
        context::Domain,
        members::Role,
    },
    kernel::{
        Result,
        ids::{AgentId, WorkspaceId},
    },
};

/// How many rows are removed in one transaction.
const CHUNK: i64 = 500;

/// Deletes a bot of the workspace of the call: the agent, in every dialect, with everything of it.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, or those of the store.
pub async fn delete(call: &Call, id: AgentId) -> Result<()> {
    call.require_role(Role::Developer)?;
    let domain = call.domain();
    let hidden = domain.change(call, move |change, workspace| hide(change, workspace, &id));
    hidden.await?;
    domain.bot_work().notify_one();
    Ok(())
}

/// No handle begins so, so that the one it had is free.
const HIDE: &str = "
    UPDATE agents SET deleted_at = :now, handle = '-' || id WHERE seq = :seq";

const DELETE_KEYS: &str = "DELETE FROM api_keys WHERE agent_id = :id";

fn hide(change: &Change<'_>, workspace: &WorkspaceId, id: &AgentId) -> Result<()> {
    let agent = rows::agent(change.conn, workspace, id)?;
    change
        .conn
        .prepare_cached(HIDE)?
        .execute(named_params! {":seq": agent.seq, ":now": change.now})?;
    change
        .conn
        .prepare_cached(DELETE_KEYS)?
        .execute(named_params! {":id": id})?;
    audit::record(
        change,
        &Entry {
            workspace: Some(workspace),
            action: "bot.delete",
            resource_id: id.as_str(),
            resource_name: Some(&agent.name),
        },
    )
}

const DELETED: &str = "
    SELECT seq, id FROM agents WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1";

/// Removes some of what belongs to a deleted bot, and at last the bot. Whether there may be more.
pub(super) async fn remove(domain: &Domain) -> Result<bool> {
    let deleted = domain.store().read(|conn| {
        let mut statement = conn.prepare_cached(DELETED)?;
        let found = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    })?;
    let Some((seq, id)) = deleted else {
        return Ok(false);
    };
    let removed = domain.store().write(move |conn| step(conn, seq, &id));
    removed.await?;
    Ok(true)
}

/// What there may be many of, each before what it would go with.
const MANY: &[&str] = &[
    "DELETE FROM bot_deliveries WHERE seq IN (
        SELECT seq FROM bot_deliveries WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_schedules WHERE seq IN (
        SELECT seq FROM bot_schedules WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM events WHERE seq IN (
        SELECT seq FROM events WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM messages WHERE seq IN (
        SELECT seq FROM messages WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM states WHERE seq IN (
        SELECT seq FROM states WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM conversations WHERE seq IN (
        SELECT seq FROM conversations WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_logs WHERE seq IN (
        SELECT seq FROM bot_logs WHERE agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_issue_events WHERE seq IN (
        SELECT bot_issue_events.seq FROM bot_issues
        JOIN bot_issue_events ON bot_issue_events.issue_seq = bot_issues.seq
        WHERE bot_issues.agent_seq = :seq LIMIT :limit)",
    "DELETE FROM bot_files WHERE seq IN (
        SELECT seq FROM bot_files WHERE agent_seq = :seq LIMIT :limit)",
];

/// The same of what belongs to the agent in other dialects.
const MANY_OF_AGENT: &[&str] = &[
    "DELETE FROM webhook_messages WHERE seq IN (
        SELECT seq FROM webhook_messages WHERE agent_id = :id LIMIT :limit)",
    "DELETE FROM end_users WHERE seq IN (
        SELECT seq FROM end_users WHERE agent_id = :id LIMIT :limit)",
];

const AGENT: &str = "DELETE FROM agents WHERE seq = :seq";

/// Removes some rows of an agent, or the agent when there is little left.
pub(in crate::domain) fn step(conn: &Connection, seq: i64, id: &AgentId) -> Result<()> {
    for sql in MANY {
        let removed = conn
            .prepare_cached(sql)?
            .execute(named_params! {":seq": seq, ":limit": CHUNK})?;
        if removed > 0 {
            return Ok(());
        }
    }
    for sql in MANY_OF_AGENT {
        let removed = conn
            .prepare_cached(sql)?
            .execute(named_params! {":id": id, ":limit": CHUNK})?;
        if removed > 0 {
            return Ok(());
        }
    }
    conn.prepare_cached(AGENT)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}
