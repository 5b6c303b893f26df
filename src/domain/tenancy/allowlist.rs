//! The check that a person may act in a bot: bots can name the people who may.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::shared::sql::text_enum,
    kernel::{Result, ids::AccountId},
};

text_enum! {
    /// Setting of a bot's allowlist.
    pub enum AllowlistSetting {
        /// All members of the workspace may act in the bot.
        AllWorkspaceUsers = "ALL_WORKSPACE_USERS",
        /// Only the selected ones may.
        SelectedUsers = "SELECTED_USERS",
    }
}

const FIND_SETTING: &str = "SELECT allowlist FROM bots WHERE agent_seq = :agent_seq";

/// Returns the setting of a bot.
pub(in crate::domain) fn find_setting(
    conn: &Connection,
    agent_seq: i64,
) -> Result<AllowlistSetting> {
    let found = conn
        .prepare_cached(FIND_SETTING)?
        .query_row(named_params! {":agent_seq": agent_seq}, |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(AllowlistSetting::AllWorkspaceUsers))
}

const IS_SELECTED: &str = "
    SELECT 1 FROM bot_allowed_accounts WHERE agent_seq = :agent_seq AND account_id = :account_id";

/// True if a member of the bot's workspace may act in the bot.
pub(in crate::domain) fn allows(
    conn: &Connection,
    agent_seq: i64,
    account: &AccountId,
) -> Result<bool> {
    if find_setting(conn, agent_seq)? == AllowlistSetting::AllWorkspaceUsers {
        return Ok(true);
    }
    let mut statement = conn.prepare_cached(IS_SELECTED)?;
    Ok(statement.exists(named_params! {":agent_seq": agent_seq, ":account_id": account})?)
}
