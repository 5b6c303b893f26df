//! Deletion of workspaces. A deleted workspace is closed, with its members and keys, in one transaction. Its rows,
//! which may be millions, are deleted afterwards in small steps that do not block other writes.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::warn;

use crate::{
    domain::{
        App,
        bots::{
            integrations,
            manage::{self, delete::PurgeStep},
        },
        tenancy::{
            audit::Actor, members::Role, request_auth::RequestContext,
            workspaces::update::record_audit, write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AgentId, WorkspaceId},
    },
};

/// Number of steps before the response. A small workspace is deleted completely by then.
const STEPS_BEFORE_RESPONSE: usize = 40;
/// Interval between checks without a notification.
const RUN_INTERVAL: Duration = Duration::from_secs(30);

const FIND_USED_ELSEWHERE: &str = "
    SELECT 'integration ' || integrations.name AS name FROM integrations
    JOIN bot_integrations ON bot_integrations.integration_seq = integrations.seq
    JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE integrations.workspace_id = :id AND agents.workspace_id <> :id
      AND bot_integrations.removed_at IS NULL AND agents.deleted_at IS NULL
    UNION ALL
    SELECT 'plugin ' || packages.name FROM packages
    JOIN bot_plugins ON bot_plugins.package_seq = packages.seq
    JOIN agents ON agents.seq = bot_plugins.agent_seq
    WHERE packages.workspace_id = :id AND agents.workspace_id <> :id
      AND agents.deleted_at IS NULL
    LIMIT 1";

const CLOSE: &str = "UPDATE workspaces SET closed_at = :now, updated_at = :now WHERE id = :id";
const UNPUBLISH_PACKAGES: &str =
    "UPDATE packages SET visibility = 'private' WHERE workspace_id = :id";
const DELETE_MEMBERS: &str = "DELETE FROM members WHERE workspace_id = :id";
/// The code of an integration keeps its own token while it has to `unregister` an installation. The token is not valid
/// for anything else.
const REVOKE_KEYS: &str = "
    UPDATE api_keys SET revoked_at = :now
    WHERE workspace_id = :id AND revoked_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM runtime_tokens
        JOIN integrations ON integrations.id = runtime_tokens.owner_id
        JOIN bot_integrations ON bot_integrations.integration_seq = integrations.seq
        WHERE runtime_tokens.key_id = api_keys.id
          AND bot_integrations.status = 'unregistration_pending')";

/// Deletes the workspace of the request with all its data.
///
/// # Errors
/// `Forbidden` for everyone except owners, `RelationConflict` while bots of other workspaces have an integration of
/// this one installed, and errors of the store.
pub async fn delete(call: &RequestContext) -> Result<()> {
    call.require_role(Role::Owner)?;
    let app = call.app();
    let webhooks = app.addresses().webhooks.clone();
    app.run_write_tx_though_blocked(call, move |tx, id| {
        tx.run_after_commit(|app| app.workspace_closed().notify_one());
        close_in_tx(tx, &webhooks, id)
    })
    .await?;
    let mut passed = PurgeCursor::default();
    for _ in 0..STEPS_BEFORE_RESPONSE {
        if !run_step(app, &mut passed).await? {
            break;
        }
    }
    app.workspace_closed().notify_one();
    Ok(())
}

const LIST_AGENTS: &str =
    "SELECT seq, id FROM agents WHERE workspace_id = :id AND deleted_at IS NULL";

fn close_in_tx(tx: &WriteTx<'_>, webhooks: &str, id: &WorkspaceId) -> Result<()> {
    let workspace = crate::domain::tenancy::workspaces::find(tx.conn, id)?;
    let used: Option<String> = tx
        .conn
        .prepare_cached(FIND_USED_ELSEWHERE)?
        .query_row(named_params! {":id": id}, |row| row.get("name"))
        .optional()?;
    if let Some(name) = used {
        return Err(Error::new(
            Kind::RelationConflict,
            format!("The {name} is installed in bots of other workspaces"),
        ));
    }
    record_audit(tx, id, "workspace.delete", Some(&workspace.name))?;
    integrations::release_names(tx, id)?;
    tx.conn
        .prepare_cached(UNPUBLISH_PACKAGES)?
        .execute(named_params! {":id": id})?;
    let at = named_params! {":id": id, ":now": tx.now};
    tx.conn.prepare_cached(CLOSE)?.execute(at)?;
    tx.conn
        .prepare_cached(DELETE_MEMBERS)?
        .execute(named_params! {":id": id})?;
    let mut statement = tx.conn.prepare_cached(LIST_AGENTS)?;
    let agents = statement.query_map(named_params! {":id": id}, |row| {
        Ok((row.get("seq")?, row.get("id")?))
    })?;
    for agent in agents.collect::<rusqlite::Result<Vec<(i64, AgentId)>>>()? {
        manage::delete::mark_deleted(tx, webhooks, agent.0, &agent.1)?;
    }
    tx.conn.prepare_cached(REVOKE_KEYS)?.execute(at)?;
    Ok(())
}

/// Deletes the remaining rows of closed workspaces, except for bots with pending `unregister` deliveries.
///
/// # Errors
/// Errors of the store.
pub async fn purge(app: &App) -> Result<()> {
    let mut passed = PurgeCursor::default();
    while run_step(app, &mut passed).await? {}
    Ok(())
}

