//! Further reports of usages: by bot, of several workspaces or bots, and by time.

use rusqlite::{Connection, named_params};

use super::{
    UsageType,
    report::{
        self, MAX_MONTHS, Quota, Usage, count_usage, find_bot_or_workspace, list_usages_of_months,
        not_found,
    },
};
use crate::{
    domain::tenancy::{
        account_call::AccountContext, members, request_auth::RequestContext, workspaces,
    },
    kernel::{
        Month, Result, Rule, Timestamp, Violation,
        ids::{AccountId, WorkspaceId},
    },
};

/// Maximum number of ids in a report of several workspaces or bots.
const MAX_IDS: usize = 50;
/// Maximum number of workspaces in a report of all workspaces of a person.
const MAX_WORKSPACES: i64 = 100;

/// Usage of a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotUsage {
    /// Id of the bot.
    pub bot: String,
    /// Usage in the month.
    pub value: u64,
}

/// Lists the usage of each bot of the request's workspace; empty for a type that bots do not have.
///
/// # Errors
/// Errors of the store.
pub async fn list_by_bot(
    call: &RequestContext,
    kind: UsageType,
    month: Option<Month>,
) -> Result<Vec<BotUsage>> {
    let workspace = call.workspace().to_string();
    let usages = report::list_workspace_usages(call, kind, month).await?;
    let of_bots = usages.into_iter().filter(|usage| usage.id != workspace);
    let of_bots = of_bots.map(|usage| BotUsage {
        bot: usage.id,
        value: usage.value,
    });
    Ok(of_bots.collect())
}

/// The type of which a workspace has used the largest share.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Workspace.
    pub workspace: WorkspaceId,
    /// Type.
    pub kind: UsageType,
    /// Used share of the quota, from 0 to 1; more if the quota was lowered.
    pub share: f64,
}

const LIST_WORKSPACES: &str = "
    SELECT workspaces.id FROM members JOIN workspaces ON workspaces.id = members.workspace_id
    WHERE members.account_id = :account_id AND workspaces.closed_at IS NULL
    ORDER BY workspaces.seq LIMIT :limit";

/// Returns, for each workspace of the caller, the type of which the largest share is used in the current month; at most
/// the 100 oldest workspaces.
///
/// # Errors
/// Errors of the store.
pub async fn list_completions(call: &AccountContext) -> Result<Vec<Completion>> {
    let (app, account) = (call.app().clone(), call.account().clone());
    let month = Month::of(app.clock().now());
    call.app()
        .store()
        .scan(move |conn| {
            let workspaces = list_workspaces(conn, &account)?;
            let each = workspaces.into_iter().map(|workspace| {
                let plan = workspaces::find_plan(conn, &workspace)?;
                let mut highest = (UsageType::InvocationCalls, 0.0);
                for kind in UsageType::ALL.iter().copied() {
                    let of = (&workspace, plan);
                    let value = report::find_limit(conn, &app, of, kind)?;
                    let quota = Quota { month, value, kind };
                    let share = used_share(&count_usage(conn, &workspace, None, &quota)?);
                    if share > highest.1 {
                        highest = (kind, share);
                    }
                }
                let (kind, share) = highest;
                Ok(Completion {
                    workspace,
                    kind,
                    share,
                })
            });
            each.collect()
        })
        .await
}

fn list_workspaces(conn: &Connection, account: &AccountId) -> Result<Vec<WorkspaceId>> {
    let mut statement = conn.prepare_cached(LIST_WORKSPACES)?;
    let parameters = named_params! {":account_id": account, ":limit": MAX_WORKSPACES};
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share need not be exact to one in 2^53"
)]
fn used_share(usage: &Usage) -> f64 {
    match usage.quota {
        0 => 0.0,
        quota => usage.value as f64 / quota as f64,
    }
}

/// Returns the usages of these types of these workspaces and bots. Types that bots do not have are left out for bots.
///
/// # Errors
/// `Invalid` for too many ids, `NotFound` if the caller's account is not a member of one of the workspaces, and errors of
/// the store.
pub async fn list_multiple(
    call: &AccountContext,
    ids: Vec<String>,
    kinds: Vec<UsageType>,
    month: Option<Month>,
) -> Result<Vec<Usage>> {
    if ids.len() > MAX_IDS {
        let rule = Rule::Other(format!("must have at most {MAX_IDS} items"));
        return Err(Violation::query("ids", rule).into());
    }
    let (app, account) = (call.app().clone(), call.account().clone());
    let month = month.unwrap_or_else(|| Month::of(app.clock().now()));
    call.app()
        .store()
        .scan(move |conn| {
            let mut usages = Vec::new();
            for id in &ids {
                let (workspace, bot, _) = find_bot_or_workspace(conn, id)?;
                if members::find_role(conn, &workspace, &account)?.is_none() {
                    return Err(not_found(id));
                }
                let plan = workspaces::find_plan(conn, &workspace)?;
                let fits = |kind: &&UsageType| bot.is_none() || kind.is_per_bot();
                for kind in kinds.iter().filter(fits).copied() {
                    let value = report::find_limit(conn, &app, (&workspace, plan), kind)?;
                    let quota = Quota { month, value, kind };
                    usages.push(count_usage(conn, &workspace, bot.as_ref(), &quota)?);
                }
            }
            Ok(usages)
        })
        .await
}

/// Period of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodFilter {
    /// Start, inclusive.
    pub from: Option<Timestamp>,
    /// End, inclusive.
    pub until: Option<Timestamp>,
}

impl PeriodFilter {
    /// True if the month begins before the end of the period and ends after its start.
    fn overlaps(&self, month: Month) -> bool {
        self.from.is_none_or(|from| month.end() > from)
            && self.until.is_none_or(|until| month.start() <= until)
    }
}

/// Lists the months of the last year in which a workspace or a bot has some usage of a type, newest first.
///
/// # Errors
/// Like [`report::get_usage`].
pub async fn list_activity(
    call: &AccountContext,
    id: String,
    kind: UsageType,
    period: PeriodFilter,
) -> Result<Vec<Usage>> {
    let now = Month::of(call.app().clock().now());
    // wire: usage is counted by month, so an entry stands for a month (botpress-today.md §8)
    let usages = list_usages_of_months(call, id, kind, move |since| {
        std::iter::successors(Some(now), |month| Some(month.previous()))
            .take_while(|month| *month >= since.min(now))
            .take(MAX_MONTHS)
            .filter(|month| period.overlaps(*month))
            .collect()
    });
    let usages = usages.await?.into_iter();
    Ok(usages.filter(|usage| usage.value > 0).collect())
}
