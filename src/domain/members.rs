//! Members: which account may do what in which workspace.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde::Serialize;

use super::{
    audit::{self, Entry},
    context::Change,
    sql::text_enum,
};
use crate::kernel::{
    Error, Kind, Result,
    ids::{AccountId, WorkspaceId},
};

text_enum! {
    /// What a member may do, from least to most (botpress.md §1.2).
    pub enum Role {
        /// May look.
        Viewer = "viewer",
        /// May look and pay.
        Billing = "billing",
        /// May change bots and integrations.
        Developer = "developer",
        /// May also manage members.
        Manager = "manager",
        /// May do everything but give the workspace away.
        Administrator = "administrator",
        /// May do everything.
        Owner = "owner",
    }
}

/// A member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The account.
    pub account_id: AccountId,
    /// Its e-mail address.
    pub email: String,
    /// Its role in this workspace.
    pub role: Role,
}

const INSERT: &str = "
    INSERT INTO members (workspace_id, account_id, role, created_at)
    VALUES (:workspace_id, :account_id, :role, :now)
    ON CONFLICT (workspace_id, account_id) DO NOTHING";

/// Makes an account a member of a workspace.
///
/// # Errors
/// `Conflict` if it is one already.
pub fn add(
    change: &Change<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    role: Role,
) -> Result<()> {
    let added = change.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":workspace_id": workspace,
        ":account_id": account,
        ":role": role,
        ":now": change.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            "this account is a member of the workspace already",
        ));
    }
    record(change, workspace, account, "member.add")
}

const UPDATE: &str = "
    UPDATE members SET role = :role WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// Gives a member another role.
///
/// # Errors
/// `NotFound` if the account is no member, `Conflict` if that would leave the workspace without an
/// owner.
pub fn set_role(
    change: &Change<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    role: Role,
) -> Result<()> {
    let changed = change.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":workspace_id": workspace,
        ":account_id": account,
        ":role": role,
    })?;
    if changed == 0 {
        return Err(no_member());
    }
    require_owner(change.conn, workspace)?;
    record(change, workspace, account, "member.update")
}

const DELETE: &str =
    "DELETE FROM members WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// Takes an account out of a workspace.
///
/// # Errors
/// `NotFound` if the account is no member, `Conflict` if that would leave the workspace without an
/// owner.
pub fn remove(change: &Change<'_>, workspace: &WorkspaceId, account: &AccountId) -> Result<()> {
    let removed = change.conn.prepare_cached(DELETE)?.execute(named_params! {
        ":workspace_id": workspace,
        ":account_id": account,
    })?;
    if removed == 0 {
        return Err(no_member());
    }
    require_owner(change.conn, workspace)?;
    record(change, workspace, account, "member.remove")
}

const ROLE: &str = "
    SELECT role FROM members WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// The role of an account in a workspace, if it is a member.
///
/// # Errors
/// Those of the store.
pub fn role(
    conn: &Connection,
    workspace: &WorkspaceId,
    account: &AccountId,
) -> Result<Option<Role>> {
    let role = conn.prepare_cached(ROLE)?.query_row(
        named_params! {":workspace_id": workspace, ":account_id": account},
        |row| row.get("role"),
    );
    Ok(role.optional()?)
}

const LIST: &str = "
    SELECT members.account_id, accounts.email, members.role
    FROM members JOIN accounts ON accounts.id = members.account_id
    WHERE members.workspace_id = :workspace_id ORDER BY members.seq";

/// The members of a workspace, oldest first.
///
/// # Errors
/// Those of the store.
pub fn list(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<Member>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! {":workspace_id": workspace}, |row| {
        Ok(Member {
            account_id: row.get("account_id")?,
            email: row.get("email")?,
            role: row.get("role")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const OWNERS: &str = "
    SELECT count(*) FROM members WHERE workspace_id = :workspace_id AND role = 'owner'";

fn require_owner(conn: &Connection, workspace: &WorkspaceId) -> Result<()> {
    let owners: i64 = conn
        .prepare_cached(OWNERS)?
        .query_row(named_params! {":workspace_id": workspace}, |row| row.get(0))?;
    if owners == 0 {
        return Err(Error::new(Kind::Conflict, "a workspace needs an owner"));
    }
    Ok(())
}

fn no_member() -> Error {
    Error::not_found("this account is not a member of the workspace")
}

fn record(
    change: &Change<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    action: &'static str,
) -> Result<()> {
    audit::record(
        change,
        &Entry {
            workspace: Some(workspace),
            action,
            resource_id: account.as_str(),
            resource_name: None,
        },
    )
}