const FIND_OPEN: &str = "SELECT 1 FROM workspaces WHERE closed_at IS NULL AND NOT system";

/// Like [`purge`], at the start of the server. If no workspace is left, it does not wait for pending deliveries: the
/// first start may need the id of a closed workspace.
///
/// # Errors
/// Errors of the store.
pub async fn purge_at_start(app: &App) -> Result<()> {
    let is_open = |conn: &Connection| Ok(conn.prepare_cached(FIND_OPEN)?.exists([])?);
    let mut passed = PurgeCursor {
        skips_waiting: !app.store().read(is_open)?,
        ..PurgeCursor::default()
    };
    while run_step(app, &mut passed).await? {}
    Ok(())
}

/// Runs [`purge`] after each deletion and at intervals, until it is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = purge(&app).await {
            warn!(%error, "rows of deleted workspaces cannot be deleted; the deletion is retried");
        }
        tokio::select! {
            () = app.workspace_closed().notified() => {}
            () = app.clock().sleep(RUN_INTERVAL) => {}
        }
    }
}

const FIND_NEXT_CLOSED: &str = "
    SELECT seq, id FROM workspaces WHERE closed_at IS NOT NULL AND seq > :after
    ORDER BY seq LIMIT 1";
const FIND_NEXT_AGENT: &str = "
    SELECT seq FROM agents WHERE workspace_id = :id AND seq > :after ORDER BY seq LIMIT 1";

/// Cursor of a purge: the workspaces up to this one, and the bots of the next workspace up to this one, have to wait.
#[derive(Default)]
struct PurgeCursor {
    workspace: i64,
    agent: i64,
    /// True if the purge does not wait for pending deliveries.
    skips_waiting: bool,
}

/// Runs one step. True if there may be more to do.
async fn run_step(app: &App, passed: &mut PurgeCursor) -> Result<bool> {
    let after = passed.workspace;
    let closed = |conn: &Connection| -> Result<Option<(i64, WorkspaceId)>> {
        let found = conn
            .prepare_cached(FIND_NEXT_CLOSED)?
            .query_row(named_params! {":after": after}, |row| {
                Ok((row.get("seq")?, row.get("id")?))
            });
        Ok(found.optional()?)
    };
    let Some((workspace, id)) = app.store().read(closed)? else {
        return Ok(false);
    };
    let after = passed.agent;
    let overdue = if passed.skips_waiting {
        Timestamp::from_micros(i64::MAX)
    } else {
        manage::delete::unregister_deadline(app)
    };
    let waiting = app.run_write_tx_as(Actor::System, move |tx| {
        match find_next_agent(tx.conn, &id, after)? {
            Some(seq) => {
                let step = manage::delete::run_purge_step(tx, seq, overdue)?;
                Ok((step == PurgeStep::Waiting).then_some(WaitingItem::Agent(seq)))
            }
            None if after > 0 => Ok(Some(WaitingItem::Workspace)),
            None => delete_rows(tx.conn, &id).map(|()| None),
        }
    });
    match waiting.await? {
        Some(WaitingItem::Agent(seq)) => passed.agent = seq,
        Some(WaitingItem::Workspace) => (passed.workspace, passed.agent) = (workspace, 0),
        None => {}
    }
    Ok(true)
}

/// Item that a step found to be waiting.
enum WaitingItem {
    Agent(i64),
    Workspace,
}

fn find_next_agent(conn: &Connection, id: &WorkspaceId, after: i64) -> Result<Option<i64>> {
    let found = conn
        .prepare_cached(FIND_NEXT_AGENT)?
        .query_row(named_params! {":id": id, ":after": after}, |row| row.get(0));
    Ok(found.optional()?)
}

const DELETE: &str = "DELETE FROM workspaces WHERE id = :id";
const DELETE_INTEGRATIONS: &str = "
    DELETE FROM integrations WHERE seq IN
        (SELECT seq FROM integrations WHERE workspace_id = :id LIMIT 20)";

const DELETE_PACKAGES: &str = "
    DELETE FROM packages WHERE seq IN
        (SELECT seq FROM packages WHERE workspace_id = :id LIMIT 20)";

/// Rows in bots of other workspaces for removed installations of this workspace's integrations.
const DELETE_INSTALLATIONS: &str = "
    DELETE FROM bot_integrations WHERE seq IN (
        SELECT bot_integrations.seq FROM integrations
        JOIN bot_integrations ON bot_integrations.integration_seq = integrations.seq
        WHERE integrations.workspace_id = :id LIMIT 500)";

fn delete_rows(conn: &Connection, id: &WorkspaceId) -> Result<()> {
    let parameters = named_params! {":id": id};
    let uninstalled = conn
        .prepare_cached(DELETE_INSTALLATIONS)?
        .execute(parameters)?;
    if uninstalled > 0 {
        return Ok(());
    }
    let integrations = conn
        .prepare_cached(DELETE_INTEGRATIONS)?
        .execute(parameters)?;
    if integrations > 0 {
        return Ok(());
    }
    let packages = conn.prepare_cached(DELETE_PACKAGES)?.execute(parameters)?;
    if packages == 0 {
        conn.prepare_cached(DELETE)?.execute(parameters)?;
    }
    Ok(())
}
