//! Public workspaces, and the check of a handle.

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::Example,
};

use crate::{
    dialects::botpress::{
        Tag,
        auth::AccountCaller,
        error::Failed,
        paging::{self, PageMeta},
    },
    domain::tenancy::workspaces::{self, HandleAvailability, PublicFilter, WorkspaceDetails},
    http::Body,
    kernel::{Result, Rule, Violation},
};

/// Maximum number of ids in a list of public workspaces.
const MAX_IDS: usize = 100;

/// The operations on public workspaces.
pub struct PublicWorkspaces;

/// The profile of a public workspace.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct PublicWorkspace {
    /// Id of the workspace.
    id: String,
    /// Name of the workspace.
    name: String,
    /// Handle of the workspace.
    handle: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Description.
    about: String,
    /// Address of a picture.
    profile_picture: String,
    /// E-mail address for questions.
    contact_email: String,
    /// Address of a web site.
    website: String,
    /// Accounts at other services.
    social_accounts: Vec<String>,
}

impl From<WorkspaceDetails> for PublicWorkspace {
    fn from(found: WorkspaceDetails) -> Self {
        Self {
            id: found.id.to_string(),
            name: found.name,
            handle: found.handle,
            created_at: found.created_at.to_rfc3339_millis(),
            updated_at: found.updated_at.to_rfc3339_millis(),
            about: found.profile.about,
            profile_picture: found.profile.picture,
            contact_email: found.profile.contact_email,
            website: found.profile.website,
            social_accounts: found.profile.social_accounts,
        }
    }
}

impl Example for PublicWorkspace {
    fn example() -> Self {
        Self {
            id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            name: "My workspace".to_owned(),
            handle: "my-workspace".to_owned(),
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            updated_at: "2026-01-31T09:30:00.000Z".to_owned(),
            about: "We answer questions about trains.".to_owned(),
            profile_picture: String::new(),
            contact_email: "ann@example.localhost".to_owned(),
            website: "https://example.localhost".to_owned(),
            social_accounts: Vec::new(),
        }
    }
}

/// A page of public workspaces.
#[derive(Object)]
#[oai(example, rename = "listPublicWorkspacesResponse")]
struct PublicWorkspacesResponse {
    /// The workspaces, newest first.
    workspaces: Vec<PublicWorkspace>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for PublicWorkspacesResponse {
    fn example() -> Self {
        Self {
            workspaces: vec![PublicWorkspace::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A handle to check.
#[derive(Object)]
#[oai(example, rename = "checkHandleAvailabilityBody")]
struct CheckHandleBody {
    /// The handle: 3 to 64 lower-case letters, digits, hyphens and underscores.
    handle: String,
}

impl Example for CheckHandleBody {
    fn example() -> Self {
        Self {
            handle: "my-workspace".to_owned(),
        }
    }
}

/// Result of the check of a handle.
#[derive(Object)]
#[oai(
    example,
    rename = "checkHandleAvailabilityResponse",
    rename_all = "camelCase"
)]
struct CheckHandleResponse {
    /// True if a workspace can take the handle.
    available: bool,
    /// Free handles like a taken one.
    suggestions: Vec<String>,
    /// Name of the workspace that has the handle, if the caller is a member of it.
    #[oai(skip_serializing_if_is_none)]
    used_by: Option<String>,
}

impl From<HandleAvailability> for CheckHandleResponse {
    fn from(found: HandleAvailability) -> Self {
        Self {
            available: found.available,
            suggestions: found.suggestions,
            used_by: found.used_by,
        }
    }
}

impl Example for CheckHandleResponse {
    fn example() -> Self {
        Self {
            available: false,
            suggestions: vec!["my-workspace1".to_owned()],
            used_by: None,
        }
    }
}

#[OpenApi(tag = "Tag::Workspace")]
impl PublicWorkspaces {
    /// Check Handle Availability
    ///
    /// Checks if a workspace can take a handle.
    #[oai(
        path = "/v1/admin/workspaces/handle-availability",
        method = "put",
        operation_id = "checkHandleAvailability"
    )]
    async fn check_handle_availability(
        &self,
        caller: AccountCaller,
        body: Body<CheckHandleBody>,
    ) -> Result<Json<CheckHandleResponse>, Failed> {
        let found = workspaces::check_handle(&caller.0, &body.0.handle)?;
        Ok(Json(found.into()))
    }

    /// List Public Workspaces
    ///
    /// Lists the public workspaces, newest first.
    #[oai(
        path = "/v1/admin/workspaces/public",
        method = "get",
        operation_id = "listPublicWorkspaces"
    )]
    async fn list_public_workspaces(
        &self,
        caller: AccountCaller,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects the workspaces with these ids.
        #[oai(name = "workspaceIds")]
        workspace_ids: Query<Vec<String>>,
        /// Selects workspaces whose name or handle contains this text.
        search: Query<Option<String>>,
    ) -> Result<Json<PublicWorkspacesResponse>, Failed> {
        let after = paging::parse_next_token(next_token.0)?;
        let filter = PublicFilter {
            ids: require_few_ids(workspace_ids.0)?,
            search: paging::non_empty_parameter(search.0),
        };
        let page = workspaces::list_public(&caller.0, filter, after).await?;
        Ok(Json(PublicWorkspacesResponse {
            workspaces: page.items.into_iter().map(PublicWorkspace::from).collect(),
            meta: PageMeta::new(page.next),
        }))
    }

    /// Get Public Workspace
    ///
    /// Returns the profile of a public workspace.
    #[oai(
        path = "/v1/admin/workspaces/:id/public",
        method = "get",
        operation_id = "getPublicWorkspace"
    )]
    async fn get_public_workspace(
        &self,
        caller: AccountCaller,
        /// Id of the workspace.
        id: Path<String>,
    ) -> Result<Json<PublicWorkspace>, Failed> {
        Ok(Json(
            workspaces::get_public(&caller.0, &id.0.into())?.into(),
        ))
    }
}

fn require_few_ids(ids: Vec<String>) -> Result<Vec<String>> {
    if ids.len() > MAX_IDS {
        let rule = Rule::Other(format!("must have at most {MAX_IDS} items"));
        return Err(Violation::query("workspaceIds", rule).into());
    }
    Ok(ids)
}
