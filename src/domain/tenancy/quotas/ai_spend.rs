//! The cost of AI, and the limit on it that a workspace sets. Models without a price in the settings cost nothing.

use rusqlite::{Connection, named_params};

use super::{UsageType, counts};
use crate::{
    domain::tenancy::{
        billing, request_auth::RequestContext, workspaces::update::record_audit, write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Month, Result, Rule, Timestamp, Violation,
        ids::{AgentId, WorkspaceId},
    },
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

/// Counts a request that a model has answered, and its cost in billionths of a dollar.
///
/// # Errors
/// Errors of the store.
pub fn count_model_call(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    bot: &AgentId,
    nano_dollars: u64,
) -> Result<()> {
    let (of, month) = ((workspace, bot), Month::of(tx.now));
    counts::add(tx.conn, of, UsageType::CognitiveCalls, month, 1)?;
    if nano_dollars > 0 {
        counts::add(tx.conn, of, UsageType::AiSpend, month, nano_dollars)?;
    }
    Ok(())
}

/// Requires that a workspace has not spent its limit of the month. A limit of 0 is none.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub fn require_ai_budget(conn: &Connection, workspace: &WorkspaceId, now: Timestamp) -> Result<()> {
    let limit = find_limit(conn, workspace)?;
    let spent = counts::find_ai_spend(conn, workspace, Month::of(now))?;
    if limit > 0 && spent >= limit.saturating_mul(counts::SPEND_UNITS_PER_DOLLAR) {
        let text = format!("The workspace has spent its limit for AI, {limit} dollars a month");
        return Err(Error::new(Kind::QuotaExceeded, text));
    }
    Ok(())
}
