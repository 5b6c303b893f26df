//! `/v1/admin/workspace-members`: who may do what in a workspace.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use super::{
    Tag,
    auth::{Manager, Member},
    done::{DONE, Done},
    error::Failed,
    paging::{self, Meta},
};
use crate::{domain::tenancy::members, http::Body};

/// The operations on members.
pub struct Members;

/// What a member may do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Role {
    /// Look.
    Viewer,
    /// Look and pay.
    Billing,
    /// Change bots and integrations.
    Developer,
    /// Manage members too.
    Manager,
    /// Everything but deleting the workspace.
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
    /// The id of the membership.
    id: String,
    /// The member's account.
    #[oai(skip_serializing_if_is_none)]
    user_id: Option<String>,
    /// Its e-mail address.
    email: String,
    /// What it may do.
    role: Role,
}

impl From<members::Member> for WorkspaceMember {
    fn from(member: members::Member) -> Self {
        Self {
            id: member.id.to_string(),
            user_id: Some(member.account_id.to_string()),
            email: member.email,
            role: member.role.into(),
        }
    }
}

impl Example for WorkspaceMember {
    fn example() -> Self {
        Self {
            id: "b7e23ec2-9af2-4f7a-a7cf-4b1f0e4ef4c9".to_owned(),
            user_id: Some("0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned()),
            email: "owner@example.localhost".to_owned(),
            role: Role::Owner,
        }
    }
}

/// Members, newest first.
#[derive(Object)]
#[oai(example, rename = "listWorkspaceMembersResponse")]
struct MembersResponse {
    /// The members.
    members: Vec<WorkspaceMember>,
    /// Where the next page is.
    meta: Meta,
}

impl Example for MembersResponse {
    fn example() -> Self {
        Self {
            members: vec![WorkspaceMember::example()],
            meta: Meta::default(),
        }
    }
}

/// A new member.
#[derive(Object)]
#[oai(example, rename = "createWorkspaceMemberBody")]
struct CreateMemberBody {
    /// The e-mail address of its account, which is made if there is none.
    email: String,
    /// What it may do.
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

/// What to change of a member.
#[derive(Object)]
#[oai(example, rename = "updateWorkspaceMemberBody")]
struct UpdateMemberBody {
    /// What it may do.
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
    /// List the members of a workspace, newest first.
    #[oai(
        path = "/v1/admin/workspace-members",
        method = "get",
        operation_id = "listWorkspaceMembers"
    )]
    async fn list_workspace_members(
        &self,
        caller: Member,
        /// Where the page begins: the `nextToken` of the one before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<MembersResponse>, Failed> {
        let page = members::list_page(&caller.0, paging::position(next_token.0)?).await?;
        Ok(Json(MembersResponse {
            members: page.items.into_iter().map(WorkspaceMember::from).collect(),
            meta: Meta::new(page.next),
        }))
    }

    /// Create Workspace Member
    ///
    /// Add a member to the workspace, as a manager. If no account has the address, one is made.
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

    /// Update Workspace Member
    ///
    /// Give a member another role, as a manager, none above one's own.
    #[oai(
        path = "/v1/admin/workspace-members/:id",
        method = "put",
        operation_id = "updateWorkspaceMember"
    )]
    async fn update_workspace_member(
        &self,
        caller: Manager,
        /// The id of the membership.
        id: Path<String>,
        body: Body<UpdateMemberBody>,
    ) -> Result<Json<WorkspaceMember>, Failed> {
        let role = body.0.role.map(members::Role::from);
        let changed = members::change_role(&caller.0, id.0.into(), role).await?;
        Ok(Json(changed.into()))
    }

    /// Delete Workspace Member
    ///
    /// Take a member out of the workspace, as a manager, or oneself. The last owner stays.
    #[oai(
        path = "/v1/admin/workspace-members/:id",
        method = "delete",
        operation_id = "deleteWorkspaceMember"
    )]
    async fn delete_workspace_member(
        &self,
        caller: Member,
        /// The id of the membership.
        id: Path<String>,
    ) -> Result<Json<Done>, Failed> {
        members::leave_or_remove(&caller.0, id.0.into()).await?;
        Ok(DONE)
    }
}
