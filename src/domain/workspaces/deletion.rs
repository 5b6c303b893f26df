//! Deleting workspaces. One is gone for everyone at once: it is closed, its members and keys go. Its
//! rows, which may be millions, are deleted in steps after that, none of which holds up other writes.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::warn;

use super::change::record;
use crate::{
    domain::{Domain, access::Call, audit::Actor, bots, change::Change, members::Role},
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

/// How many steps are made before the answer; a small workspace is gone with it.
const BEFORE_ANSWER: usize = 40;
/// How often to look without a hint.
const EVERY: Duration = Duration::from_secs(60);

const USED_ELSEWHERE: &str = "
    SELECT integrations.name FROM integrations
    JOIN bot_integrations ON bot_integrations.integration_seq = integrations.seq
    JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE integrations.workspace_id = :id AND agents.workspace_id <> :id LIMIT 1";

const CLOSE: &str = "UPDATE workspaces SET closed_at = :now, updated_at = :now WHERE id = :id";
const REMOVE_MEMBERS: &str = "DELETE FROM members WHERE workspace_id = :id";
const REVOKE_KEYS: &str = "
    UPDATE api_keys SET revoked_at = :now WHERE workspace_id = :id AND revoked_at IS NULL";

/// Deletes the workspace of the call with everything in it.
///
/// # Errors
/// `Forbidden` for everyone but owners, `RelationConflict` while bots of other workspaces have an
/// integration of this one, or those of the store.
pub async fn delete(call: &Call) -> Result<()> {
    call.require_role(Role::Owner)?;
    let domain = call.domain();
    domain.change_though_blocked(call, close).await?;
    for _ in 0..BEFORE_ANSWER {
        if !step(domain).await? {
            return Ok(());
        }
    }
    domain.closed_workspaces().notify_one();
    Ok(())
}

fn close(change: &Change<'_>, id: &WorkspaceId) -> Result<()> {
    let workspace = super::find(change.conn, id)?;
    let used: Option<String> = change
        .conn
        .prepare_cached(USED_ELSEWHERE)?
        .query_row(named_params! {":id": id}, |row| row.get("name"))
        .optional()?;
    if let Some(name) = used {
        return Err(Error::new(
            Kind::RelationConflict,
            format!("The integration {name} is installed in bots of other workspaces"),
        ));
    }
    record(change, id, "workspace.delete", Some(&workspace.name))?;
    let at = named_params! {":id": id, ":now": change.now};
    change.conn.prepare_cached(CLOSE)?.execute(at)?;
    change.conn.prepare_cached(REVOKE_KEYS)?.execute(at)?;
    change
        .conn
        .prepare_cached(REMOVE_MEMBERS)?
        .execute(named_params! {":id": id})?;
    Ok(())
}

/// Deletes what is left of closed workspaces, until nothing is.
///
/// # Errors
/// Those of the store.
pub async fn purge(domain: &Domain) -> Result<()> {
    while step(domain).await? {}
    Ok(())
}

/// The same whenever there is something, until `stopping`.
pub async fn work(domain: Domain, stopping: impl Future<Output = ()>) {
    tokio::pin!(stopping);
    loop {
        let purged = purge(&domain);
        tokio::select! {
            () = &mut stopping => return,
            purged = purged => if let Err(error) = purged {
                warn!(%error, "rows of deleted workspaces wait");
            },
        }
        tokio::select! {
            () = &mut stopping => return,
            () = domain.closed_workspaces().notified() => {}
            () = domain.clock().sleep(EVERY) => {}
        }
    }
}

const CLOSED: &str = "SELECT id FROM workspaces WHERE closed_at IS NOT NULL ORDER BY seq LIMIT 1";
const AGENT: &str = "SELECT seq, id FROM agents WHERE workspace_id = :id ORDER BY seq LIMIT 1";

/// One step: whether there may be more to do.
async fn step(domain: &Domain) -> Result<bool> {
    let closed = |conn: &Connection| -> Result<Option<WorkspaceId>> {
        let id = conn.prepare_cached(CLOSED)?.query_row([], |row| row.get(0));
        Ok(id.optional()?)
    };
    let Some(id) = domain.store().read(closed)? else {
        return Ok(false);
    };
    domain
        .change_as(Actor::System, move |change| {
            let conn = change.conn;
            let agent = conn
                .prepare_cached(AGENT)?
                .query_row(named_params! {":id": id}, |row| {
                    Ok((row.get("seq")?, row.get("id")?))
                })
                .optional()?;
            match agent {
                Some((seq, agent)) => bots::delete::step(conn, seq, &agent),
                None => remove(conn, &id),
            }
        })
        .await?;
    Ok(true)
}

const REMOVE: &str = "DELETE FROM workspaces WHERE id = :id";
const REMOVE_INTEGRATION: &str = "
    DELETE FROM integrations WHERE seq IN
        (SELECT seq FROM integrations WHERE workspace_id = :id LIMIT 20)";

fn remove(conn: &Connection, id: &WorkspaceId) -> Result<()> {
    let parameters = named_params! {":id": id};
    let integrations = conn
        .prepare_cached(REMOVE_INTEGRATION)?
        .execute(parameters)?;
    if integrations == 0 {
        conn.prepare_cached(REMOVE)?.execute(parameters)?;
    }
    Ok(())
}
