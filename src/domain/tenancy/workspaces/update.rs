//! Creation and changes of workspaces by their users.

use rusqlite::{Connection, named_params};

use super::details::{self, WorkspaceDetails};
use crate::{
    domain::{
        shared::plans::Plan,
        tenancy::{
            account_call::AccountContext,
            audit::{self, NewAuditRecord},
            billing,
            members::{self, Role},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{AccountId, WorkspaceId},
    },
};

const COUNT_OWNED: &str =
    "SELECT count(*) FROM members WHERE account_id = :account_id AND role = 'owner'";

/// Creates a workspace that the caller owns.
///
/// # Errors
/// `Invalid` for an empty name, `LimitExceeded` if the account may own no more workspaces, and errors of the store.
pub async fn create_owned(call: &AccountContext, name: String) -> Result<WorkspaceDetails> {
    let max_workspaces = call.app().settings().plans.max_workspaces;
    call.run_write_tx(move |tx, account| {
        require_below_maximum(tx.conn, account, max_workspaces)?;
        let workspace = super::create(tx, WorkspaceId::new_uuid(), &name)?;
        members::add(tx, &workspace.id, account, Role::Owner)?;
        details::load_details(tx.conn, &workspace.id)
    })
    .await
}

fn require_below_maximum(
    conn: &Connection,
    account: &AccountId,
    max_workspaces: u64,
) -> Result<()> {
    let owned: i64 = conn
        .prepare_cached(COUNT_OWNED)?
        .query_row(named_params! {":account_id": account}, |row| row.get(0))?;
    if owned.unsigned_abs() >= max_workspaces {
        return Err(Error::new(
            Kind::LimitExceeded,
            format!("An account can own {max_workspaces} workspaces"),
        ));
    }
    Ok(())
}

/// Changes of a workspace. Absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct WorkspacePatch {
    /// New name.
    pub name: Option<String>,
    /// Maximum monthly cost of messages beyond the plan's price, in dollars.
    pub spending_limit: Option<f64>,
}

const UPDATE: &str = "
    UPDATE workspaces SET name = coalesce(:name, name),
                          spending_limit = coalesce(:spending_limit, spending_limit),
                          updated_at = :now
    WHERE id = :id";

/// Changes the workspace of the request.
///
/// # Errors
/// `Forbidden` without the required role (administrator for the name, billing for the spending limit), `Invalid` for
/// an empty name, and errors of the store.
pub async fn update(call: &RequestContext, changes: WorkspacePatch) -> Result<WorkspaceDetails> {
    if changes.name.is_some() || changes.spending_limit.is_none() {
        call.require_role(Role::Administrator)?;
    }
    if changes.spending_limit.is_some() {
        billing::require_role(call)?;
    }
    if changes
        .name
        .as_deref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Error::invalid("a workspace needs a name"));
    }
    call.app()
        .run_write_tx(call, move |tx, id| {
            tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
                ":id": id,
                ":name": changes.name,
                ":spending_limit": changes.spending_limit,
                ":now": tx.now,
            })?;
            if changes.name.is_some() {
                record_audit(tx, id, "workspace.update", changes.name.as_deref())?;
            }
            if changes.spending_limit.is_some() {
                record_audit(tx, id, "workspace.set_spending_limit", None)?;
            }
            details::load_details(tx.conn, id)
        })
        .await
}

const SET_PLAN: &str = "UPDATE workspaces SET plan = :plan, updated_at = :now WHERE id = :id";

/// Changes the plan of the request's workspace to the paid plan that the settings name, or to the free one. The
/// current month is billed in full at its end.
///
/// # Errors
/// `Forbidden` without the role billing, `PaymentRequired` without a payment method or with unpaid invoices, and
/// errors of the store.
pub async fn change_plan(call: &RequestContext, premium: bool) -> Result<WorkspaceDetails> {
    billing::require_role(call)?;
    let target = match premium {
        true => call.app().settings().plans.premium,
        false => Plan::Community,
    };
    call.app()
        .run_write_tx(call, move |tx, id| {
            let plan = super::find_plan(tx.conn, id)?;
            if plan.is_premium() == target.is_premium() {
                return details::load_details(tx.conn, id);
            }
            if target.is_premium() {
                billing::start_plan(tx, id, target)?;
            }
            tx.conn
                .prepare_cached(SET_PLAN)?
                .execute(named_params! {":id": id, ":plan": target, ":now": tx.now})?;
            let action = match target.is_premium() {
                true => "workspace.upgrade",
                false => "workspace.downgrade",
            };
            record_audit(tx, id, action, None)?;
            details::load_details(tx.conn, id)
        })
        .await
}

const SET_BLOCKED: &str = "
    UPDATE workspaces SET blocked = :blocked, updated_at = :now WHERE id = :id AND blocked <> :blocked";

/// Blocks or unblocks a workspace in a write transaction.
///
/// # Errors
/// Errors of the store.
pub fn set_blocked(tx: &WriteTx<'_>, id: &WorkspaceId, blocked: bool) -> Result<()> {
    let changed = tx
        .conn
        .prepare_cached(SET_BLOCKED)?
        .execute(named_params! {":id": id, ":blocked": blocked, ":now": tx.now})?;
    let action = match blocked {
        true => "workspace.block",
        false => "workspace.unblock",
    };
    if changed > 0 {
        record_audit(tx, id, action, None)?;
    }
    Ok(())
}

pub(in crate::domain) fn record_audit(
    tx: &WriteTx<'_>,
    id: &WorkspaceId,
    action: &'static str,
    name: Option<&str>,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(id),
            action,
            resource_id: id.as_str(),
            resource_name: name,
        },
    )
}
