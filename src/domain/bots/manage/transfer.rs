//! Moves a bot to another workspace.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::rows;
use crate::{
    domain::tenancy::{
        agents::Agent,
        api_keys::KeyOwner,
        audit::{self, NewAuditRecord},
        members::{self, Role},
        quotas,
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result,
        ids::{AccountId, AgentId, WorkspaceId},
    },
};

/// Moves a bot with all of its data from the workspace of the call to another workspace. The caller must be a
/// manager of the first, and a developer of the second, where that role can create bots.
///
/// # Errors
/// `Forbidden`, `NotFound`, `ReferenceNotFound` if the caller is not a member of the target workspace,
/// `RelationConflict` while the bot has integrations that the target workspace cannot use, `QuotaExceeded` if
/// the plan of the target workspace does not allow the bot or its files, or errors of the store.
pub async fn transfer(call: &RequestContext, id: AgentId, target: WorkspaceId) -> Result<()> {
    call.require_role(Role::Manager)?;
    let account = match &call.principal().owner {
        KeyOwner::Account(account) => account.clone(),
        _ => {
            return Err(Error::new(
                Kind::Forbidden,
                "This needs a personal access token",
            ));
        }
    };
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let agent = rows::find_agent(tx.conn, workspace, &id)?;
            check_target(tx.conn, &agent, &account, &target)?;
            if target != agent.workspace_id {
                quotas::require_bot(tx, &agent.workspace_id, &agent.id, &target)?;
            }
            move_to_workspace(tx, &agent, &target)
        })
        .await
}

/// Integrations and plugins that the target workspace cannot use.
const FIND_UNUSABLE: &str = "
    SELECT integrations.name || '@' || integrations.version
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.removed_at IS NULL
      AND NOT integrations.public AND integrations.workspace_id <> :target
    UNION ALL
    SELECT packages.name || '@' || packages.version
    FROM bot_plugins JOIN packages ON packages.seq = bot_plugins.package_seq
    WHERE bot_plugins.agent_seq = :agent_seq AND packages.visibility = 'private'
      AND packages.workspace_id <> :target
    LIMIT 1";

fn check_target(
    conn: &Connection,
    agent: &Agent,
    account: &AccountId,
    target: &WorkspaceId,
) -> Result<()> {
    let role = members::find_role(conn, target, account)?.ok_or_else(|| {
        Error::new(
            Kind::ReferenceNotFound,
            format!("Workspace \"{target}\" not found among those that you are a member of"),
        )
    })?;
    if role < Role::Developer {
        let least = Role::Developer;
        return Err(Error::new(
            Kind::Forbidden,
            format!("This needs the role {least} in the workspace {target}; yours is {role}"),
        ));
    }
    let foreign: Option<String> = conn
        .prepare_cached(FIND_UNUSABLE)?
        .query_row(
            named_params! {":agent_seq": agent.seq, ":target": target},
            |row| row.get(0),
        )
        .optional()?;
    match foreign {
        Some(name) => Err(Error::new(
            Kind::RelationConflict,
            format!("The bot has {name}, which the workspace {target} cannot use"),
        )),
        None => Ok(()),
    }
}

const MOVE: &str = "UPDATE agents SET workspace_id = :target, updated_at = :now WHERE seq = :seq";

/// Moves the bot's own tokens too.
const MOVE_KEYS: &str = "UPDATE api_keys SET workspace_id = :target WHERE agent_id = :id";

fn move_to_workspace(tx: &WriteTx<'_>, agent: &Agent, target: &WorkspaceId) -> Result<()> {
    tx.conn.prepare_cached(MOVE)?.execute(named_params! {
        ":seq": agent.seq, ":target": target, ":now": tx.now,
    })?;
    tx.conn
        .prepare_cached(MOVE_KEYS)?
        .execute(named_params! {":id": agent.id, ":target": target})?;
    for workspace in [&agent.workspace_id, target] {
        audit::record(
            tx,
            &NewAuditRecord {
                workspace: Some(workspace),
                action: "bot.transfer",
                resource_id: agent.id.as_str(),
                resource_name: Some(&agent.name),
            },
        )?;
    }
    Ok(())
}
