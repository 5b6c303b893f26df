//! Rows of members.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Member, Role};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        quotas::{self, UsageType},
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result,
        ids::{AccountId, MemberId, WorkspaceId},
    },
};

const INSERT: &str = "
    INSERT INTO members (id, workspace_id, account_id, role, created_at)
    VALUES (:id, :workspace_id, :account_id, :role, :now)
    ON CONFLICT (workspace_id, account_id) DO NOTHING";

/// Makes an account a member of a workspace.
///
/// # Errors
/// `Conflict` if it is already a member, `QuotaExceeded` if the plan allows no more members, and errors of the store.
pub fn add(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    role: Role,
) -> Result<()> {
    quotas::require(tx, workspace, UsageType::WorkspaceMemberCount, 1)?;
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": MemberId::new_uuid(),
        ":workspace_id": workspace,
        ":account_id": account,
        ":role": role,
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            "this account is a member of the workspace already",
        ));
    }
    record_audit(tx, workspace, account, "member.add")
}

const UPDATE: &str = "
    UPDATE members SET role = :role WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// Changes the role of a member.
///
/// # Errors
/// `NotFound` if the account is not a member, `Forbidden` if the workspace would have no owner, and errors of the
/// store.
pub fn set_role(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    role: Role,
) -> Result<()> {
    let changed = tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":workspace_id": workspace,
        ":account_id": account,
        ":role": role,
    })?;
    if changed == 0 {
        return Err(not_found());
    }
    require_owner(tx.conn, workspace)?;
    record_audit(tx, workspace, account, "member.update")
}

const DELETE: &str =
    "DELETE FROM members WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// Removes an account from a workspace.
///
/// # Errors
/// `NotFound` if the account is not a member, `Forbidden` if the workspace would have no owner, and errors of the
/// store.
pub fn remove(tx: &WriteTx<'_>, workspace: &WorkspaceId, account: &AccountId) -> Result<()> {
    let removed = tx.conn.prepare_cached(DELETE)?.execute(named_params! {
        ":workspace_id": workspace,
        ":account_id": account,
    })?;
    if removed == 0 {
        return Err(not_found());
    }
    require_owner(tx.conn, workspace)?;
    record_audit(tx, workspace, account, "member.remove")
}

const FIND_ROLE: &str = "
    SELECT role FROM members WHERE workspace_id = :workspace_id AND account_id = :account_id";

/// Returns the role of an account in a workspace, if it is a member.
///
/// # Errors
/// Errors of the store.
pub fn find_role(
    conn: &Connection,
    workspace: &WorkspaceId,
    account: &AccountId,
) -> Result<Option<Role>> {
    let role = conn.prepare_cached(FIND_ROLE)?.query_row(
        named_params! {":workspace_id": workspace, ":account_id": account},
        |row| row.get("role"),
    );
    Ok(role.optional()?)
}

pub(super) const COLUMNS: &str = "members.id, members.account_id, accounts.email, members.role,
                                  members.created_at, members.seq, accounts.display_name,
                                  accounts.profile_picture";

const LIST: &str = "
    FROM members JOIN accounts ON accounts.id = members.account_id
    WHERE members.workspace_id = :workspace_id ORDER BY members.seq";

/// Lists the members of a workspace, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<Member>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let rows = statement.query_map(named_params! {":workspace_id": workspace}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        id: row.get("id")?,
        account_id: row.get("account_id")?,
        email: row.get("email")?,
        role: row.get("role")?,
        created_at: row.get("created_at")?,
        display_name: row.get("display_name")?,
        picture: row.get("profile_picture")?,
        seq: row.get("seq")?,
    })
}

const COUNT_OWNERS: &str = "
    SELECT count(*) FROM members WHERE workspace_id = :workspace_id AND role = 'owner'";

fn require_owner(conn: &Connection, workspace: &WorkspaceId) -> Result<()> {
    let owners: i64 = conn
        .prepare_cached(COUNT_OWNERS)?
        .query_row(named_params! {":workspace_id": workspace}, |row| row.get(0))?;
    if owners == 0 {
        return Err(Error::new(Kind::Forbidden, "A workspace needs an owner"));
    }
    Ok(())
}

fn not_found() -> Error {
    Error::not_found("Member not found: this account is not a member of the workspace")
}

fn record_audit(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    account: &AccountId,
    action: &'static str,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: account.as_str(),
            resource_name: None,
        },
    )
}
