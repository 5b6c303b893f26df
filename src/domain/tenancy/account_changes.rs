//! Changes of an account by its owner.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    account_call::AccountContext,
    accounts::{self, Account},
    audit::{self, NewAuditRecord},
    write_tx::WriteTx,
};
use crate::kernel::{Error, Kind, Result, ids::AccountId};

/// Changes of an account. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct AccountPatch {
    /// Name that others see.
    pub display_name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
}

const UPDATE: &str = "
    UPDATE accounts SET display_name = coalesce(:display_name, display_name),
                        profile_picture = coalesce(:picture, profile_picture)
    WHERE id = :id";

/// Changes the account of the caller.
///
/// # Errors
/// Errors of the store.
pub async fn update(call: &AccountContext, changes: AccountPatch) -> Result<Account> {
    call.run_write_tx(move |tx, account| {
        tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
            ":id": account,
            ":display_name": changes.display_name,
            ":picture": changes.picture,
        })?;
        record_audit(tx, account, "account.update")?;
        accounts::find(tx.conn, account)
    })
    .await
}

/// Selects a workspace that would have no owner without this account.
const FIND_SOLELY_OWNED: &str = "
    SELECT workspaces.name FROM members
    JOIN workspaces ON workspaces.id = members.workspace_id
    WHERE members.account_id = :id AND members.role = 'owner' AND workspaces.closed_at IS NULL
      AND NOT EXISTS (
          SELECT 1 FROM members AS other
          WHERE other.workspace_id = members.workspace_id AND other.role = 'owner'
            AND other.account_id <> :id)
    LIMIT 1";

const DELETE: &str = "DELETE FROM accounts WHERE id = :id";

/// Deletes the account of the caller, with its memberships, tokens and preferences.
///
/// # Errors
/// `RelationConflict` for the only owner of a workspace, `Forbidden` for the first account of the server, and errors of
/// the store.
pub async fn delete(call: &AccountContext) -> Result<()> {
    call.run_write_tx(move |tx, account| {
        // A fixed token in the settings belongs to the first account. It must never become that of someone else.
        let oldest = accounts::find_oldest(tx.conn)?;
        if oldest.is_some_and(|oldest| oldest.id == *account) {
            return Err(Error::new(
                Kind::Forbidden,
                "The first account of the server cannot be deleted",
            ));
        }
        if let Some(name) = find_solely_owned(tx.conn, account)? {
            return Err(Error::new(
                Kind::RelationConflict,
                format!("The workspace {name} has no other owner: delete it or add an owner first"),
            ));
        }
        record_audit(tx, account, "account.delete")?;
        tx.conn
            .prepare_cached(DELETE)?
            .execute(named_params! {":id": account})?;
        Ok(())
    })
    .await
}

fn find_solely_owned(conn: &Connection, account: &AccountId) -> Result<Option<String>> {
    let found = conn
        .prepare_cached(FIND_SOLELY_OWNED)?
        .query_row(named_params! {":id": account}, |row| row.get(0));
    Ok(found.optional()?)
}

fn record_audit(tx: &WriteTx<'_>, account: &AccountId, action: &'static str) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: None,
            action,
            resource_id: account.as_str(),
            resource_name: None,
        },
    )
}
