//! The people who may act in a bot with their personal access tokens: all members of its workspace, or selected ones.
//! [`crate::domain::tenancy::auth_scope`] enforces it.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::manage;
use crate::{
    domain::tenancy::{
        allowlist::{self, AllowlistSetting},
        audit::{self, NewAuditRecord},
        members::{self, Role},
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result,
        ids::{AccountId, AgentId, WorkspaceId},
    },
};

/// The people who may act in a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowlist {
    /// Setting.
    pub setting: AllowlistSetting,
    /// Selected accounts; they have an effect with [`AllowlistSetting::SelectedUsers`].
    pub accounts: Vec<AccountId>,
}

/// Changes to an allowlist. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct AllowlistPatch {
    /// Setting.
    pub setting: Option<AllowlistSetting>,
    /// True adds an account, false removes it.
    pub accounts: BTreeMap<String, bool>,
}

const ACCOUNTS: &str = "
    SELECT account_id FROM bot_allowed_accounts WHERE agent_seq = :agent_seq ORDER BY account_id";

/// Returns the allowlist of a bot of the workspace of the call.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get(call: &RequestContext, bot: &AgentId) -> Result<Allowlist> {
    call.app().store().read(|conn: &Connection| {
        let agent = manage::find_agent(conn, call.workspace(), bot)?;
        let mut statement = conn.prepare_cached(ACCOUNTS)?;
        let rows =
            statement.query_map(named_params! {":agent_seq": agent.seq}, |row| row.get(0))?;
        Ok(Allowlist {
            setting: allowlist::find_setting(conn, agent.seq)?,
            accounts: rows.collect::<rusqlite::Result<_>>()?,
        })
    })
}

const SET_SETTING: &str = "UPDATE bots SET allowlist = :setting WHERE agent_seq = :agent_seq";

const ADD: &str = "
    INSERT INTO bot_allowed_accounts (agent_seq, account_id) VALUES (:agent_seq, :account_id)
    ON CONFLICT DO NOTHING";

const REMOVE: &str = "
    DELETE FROM bot_allowed_accounts WHERE agent_seq = :agent_seq AND account_id = :account_id";

/// Changes the allowlist of a bot of the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `ReferenceNotFound` for an account that is not a member of the
/// workspace, and errors of the store.
pub async fn update(call: &RequestContext, bot: AgentId, patch: AllowlistPatch) -> Result<()> {
    call.require_role(Role::Developer)?;
    // Creates the bot's row if an agent of another dialect has none yet.
    manage::find(call, bot.clone()).await?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            update_in_tx(tx, workspace, &bot, &patch)
        })
        .await
}

fn update_in_tx(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    bot: &AgentId,
    patch: &AllowlistPatch,
) -> Result<()> {
    let agent = manage::find_agent(tx.conn, workspace, bot)?;
    if let Some(setting) = patch.setting {
        tx.conn
            .prepare_cached(SET_SETTING)?
            .execute(named_params! {":agent_seq": agent.seq, ":setting": setting})?;
    }
    for (account, is_allowed) in &patch.accounts {
        let of_account = named_params! {":agent_seq": agent.seq, ":account_id": account};
        if !is_allowed {
            tx.conn.prepare_cached(REMOVE)?.execute(of_account)?;
            continue;
        }
        // Only members are added, so the quota on members bounds the list.
        if members::find_role(tx.conn, workspace, &account.as_str().into())?.is_none() {
            let text = format!("User \"{account}\" not found among the members of the workspace");
            return Err(Error::new(Kind::ReferenceNotFound, text));
        }
        tx.conn.prepare_cached(ADD)?.execute(of_account)?;
    }
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "bot.update_allowlist",
            resource_id: bot.as_str(),
            resource_name: Some(&agent.name),
        },
    )
}
