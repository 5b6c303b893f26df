//! Further reports of usages: by bot, of several workspaces or bots, and by time.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    activity_dto::{
        ActivityResponse, ByBotResponse, ChangeAiSpendBody, CompletionsResponse,
        DailyActivityResponse,
    },
    dto::{UsageType, UsagesResponse, parse_month},
};
use crate::{
    dialects::botpress::{
        Tag,
        admin::logs_dto::parse_optional_time,
        auth::{AccountCaller, BillingMember, PathMember},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::tenancy::quotas::{self, PeriodFilter},
    http::Body,
};

/// The operations on the further reports of usages.
pub struct UsageActivities;

#[OpenApi(tag = "Tag::Usage")]
impl UsageActivities {
    /// Break Down Workspace Usage By Bot
    ///
    /// Lists the usage of each bot of a workspace for one type and month.
    #[oai(
        path = "/v1/admin/workspaces/:id/usages/by-bot",
        method = "get",
        operation_id = "breakDownWorkspaceUsageByBot"
    )]
    async fn break_down_workspace_usage_by_bot(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<ByBotResponse>, Failed> {
        let month = parse_month(period.0)?;
        let usages = quotas::list_by_bot(&caller.0, r#type.0.into(), month).await?;
        Ok(Json(usages.into()))
    }

    /// Get All Workspace Quota Completion
    ///
    /// Returns, for each workspace of the caller, the type of which the largest share of the quota is used.
    #[oai(
        path = "/v1/admin/workspaces/usages/quota-completion",
        method = "get",
        operation_id = "getAllWorkspaceQuotaCompletion"
    )]
    async fn get_all_workspace_quota_completion(
        &self,
        caller: AccountCaller,
    ) -> Result<Json<CompletionsResponse>, Failed> {
        Ok(Json(quotas::list_completions(&caller.0).await?.into()))
    }

    /// Get Multiple Usages
    ///
    /// Returns the usages of several workspaces and bots for several types.
    #[oai(
        path = "/v1/admin/usages/multiple",
        method = "get",
        operation_id = "getMultipleUsages"
    )]
    async fn get_multiple_usages(
        &self,
        caller: AccountCaller,
        /// Types of usage.
        types: Query<Vec<UsageType>>,
        /// Ids of workspaces and bots; at most 50.
        ids: Query<Vec<String>>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<UsagesResponse>, Failed> {
        let month = parse_month(period.0)?;
        let mut kinds: Vec<quotas::UsageType> = types.0.into_iter().map(Into::into).collect();
        // A repeated type would only repeat its usages.
        kinds.sort_unstable_by_key(|kind| kind.as_str());
        kinds.dedup();
        let usages = quotas::list_multiple(&caller.0, ids.0, kinds, month).await?;
        Ok(Json(usages.into()))
    }

    /// List Usage Activity
    ///
    /// Lists the usage of a workspace or a bot for one type by month, newest first. Months without usage are left out.
    #[oai(
        path = "/v1/admin/usages/:id/activity",
        method = "get",
        operation_id = "listUsageActivity"
    )]
    async fn list_usage_activity(
        &self,
        caller: AccountCaller,
        /// Id of the workspace or the bot.
        id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// Start of the period, in ISO 8601.
        #[oai(name = "timestampFrom")]
        timestamp_from: Query<Option<String>>,
        /// End of the period, in ISO 8601.
        #[oai(name = "timestampUntil")]
        timestamp_until: Query<Option<String>>,
    ) -> Result<Json<ActivityResponse>, Failed> {
        let period = PeriodFilter {
            from: parse_optional_time("timestampFrom", timestamp_from.0)?,
            until: parse_optional_time("timestampUntil", timestamp_until.0)?,
        };
        let usages = quotas::list_activity(&caller.0, id.0, r#type.0.into(), period).await?;
        Ok(Json(usages.into()))
    }

    /// List Usage Activity Daily
    ///
    /// Lists the usage of a workspace or a bot for one type, newest first. Usage is counted by month: each entry has the
    /// date of the first day of its month.
    #[oai(
        path = "/v1/admin/usages/:id/daily-activity",
        method = "get",
        operation_id = "listUsageActivityDaily"
    )]
    async fn list_usage_activity_daily(
        &self,
        caller: AccountCaller,
        /// Id of the workspace or the bot.
        id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// First day of the period.
        #[oai(name = "dateFrom")]
        date_from: Query<Option<String>>,
        /// Last day of the period.
        #[oai(name = "dateUntil")]
        date_until: Query<Option<String>>,
    ) -> Result<Json<DailyActivityResponse>, Failed> {
        let period = PeriodFilter {
            from: parse_optional_time("dateFrom", date_from.0)?,
            until: parse_optional_time("dateUntil", date_until.0)?,
        };
        let usages = quotas::list_activity(&caller.0, id.0, r#type.0.into(), period).await?;
        Ok(Json(usages.into()))
    }

    /// Change AI Spend Quota
    ///
    /// Sets the limit on the cost of AI of the workspace. It is stored and shown as the quota `ai_spend`; this server has
    /// no such cost. Requires the role billing.
    #[oai(
        path = "/v1/admin/quotas/ai-spend",
        method = "put",
        operation_id = "changeAISpendQuota"
    )]
    async fn change_ai_spend_quota(
        &self,
        caller: BillingMember,
        body: Body<ChangeAiSpendBody>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        quotas::set_ai_spend_limit(&caller.0, body.0.monthly_spending_limit).await?;
        Ok(EMPTY_RESPONSE)
    }
}
