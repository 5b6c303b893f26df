//! Management of members by members. A member manages others whose role is not above their own, and assigns no role
//! above it. Everyone may leave.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Member, Role, rows};
use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::{accounts, api_keys::KeyOwner, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result,
        ids::{MemberId, WorkspaceId},
    },
};

const LIST_PAGE: &str = "
    FROM members JOIN accounts ON accounts.id = members.account_id
    WHERE members.workspace_id = :workspace_id
      AND (members.created_at, members.seq) < (:created_at, :seq)
    ORDER BY members.created_at DESC, members.seq DESC LIMIT :limit";

/// Lists the members of the request's workspace, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list_page(call: &RequestContext, after: Option<PageToken>) -> Result<Page<Member>> {
    let workspace = call.workspace().clone();
    let after = after.unwrap_or(PageToken::START);
    call.app()
        .store()
        .scan(move |conn| {
            let statement = format!("SELECT {} {LIST_PAGE}", rows::COLUMNS);
            let mut statement = conn.prepare_cached(&statement)?;
            let found = statement.query(named_params! {
                ":workspace_id": workspace,
                ":created_at": after.created_at,
                ":seq": after.seq,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(found, rows::from_row, |member| {
                PageToken::for_row(member.created_at, member.seq)
            })
        })
        .await
}

/// Makes the account with this address a member. Creates the account if there is none; its owner can send requests
/// after the operator has created a token for it.
///
/// # Errors
/// `Forbidden` for a role below manager or for assigning a role above the caller's own, `Invalid` for a malformed
/// address, `Conflict` if the account is already a member, `QuotaExceeded`, and errors of the store.
pub async fn invite(call: &RequestContext, email: String, role: Role) -> Result<Member> {
    call.require_role(Role::Manager)?;
    require_role_not_above_own(call, role)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let account = match accounts::find_by_email(tx.conn, &email) {
                Err(error) if error.kind() == Kind::NotFound => accounts::create(tx, &email)?,
                found => found?,
            };
            rows::add(tx, workspace, &account.id, role)?;
            find(tx.conn, workspace, account.id.as_str())
        })
        .await
}

/// Changes the role of a member; `None` keeps the role.
///
/// # Errors
/// `NotFound`; `Forbidden` for a role below manager, for a member with a higher role, for assigning a role above
/// the caller's own, or for the last owner; and errors of the store.
pub async fn change_role(
    call: &RequestContext,
    id: MemberId,
    role: Option<Role>,
) -> Result<Member> {
    call.require_role(Role::Manager)?;
    if let Some(role) = role {
        require_role_not_above_own(call, role)?;
    }
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let member = find(tx.conn, workspace, id.as_str())?;
            require_member_not_above(tx.principal()?.role, &member)?;
            if let Some(role) = role {
                rows::set_role(tx, workspace, &member.account_id, role)?;
            }
            find(tx.conn, workspace, id.as_str())
        })
        .await
}

/// Removes a member from the workspace. Everyone may remove themselves.
///
/// # Errors
/// `NotFound`; `Forbidden` for a role below manager, for a member with a higher role, or for the last owner; and
/// errors of the store.
pub async fn leave_or_remove(call: &RequestContext, id: MemberId) -> Result<()> {
    call.app()
        .run_write_tx(call, move |tx: &WriteTx<'_>, workspace| {
            let principal = tx.principal()?;
            let member = find(tx.conn, workspace, id.as_str())?;
            let is_self =
                matches!(&principal.owner, KeyOwner::Account(one) if *one == member.account_id);
            if !is_self {
                principal.require_role(Role::Manager)?;
                require_member_not_above(principal.role, &member)?;
            }
            rows::remove(tx, workspace, &member.account_id)
        })
        .await
}

/// Returns the membership of the caller in the request's workspace.
///
/// # Errors
/// `Forbidden` for a caller that is not a person, `NotFound`, and errors of the store.
pub fn find_membership_of_caller(call: &RequestContext) -> Result<Member> {
    let KeyOwner::Account(account) = &call.principal().owner else {
        return Err(Error::new(
            Kind::Forbidden,
            "This needs a personal access token",
        ));
    };
    let read = |conn: &Connection| find(conn, call.workspace(), account.as_str());
    call.app().store().read(read)
}

fn require_role_not_above_own(call: &RequestContext, role: Role) -> Result<()> {
    call.require_of_principal(move |principal| match principal.role {
        Some(own_role) if own_role >= role => Ok(()),
        _ => Err(Error::new(
            Kind::Forbidden,
            format!("The role {role} is above your own"),
        )),
    })
}

fn require_member_not_above(own_role: Option<Role>, member: &Member) -> Result<()> {
    match own_role {
        Some(own_role) if own_role >= member.role => Ok(()),
        _ => Err(Error::new(
            Kind::Forbidden,
            format!("The member's role {} is above your own", member.role),
        )),
    }
}

const FIND: &str = "
    FROM members JOIN accounts ON accounts.id = members.account_id
    WHERE members.workspace_id = :workspace_id AND :key IN (members.id, members.account_id)";

/// Finds the member with this id, or with this account id.
fn find(conn: &Connection, workspace: &WorkspaceId, key: &str) -> Result<Member> {
    conn.prepare_cached(&format!("SELECT {} {FIND}", rows::COLUMNS))?
        .query_row(
            named_params! {":key": key, ":workspace_id": workspace},
            rows::from_row,
        )
        .optional()?
        .ok_or_else(|| Error::not_found(format!("Member \"{key}\" not found")))
}
