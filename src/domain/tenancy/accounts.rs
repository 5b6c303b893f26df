//! Accounts: the people with memberships and personal access tokens.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::{account_call::AccountContext, write_tx::WriteTx};
use crate::kernel::{Error, Kind, Result, Timestamp, ids::AccountId};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Id: a UUID.
    pub id: AccountId,
    /// E-mail address, unique regardless of case.
    pub email: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Name that others see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

const INSERT: &str = "
    INSERT INTO accounts (id, email, created_at) VALUES (:id, :email, :now)
    ON CONFLICT (email) DO NOTHING";

/// Creates an account.
///
/// `Invalid` for a malformed e-mail address, `Conflict` if an account has it already.
pub fn create(tx: &WriteTx<'_>, email: &str) -> Result<Account> {
    let well_formed = email
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !well_formed || email.contains(char::is_whitespace) {
        return Err(Error::invalid(format!("{email} is not an e-mail address")));
    }
    let account = Account {
        id: AccountId::new_uuid(),
        email: email.to_owned(),
        created_at: tx.now,
        display_name: None,
        picture: None,
    };
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": account.id,
        ":email": account.email,
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!("there is an account with the address {email} already"),
        ));
    }
    Ok(account)
}

const FIND: &str = "
    SELECT id, email, created_at, display_name, profile_picture FROM accounts WHERE id = :id";

/// Returns the account of the caller.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get(call: &AccountContext) -> Result<Account> {
    call.app().store().read(|conn| find(conn, call.account()))
}

/// Finds the account with this id.
pub(super) fn find(conn: &Connection, id: &AccountId) -> Result<Account> {
    conn.prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("Account \"{id}\" not found")))
}

const FIND_BY_EMAIL: &str = "
    SELECT id, email, created_at, display_name, profile_picture FROM accounts WHERE email = :email";

/// Finds the account with an e-mail address, regardless of case.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find_by_email(conn: &Connection, email: &str) -> Result<Account> {
    conn.prepare_cached(FIND_BY_EMAIL)?
        .query_row(named_params! {":email": email}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no account with the address {email}")))
}

const FIND_OLDEST: &str = "
    SELECT id, email, created_at, display_name, profile_picture FROM accounts ORDER BY seq LIMIT 1";

/// Finds the account that was created first, if there is any.
///
/// # Errors
/// Errors of the store.
pub fn find_oldest(conn: &Connection) -> Result<Option<Account>> {
    Ok(conn
        .prepare_cached(FIND_OLDEST)?
        .query_row([], from_row)
        .optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get("id")?,
        email: row.get("email")?,
        created_at: row.get("created_at")?,
        display_name: row.get("display_name")?,
        picture: row.get("profile_picture")?,
    })
}
