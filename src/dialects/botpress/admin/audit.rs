//! `/v1/admin/workspaces/{id}/audit-records`: the audit log of a workspace.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::{
    dialects::botpress::{
        Tag,
        auth::PathMember,
        error::Failed,
        paging::{self, PageMeta},
    },
    domain::tenancy::audit,
    http::Nullable,
};

/// The operations on audit records.
pub struct Audit;

/// An audited action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
enum Action {
    /// An action for which this list has no value.
    Unknown,
    /// A member was added.
    AddWorkspaceMember,
    /// A member was removed.
    RemoveWorkspaceMember,
    /// A member's role was changed.
    UpdateWorkspaceMember,
    /// The workspace was deleted.
    CloseWorkspace,
    /// A bot was created.
    CreateBot,
    /// The workspace was created.
    CreateWorkspace,
    /// A bot was deleted.
    DeleteBot,
    /// Code of a bot was deployed.
    DeployBot,
    /// A bot was moved to another workspace.
    TransferBot,
    /// The workspace was moved to the free plan.
    DowngradeWorkspacePlan,
    /// The archive of a bot was downloaded.
    DownloadBotArchive,
    /// A bot was changed.
    UpdateBot,
    /// An integration of a bot was changed.
    UpdateBotChannel,
    /// The configuration of a bot was changed.
    UpdateBotConfig,
    /// The payment method was set.
    UpdatePaymentMethod,
    /// The workspace was changed.
    UpdateWorkspace,
    /// The workspace was moved to a paid plan.
    UpgradeWorkspacePlan,
    /// The spending limit was set.
    SetSpendingLimit,
}

impl From<&str> for Action {
    fn from(action: &str) -> Self {
        match action {
            "member.add" => Self::AddWorkspaceMember,
            "member.remove" => Self::RemoveWorkspaceMember,
            "member.update" => Self::UpdateWorkspaceMember,
            "workspace.delete" => Self::CloseWorkspace,
            "workspace.create" => Self::CreateWorkspace,
            "workspace.update" | "workspace.block" | "workspace.unblock" => Self::UpdateWorkspace,
            "workspace.upgrade" => Self::UpgradeWorkspacePlan,
            "workspace.downgrade" => Self::DowngradeWorkspacePlan,
            "workspace.set_payment_method" => Self::UpdatePaymentMethod,
            "workspace.set_spending_limit" => Self::SetSpendingLimit,
            "agent.create" | "bot.create" => Self::CreateBot,
            "agent.delete" | "bot.delete" => Self::DeleteBot,
            "agent.update" | "bot.update" => Self::UpdateBot,
            "agent.transfer" | "bot.transfer" => Self::TransferBot,
            "bot.deploy" => Self::DeployBot,
            "bot.configure" => Self::UpdateBotConfig,
            "bot.install" | "bot.uninstall" | "bot.configure_integration" => Self::UpdateBotChannel,
            _ => Self::Unknown,
        }
    }
}

/// One audited change.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct AuditRecord {
    /// Id of the record.
    id: String,
    /// Time of the change, in ISO 8601.
    recorded_at: String,
    /// Id of the account that made the change; null if no account made it.
    user_id: Nullable<String>,
    /// E-mail address of that account.
    #[oai(skip_serializing_if_is_none)]
    user_email: Option<String>,
    /// Id of the resource that was changed.
    resource_id: Nullable<String>,
    /// Name of the resource at the time of the change.
    #[oai(skip_serializing_if_is_none)]
    resource_name: Option<String>,
    /// The action.
    action: Action,
}

impl From<audit::AuditRecordWithAccount> for AuditRecord {
    fn from(record: audit::AuditRecordWithAccount) -> Self {
        Self {
            action: record.action.as_str().into(),
            id: record.id,
            recorded_at: record.at.to_rfc3339_millis(),
            user_id: Nullable(record.account.map(|id| id.to_string())),
            user_email: record.email,
            resource_id: Nullable(Some(record.resource_id)),
            resource_name: record.resource_name,
        }
    }
}

/// A page of audit records.
#[derive(Object)]
#[oai(example, rename = "getAuditRecordsResponse")]
struct AuditRecordsResponse {
    /// The records, newest first.
    records: Vec<AuditRecord>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for AuditRecordsResponse {
    fn example() -> Self {
        Self {
            records: vec![AuditRecord {
                id: "5f0f4c07-0a88-4cd4-8c43-8a3cf0e3a0b2".to_owned(),
                recorded_at: "2026-01-31T09:30:00.000Z".to_owned(),
                user_id: Nullable(Some("0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned())),
                user_email: Some("owner@example.localhost".to_owned()),
                resource_id: Nullable(Some("4f6a1d0e-3d53-4c0b-8a8e-5b6c3c0f9d21".to_owned())),
                resource_name: Some("helper".to_owned()),
                action: Action::CreateBot,
            }],
            meta: PageMeta::default(),
        }
    }
}

#[OpenApi(tag = "Tag::Workspace")]
impl Audit {
    /// Get Audit Records
    ///
    /// Lists the changes in a workspace, made through any API, newest first. Requires the role manager.
    #[oai(
        path = "/v1/admin/workspaces/:id/audit-records",
        method = "get",
        operation_id = "getAuditRecords"
    )]
    async fn get_audit_records(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<AuditRecordsResponse>, Failed> {
        let page = audit::list_page(&caller.0, paging::parse_next_token(next_token.0)?).await?;
        Ok(Json(AuditRecordsResponse {
            records: page.items.into_iter().map(AuditRecord::from).collect(),
            meta: PageMeta::new(page.next),
        }))
    }
}
