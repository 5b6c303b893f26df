//! `/v1/admin/workspaces`: workspaces and their plans.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::dto::{
    AccountType, ChangePlanBody, CreateWorkspaceBody, UpdateWorkspaceBody, Workspace,
    WorkspacesResponse,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::{AccountCaller, PathBillingMember, PathMember},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging,
    },
    domain::tenancy::workspaces,
    http::Body,
};

/// The operations on workspaces.
pub struct Workspaces;

#[OpenApi(tag = "Tag::Workspace")]
impl Workspaces {
    /// Create Workspace
    ///
    /// Creates a workspace and makes the caller its owner.
    #[oai(
        path = "/v1/admin/workspaces",
        method = "post",
        operation_id = "createWorkspace"
    )]
    async fn create_workspace(
        &self,
        caller: AccountCaller,
        body: Body<CreateWorkspaceBody>,
    ) -> Result<Json<Workspace>, Failed> {
        let made = workspaces::create_owned(&caller.0, body.0.name).await?;
        Ok(Json(made.into()))
    }

    /// List Workspaces
    ///
    /// Lists the workspaces of which the caller is a member, newest first.
    #[oai(
        path = "/v1/admin/workspaces",
        method = "get",
        operation_id = "listWorkspaces"
    )]
    async fn list_workspaces(
        &self,
        caller: AccountCaller,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects the workspace with this handle.
        handle: Query<Option<String>>,
    ) -> Result<Json<WorkspacesResponse>, Failed> {
        let after = paging::parse_next_token(next_token.0)?;
        let page = workspaces::list_of_account(&caller.0, handle.0, after).await?;
        Ok(Json(page.into()))
    }

    /// Get Workspace
    ///
    /// Returns one workspace.
    #[oai(
        path = "/v1/admin/workspaces/:id",
        method = "get",
        operation_id = "getWorkspace"
    )]
    async fn get_workspace(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
    ) -> Result<Json<Workspace>, Failed> {
        Ok(Json(workspaces::get_details(&caller.0)?.into()))
    }

    /// Update Workspace
    ///
    /// Changes a workspace and its profile, which requires the role administrator, or sets its spending limit, which
    /// requires the role billing.
    #[oai(
        path = "/v1/admin/workspaces/:id",
        method = "put",
        operation_id = "updateWorkspace"
    )]
    async fn update_workspace(
        &self,
        caller: PathBillingMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        body: Body<UpdateWorkspaceBody>,
    ) -> Result<Json<Workspace>, Failed> {
        let changed = workspaces::update(&caller.0, body.0.into()).await?;
        Ok(Json(changed.into()))
    }

    /// Change Workspace Plan
    ///
    /// Changes the plan of a workspace. A paid plan requires a payment method. The running month is billed in
    /// full.
    #[oai(
        path = "/v1/admin/workspaces/:id/change-plan",
        method = "put",
        operation_id = "changeWorkspacePlan"
    )]
    async fn change_workspace_plan(
        &self,
        caller: PathBillingMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
        body: Body<ChangePlanBody>,
    ) -> Result<Json<Workspace>, Failed> {
        let premium = body.0.plan == AccountType::Premium;
        let changed = workspaces::change_plan(&caller.0, premium).await?;
        Ok(Json(changed.into()))
    }

    /// Delete Workspace
    ///
    /// Deletes a workspace and all its data. Requires the role owner.
    #[oai(
        path = "/v1/admin/workspaces/:id",
        method = "delete",
        operation_id = "deleteWorkspace"
    )]
    async fn delete_workspace(
        &self,
        caller: PathMember,
        /// Id of the workspace.
        #[oai(name = "id")]
        _id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        crate::domain::lifecycle::workspace_deletion::delete(&caller.0).await?;
        Ok(EMPTY_RESPONSE)
    }
}
