//! `/v1/admin/workspace-members`: the members of a workspace and their roles.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::{
    dialects::botpress::{
        Tag,
        auth::{Manager, Member},
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
        paging::{self, PageMeta},
    },
    domain::tenancy::members,
    http::Body,
};

/// The operations on members.
pub struct Members;

/// Role of a member. Each role includes the rights of the ones before it, except that only billing,
/// administrator and owner may handle money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Role {
    /// Read access.
    Viewer,
    /// Read access and payments.
    Billing,
    /// Changes of bots and integrations.
    Developer,
    /// Management of members.
    Manager,
    /// Everything except the deletion of the workspace.
    Administrator,
    /// Everything.
    Owner,
}

impl From<members::Role> for Role {
    fn from(role: members::Role) -> Self {
        match role {
            members::Role::Viewer => Self::Viewer,
            members::Role::Billing => Self::Billing,
            members::Role::Developer => Self::Developer,
            members::Role::Manager => Self::Manager,
            members::Role::Administrator => Self::Administrator,
            members::Role::Owner => Self::Owner,
        }
    }
}

impl From<Role> for members::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Billing => Self::Billing,
            Role::Developer => Self::Developer,
            Role::Manager => Self::Manager,
            Role::Administrator => Self::Administrator,
            Role::Owner => Self::Owner,
        }
    }
}

/// A member of a workspace.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct WorkspaceMember {
    /// Id of the membership.
    id: String,
    /// Id of the member's account.
    #[oai(skip_serializing_if_is_none)]
    user_id: Option<String>,
    /// E-mail address of the account.
    email: String,
    /// Time at which the membership began, in ISO 8601.
    created_at: String,
    /// Role of the member.
    role: Role,
    /// Address of the account's picture.
    #[oai(skip_serializing_if_is_none)]
    profile_picture: Option<String>,
    /// Name of the account that others see.
    #[oai(skip_serializing_if_is_none)]
    display_name: Option<String>,
}

impl From<members::Member> for WorkspaceMember {
    fn from(member: members::Member) -> Self {
        Self {
            id: member.id.to_string(),
            user_id: Some(member.account_id.to_string()),
            email: member.email,
            created_at: member.created_at.to_rfc3339_millis(),
            role: member.role.into(),
            profile_picture: member.picture,
            display_name: member.display_name,
        }
    }
}

impl Example for WorkspaceMember {
    fn example() -> Self {
        Self {
            id: "b7e23ec2-9af2-4f7a-a7cf-4b1f0e4ef4c9".to_owned(),
            user_id: Some("0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned()),
            email: "owner@example.localhost".to_owned(),
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            role: Role::Owner,
            profile_picture: None,
            display_name: None,
        }
    }
}

/// A page of members.
#[derive(Object)]
#[oai(example, rename = "listWorkspaceMembersResponse")]
struct MembersResponse {
    /// The members, newest first.
    members: Vec<WorkspaceMember>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for MembersResponse {
    fn example() -> Self {
        Self {
            members: vec![WorkspaceMember::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new member.
#[derive(Object)]
#[oai(example, rename = "createWorkspaceMemberBody")]
struct CreateMemberBody {
    /// E-mail address of the account. The account is created if there is none.
    email: String,
    /// Role of the member.
    role: Role,
}

impl Example for CreateMemberBody {
    fn example() -> Self {
        Self {
            email: "ann@example.localhost".to_owned(),
            role: Role::Developer,
        }
    }
}

/// An update of a member.
#[derive(Object)]
#[oai(example, rename = "updateWorkspaceMemberBody")]
struct UpdateMemberBody {
    /// New role; absent keeps the current one.
    role: Option<Role>,
}

impl Example for UpdateMemberBody {
    fn example() -> Self {
        Self {
            role: Some(Role::Manager),
        }
    }
}

#[OpenApi(tag = "Tag::WorkspaceMember")]
impl Members {
    /// List Workspace Members
    ///
    /// Lists the members of a workspace, newest first.
    #[oai(
        path = "/v1/admin/workspace-members",
        method = "get",
        operation_id = "listWorkspaceMembers"
    )]
    async fn list_workspace_members(
        &self,
        caller: Member,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<MembersResponse>, Failed> {
        let page = members::list_page(&caller.0, paging::parse_next_token(next_token.0)?).await?;
        Ok(Json(MembersResponse {
            members: page.items.into_iter().map(WorkspaceMember::from).collect(),
            meta: PageMeta::new(page.next),
        }))
    }

    /// Create Workspace Member
    ///
    /// Adds a member to the workspace. Creates an account if none has the e-mail address. Requires the role
    /// manager.
    #[oai(
        path = "/v1/admin/workspace-members",
        method = "post",
        operation_id = "createWorkspaceMember"
    )]
    async fn create_workspace_member(
        &self,
        caller: Manager,
        body: Body<CreateMemberBody>,
    ) -> Result<Json<WorkspaceMember>, Failed> {
        let made = members::invite(&caller.0, body.0.email, body.0.role.into()).await?;
        Ok(Json(made.into()))
    }

    /// Get Workspace Member
    ///
    /// Returns the membership of the caller in the workspace.
    #[oai(
        path = "/v1/admin/workspace-members/me",
        method = "get",
        operation_id = "getWorkspaceMember"
    )]
    async fn get_workspace_member(&self, caller: Member) -> Result<Json<WorkspaceMember>, Failed> {
        Ok(Json(members::find_membership_of_caller(&caller.0)?.into()))
    }

    /// Update Workspace Member
    ///
    /// Changes the role of a member, at most to the caller's own role. Requires the role manager.
    #[oai(
        path = "/v1/admin/workspace-members/:id",
        method = "put",
        operation_id = "updateWorkspaceMember"
    )]
    async fn update_workspace_member(
        &self,
        caller: Manager,
        /// Id of the membership.
        id: Path<String>,
        body: Body<UpdateMemberBody>,
    ) -> Result<Json<WorkspaceMember>, Failed> {
        let role = body.0.role.map(members::Role::from);
        let changed = members::change_role(&caller.0, id.0.into(), role).await?;
        Ok(Json(changed.into()))
    }

    /// Delete Workspace Member
    ///
    /// Removes a member from the workspace. Requires the role manager; every member can remove their own
    /// membership. The last owner cannot be removed.
    #[oai(
        path = "/v1/admin/workspace-members/:id",
        method = "delete",
        operation_id = "deleteWorkspaceMember"
    )]
    async fn delete_workspace_member(
        &self,
        caller: Member,
        /// Id of the membership.
        id: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        members::leave_or_remove(&caller.0, id.0.into()).await?;
        Ok(EMPTY_RESPONSE)
    }
}
