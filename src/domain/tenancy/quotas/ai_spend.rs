//! The limit on the cost of AI that a workspace sets. This server has no such cost, so it only stores and shows the limit.

use rusqlite::{Connection, named_params};

use crate::{
    domain::tenancy::{billing, request_auth::RequestContext, workspaces::update::record_audit},
    kernel::{Result, Rule, Violation, ids::WorkspaceId},
};

/// Highest limit, in dollars a month.
const MAX_DOLLARS: f64 = 1_000_000_000.0;

const SET: &str = "UPDATE workspaces SET ai_spend_limit = :limit WHERE id = :id";

/// Sets the limit of the request's workspace, in dollars a month.
///
/// # Errors
/// `Forbidden` without the role billing, `Invalid` for a negative limit, and errors of the store.
pub async fn set_ai_spend_limit(call: &RequestContext, limit: f64) -> Result<()> {
    billing::require_role(call)?;
    if !(0.0..=MAX_DOLLARS).contains(&limit) {
        let rule = Rule::Other(format!("must be from 0 to {MAX_DOLLARS}"));
        return Err(Violation::body(["monthlySpendingLimit"], rule).into());
    }
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            tx.conn
                .prepare_cached(SET)?
                .execute(named_params! {":id": workspace, ":limit": limit})?;
            record_audit(tx, workspace, "workspace.set_ai_spend_limit", None)
        })
        .await
}

const FIND: &str = "SELECT CAST(ai_spend_limit AS INTEGER) FROM workspaces WHERE id = :id";

/// Returns the limit of a workspace, in whole dollars a month.
pub(super) fn find_limit(conn: &Connection, workspace: &WorkspaceId) -> Result<u64> {
    let limit: i64 = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":id": workspace}, |row| row.get(0))?;
    Ok(limit.unsigned_abs())
}
