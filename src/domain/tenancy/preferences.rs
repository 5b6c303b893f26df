//! Preferences: JSON values that clients store by key for an account or for a workspace. The server does not use them.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{
    account_call::AccountContext, bounds::Bound, members::Role, request_auth::RequestContext,
    write_tx::WriteTx,
};
use crate::kernel::{Error, Kind, Result, Rule, Violation};

/// Maximum length of a key, in characters.
const MAX_KEY_CHARS: usize = 200;
/// Maximum size of a value, in bytes of JSON text.
const MAX_VALUE_BYTES: usize = 65_536;

/// Table of preferences and its statements.
struct PreferenceTable {
    find: &'static str,
    set: &'static str,
    bound: Bound,
}

macro_rules! table {
    ($table:literal, $owner:literal, $label:literal) => {
        PreferenceTable {
            find: concat!(
                "SELECT value FROM ",
                $table,
                " WHERE ",
                $owner,
                " = :owner AND key = :key"
            ),
            set: concat!(
                "INSERT INTO ",
                $table,
                " (",
                $owner,
                ", key, value) VALUES (:owner, :key, :value) ",
                "ON CONFLICT (",
                $owner,
                ", key) DO UPDATE SET value = excluded.value"
            ),
            bound: Bound {
                owner_label: $label,
                items_label: "preferences",
                setting: "preferences",
                limit: |bounds| bounds.preferences,
                max_number_sql: None,
                rows_sql: concat!("SELECT 1 FROM ", $table, " WHERE ", $owner, " = ?1"),
            },
        }
    };
}

const OF_ACCOUNTS: PreferenceTable = table!("account_preferences", "account_id", "An account");
const OF_WORKSPACES: PreferenceTable =
    table!("workspace_preferences", "workspace_id", "A workspace");

/// Returns a preference of the caller's account.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get_of_account(call: &AccountContext, key: &str) -> Result<Value> {
    let read = |conn: &Connection| OF_ACCOUNTS.get(conn, call.account().as_str(), key);
    call.app().store().read(read)
}

/// Sets a preference of the caller's account.
///
/// # Errors
/// `Invalid` for a key or a value that is too long, `LimitExceeded`, and errors of the store.
pub async fn set_of_account(call: &AccountContext, key: String, value: &Value) -> Result<()> {
    let value = to_text(&key, value)?;
    call.run_write_tx(move |tx, account| OF_ACCOUNTS.set(tx, account.as_str(), &key, &value))
        .await
}

/// Returns a preference of the request's workspace.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get_of_workspace(call: &RequestContext, key: &str) -> Result<Value> {
    let read = |conn: &Connection| OF_WORKSPACES.get(conn, call.workspace().as_str(), key);
    call.app().store().read(read)
}

/// Sets a preference of the request's workspace.
///
/// # Errors
/// `Forbidden` for a role below developer, `Invalid` for a key or a value that is too long, `LimitExceeded`, and errors
/// of the store.
pub async fn set_of_workspace(call: &RequestContext, key: String, value: &Value) -> Result<()> {
    call.require_role(Role::Developer)?;
    let value = to_text(&key, value)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            OF_WORKSPACES.set(tx, workspace.as_str(), &key, &value)
        })
        .await
}

/// Returns the text of a value, and checks its length and that of the key.
fn to_text(key: &str, value: &Value) -> Result<String> {
    if key.chars().count() > MAX_KEY_CHARS {
        // A violation of the path would mean that there is no such resource.
        return Err(Violation::query("key", Rule::MaxLength(MAX_KEY_CHARS as u64)).into());
    }
    let text = value.to_string();
    if text.len() > MAX_VALUE_BYTES {
        let text = format!("value: a preference can have {MAX_VALUE_BYTES} bytes of JSON");
        return Err(Error::new(Kind::LimitExceeded, text));
    }
    Ok(text)
}

impl PreferenceTable {
    fn find(&self, conn: &Connection, owner: &str, key: &str) -> Result<Option<String>> {
        let found = conn
            .prepare_cached(self.find)?
            .query_row(named_params! {":owner": owner, ":key": key}, |row| {
                row.get(0)
            });
        Ok(found.optional()?)
    }

    fn get(&self, conn: &Connection, owner: &str, key: &str) -> Result<Value> {
        let found = self.find(conn, owner, key)?;
        let found =
            found.ok_or_else(|| Error::not_found(format!("Preference \"{key}\" not found")))?;
        serde_json::from_str(&found)
            .map_err(|error| Error::internal("a stored preference cannot be read", error))
    }

    fn set(&self, tx: &WriteTx<'_>, owner: &str, key: &str, value: &str) -> Result<()> {
        if self.find(tx.conn, owner, key)?.is_none() {
            self.bound.require(tx, owner)?;
        }
        tx.conn.prepare_cached(self.set)?.execute(named_params! {
            ":owner": owner, ":key": key, ":value": value,
        })?;
        Ok(())
    }
}
