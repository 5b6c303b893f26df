//! Usages and quotas of workspaces and bots.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::dto::{
    Quota, QuotaResponse, QuotasResponse, UsageResponse, UsageType, UsagesResponse, parse_month,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{AccountCaller, PathMember},
        error::Failed,
    },
    domain::tenancy::quotas,
};

/// The operations on usages and quotas.
pub struct Usages;

#[OpenApi(tag = "Tag::Usage")]
impl Usages {
    /// List Workspace Usages
    ///
    /// Lists the usage of a workspace for one type and month. Types that are counted for each bot have one
    /// entry for each bot.
    #[oai(
        path = "/v1/admin/workspaces/:id/usages",
        method = "get",
        operation_id = "listWorkspaceUsages"
    )]
    async fn list_workspace_usages(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<UsagesResponse>, Failed> {
        let month = parse_month(period.0)?;
        let usages = quotas::list_workspace_usages(&caller.0, r#type.0.into(), month).await?;
        Ok(Json(usages.into()))
    }

    /// Get Workspace Quota
    ///
    /// Returns the quota of a workspace for one type.
    #[oai(
        path = "/v1/admin/workspaces/:id/quota",
        method = "get",
        operation_id = "getWorkspaceQuota"
    )]
    async fn get_workspace_quota(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<QuotaResponse>, Failed> {
        let quota = quotas::get_quota(&caller.0, r#type.0.into(), parse_month(period.0)?)?;
        Ok(Json(QuotaResponse {
            quota: quota.into(),
        }))
    }

    /// List Workspace Quotas
    ///
    /// Lists all quotas of a workspace.
    #[oai(
        path = "/v1/admin/workspaces/:id/quotas",
        method = "get",
        operation_id = "listWorkspaceQuotas"
    )]
    async fn list_workspace_quotas(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<QuotasResponse>, Failed> {
        let quotas = quotas::list_quotas(&caller.0, parse_month(period.0)?)?;
        Ok(Json(QuotasResponse {
            quotas: quotas.into_iter().map(Quota::from).collect(),
        }))
    }

    /// Get Usage
    ///
    /// Returns the usage of a workspace or a bot for one type and month.
    #[oai(
        path = "/v1/admin/usages/:id",
        method = "get",
        operation_id = "getUsage"
    )]
    async fn get_usage(
        &self,
        caller: AccountCaller,
        /// Id of the workspace or the bot.
        id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
        /// Month, as `2026-03` or a date in it; the running month if absent.
        period: Query<Option<String>>,
    ) -> Result<Json<UsageResponse>, Failed> {
        let (kind, month) = (r#type.0.into(), parse_month(period.0)?);
        let usage = quotas::get_usage(&caller.0, id.0, kind, month).await?;
        Ok(Json(UsageResponse {
            usage: usage.into(),
        }))
    }

    /// List Usage History
    ///
    /// Lists the usage of a workspace or a bot for one type in each month, newest first; at most twelve
    /// months.
    #[oai(
        path = "/v1/admin/usages/:id/history",
        method = "get",
        operation_id = "listUsageHistory"
    )]
    async fn list_usage_history(
        &self,
        caller: AccountCaller,
        /// Id of the workspace or the bot.
        id: Path<String>,
        /// Type of usage.
        r#type: Query<UsageType>,
    ) -> Result<Json<UsagesResponse>, Failed> {
        let usages = quotas::list_history(&caller.0, id.0, r#type.0.into()).await?;
        Ok(Json(usages.into()))
    }
}
