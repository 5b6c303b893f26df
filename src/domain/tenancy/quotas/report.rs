//! Reports of usages and quotas.

use rusqlite::Connection;

use super::{UsageType, ai_spend, counts};
use crate::{
    domain::{
        shared::plans::Plan,
        tenancy::{
            account_call::AccountContext, agents, members, request_auth::RequestContext, workspaces,
        },
    },
    kernel::{
        Error, Kind, Month, Result, Rule, Violation,
        ids::{AgentId, WorkspaceId},
    },
};

/// Maximum number of months in a history.
pub(super) const MAX_MONTHS: usize = 12;

/// Usage and quota of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Id of the workspace or the bot.
    pub id: String,
    /// Month of the usage.
    pub month: Month,
    /// Usage in the month.
    pub value: u64,
    /// Limit of the plan.
    pub quota: u64,
    /// Type of the usage.
    pub kind: UsageType,
}

/// Quota of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Month of the quota.
    pub month: Month,
    /// Limit of the plan.
    pub value: u64,
    /// Type of the usage.
    pub kind: UsageType,
}

/// Returns a quota of the request's workspace.
///
/// # Errors
/// Errors of the store.
pub fn get_quota(call: &RequestContext, kind: UsageType, month: Option<Month>) -> Result<Quota> {
    let month = month.unwrap_or_else(|| Month::of(call.app().clock().now()));
    let app = call.app();
    let value = app.store().read(|conn| {
        let plan = workspaces::find_plan(conn, call.workspace())?;
        find_limit(conn, app, (call.workspace(), plan), kind)
    })?;
    Ok(Quota { month, value, kind })
}

/// Returns all quotas of the request's workspace.
///
/// # Errors
/// Errors of the store.
pub fn list_quotas(call: &RequestContext, month: Option<Month>) -> Result<Vec<Quota>> {
    let kinds = UsageType::ALL.iter();
    kinds.map(|kind| get_quota(call, *kind, month)).collect()
}

/// Returns the limit of a workspace with this plan.
pub(super) fn find_limit(
    conn: &Connection,
    app: &crate::domain::App,
    (workspace, plan): (&WorkspaceId, Plan),
    kind: UsageType,
) -> Result<u64> {
    match kind {
        UsageType::AiSpend => ai_spend::find_limit(conn, workspace),
        _ => Ok(kind.limit_in(app.settings().plans.terms_of(plan))),
    }
}

/// Lists the usage of one type in the request's workspace: one entry for each bot, if bots have their own usage of
/// that type, and one for the workspace.
///
/// # Errors
/// Errors of the store.
pub async fn list_workspace_usages(
    call: &RequestContext,
    kind: UsageType,
    month: Option<Month>,
) -> Result<Vec<Usage>> {
    let quota = get_quota(call, kind, month)?;
    let workspace = call.workspace().clone();
    call.app()
        .store()
        .scan(move |conn| {
            let whole = Some(count_usage(conn, &workspace, None, &quota)?);
            if !kind.is_per_bot() {
                return Ok(whole.into_iter().collect());
            }
            let agents = agents::list(conn, &workspace)?;
            let each = agents.iter().map(|agent| &agent.id);
            each.map(|id| count_usage(conn, &workspace, Some(id), &quota))
                .chain(whole.map(Ok))
                .collect()
        })
        .await
}

/// Returns the usage of one type of a workspace or a bot.
///
/// # Errors
/// `NotFound` if the caller's account is not a member of the workspace, `Invalid` for a type that bots do not have,
/// and errors of the store.
pub async fn get_usage(
    call: &AccountContext,
    id: String,
    kind: UsageType,
    month: Option<Month>,
) -> Result<Usage> {
    let month = month.unwrap_or_else(|| Month::of(call.app().clock().now()));
    let usages = list_usages_of_months(call, id, kind, move |_| vec![month]).await?;
    let usage = usages.into_iter().next();
    usage.ok_or_else(|| Error::internal("a month has a usage", "none"))
}

/// Returns the usage of one type of a workspace or a bot for each month since its creation, newest first; at most one
/// year.
///
/// # Errors
/// Like [`get_usage`].
pub async fn list_history(
    call: &AccountContext,
    id: String,
    kind: UsageType,
) -> Result<Vec<Usage>> {
    let now = Month::of(call.app().clock().now());
    list_usages_of_months(call, id, kind, move |since| {
        std::iter::successors(Some(now), |month| Some(month.previous()))
            .take_while(|month| *month >= since.min(now))
            .take(MAX_MONTHS)
            .collect()
    })
    .await
}

pub(super) async fn list_usages_of_months(
    call: &AccountContext,
    id: String,
    kind: UsageType,
    months: impl FnOnce(Month) -> Vec<Month> + Send + 'static,
) -> Result<Vec<Usage>> {
    let app = call.app().clone();
    let account = call.account().clone();
    call.app()
        .store()
        .scan(move |conn| {
            let (workspace, bot, since) = find_bot_or_workspace(conn, &id)?;
            if members::find_role(conn, &workspace, &account)?.is_none() {
                return Err(not_found(&id));
            }
            if bot.is_some() && !kind.is_per_bot() {
                let rule = Rule::Other(format!("must not be {kind} of a bot"));
                return Err(Violation::query("type", rule).into());
            }
            let plan = workspaces::find_plan(conn, &workspace)?;
            let value = find_limit(conn, &app, (&workspace, plan), kind)?;
            let quota = |month| Quota { month, value, kind };
            let each = months(since).into_iter().map(quota);
            each.map(|quota| count_usage(conn, &workspace, bot.as_ref(), &quota))
                .collect()
        })
        .await
}

/// Finds the workspace or the bot with this id, and the month of its creation.
pub(super) fn find_bot_or_workspace(
    conn: &Connection,
    id: &str,
) -> Result<(WorkspaceId, Option<AgentId>, Month)> {
    let or_missing = |error: Error| match error.kind() {
        Kind::NotFound => not_found(id),
        _ => error,
    };
    match workspaces::find(conn, &id.into()) {
        Ok(workspace) => Ok((workspace.id, None, Month::of(workspace.created_at))),
        Err(error) if error.kind() == Kind::NotFound => {
            let agent = agents::find_by_id(conn, &id.into()).map_err(or_missing)?;
            let since = Month::of(agent.created_at);
            Ok((agent.workspace_id, Some(agent.id), since))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn not_found(id: &str) -> Error {
    Error::not_found(format!("Workspace or bot \"{id}\" not found"))
}

pub(super) fn count_usage(
    conn: &Connection,
    workspace: &WorkspaceId,
    bot: Option<&AgentId>,
    quota: &Quota,
) -> Result<Usage> {
    Ok(Usage {
        id: bot.map_or(workspace.as_str(), AgentId::as_str).to_owned(),
        month: quota.month,
        value: counts::count_usage(conn, workspace, bot, quota.kind, quota.month)?,
        quota: quota.value,
        kind: quota.kind,
    })
}
