//! Enforcement of quotas.

use super::{UsageType, counts};
use crate::{
    domain::{
        shared::plans,
        tenancy::{workspaces, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Month, Result,
        ids::{AgentId, WorkspaceId},
    },
};

/// Requires that a workspace may have `more` of a usage type. Writes of the operator and the program have no quota.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub fn require(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    kind: UsageType,
    more: u64,
) -> Result<()> {
    match tx.plans() {
        Some(plans) => require_within(tx, plans, workspace, kind, more),
        None => Ok(()),
    }
}

/// Requires the same for a write of the program that acts for the workspace.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub fn require_in_job(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    kind: UsageType,
    more: u64,
) -> Result<()> {
    match tx.app() {
        Some(app) => require_within(tx, &app.settings().plans, workspace, kind, more),
        None => Ok(()),
    }
}

fn require_within(
    tx: &WriteTx<'_>,
    plans: &plans::Settings,
    workspace: &WorkspaceId,
    kind: UsageType,
    more: u64,
) -> Result<()> {
    let plan = workspaces::find_plan(tx.conn, workspace)?;
    let quota = kind.limit_in(plans.terms_of(plan));
    let value = counts::count_usage(tx.conn, workspace, None, kind, Month::of(tx.now))?;
    if value.saturating_add(more) > quota {
        return Err(Error::new(
            Kind::QuotaExceeded,
            format!("The plan {plan} limits {kind} to {quota}; {value} is used"),
        ));
    }
    Ok(())
}

/// Requires that the workspace `to` may have a bot of the workspace `from`, with its files and tables.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub fn require_bot(
    tx: &WriteTx<'_>,
    from: &WorkspaceId,
    bot: &AgentId,
    to: &WorkspaceId,
) -> Result<()> {
    require(tx, to, UsageType::BotCount, 1)?;
    let kind = UsageType::StorageCount;
    let month = Month::of(tx.now);
    let bytes = counts::count_usage(tx.conn, from, Some(bot), kind, month)?;
    require(tx, to, kind, bytes)?;
    let kind = UsageType::TableRowCount;
    let rows = counts::count_usage(tx.conn, from, Some(bot), kind, month)?;
    require(tx, to, kind, rows)
}

/// Counts a call of a bot's code, if the quota allows one more.
///
/// # Errors
/// `QuotaExceeded`, and errors of the store.
pub fn count_invocation(tx: &WriteTx<'_>, workspace: &WorkspaceId, bot: &AgentId) -> Result<()> {
    let kind = UsageType::InvocationCalls;
    require(tx, workspace, kind, 1)?;
    counts::add(tx.conn, (workspace, bot), kind, Month::of(tx.now), 1)
}
