//! DTOs of workspaces.

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    dialects::botpress::paging::PageMeta,
    domain::{
        shared::{paging::Page, plans},
        tenancy::workspaces::{self, WorkspaceDetails},
    },
    http::Nullable,
};

/// Payment type of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum AccountType {
    /// The workspace is on the free plan.
    Free,
    /// The workspace is on a paid plan.
    Premium,
}

/// Plan of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Plan {
    /// The free plan.
    Community,
    /// The paid plan that `premium` selects, unless the server's settings select another one.
    Team,
    /// The plan with the largest quotas.
    Enterprise,
}

/// A workspace.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
pub struct Workspace {
    /// Id of the workspace.
    id: String,
    /// Name of the workspace.
    name: String,
    /// Handle of the workspace, unique on this server.
    handle: String,
    /// Id of the owner's account; with several owners, the one who has been owner for the longest time.
    owner_id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Number of bots.
    bot_count: u64,
    /// Payment type.
    account_type: AccountType,
    /// Plan of the workspace.
    plan: Plan,
    /// True if the workspace is read-only until its invoices are paid.
    blocked: bool,
    /// Maximum cost of user messages in a month in excess of the plan's price, in dollars; 0 if no limit is
    /// set.
    spending_limit: f64,
    /// Version of the vendor's billing; always the newest.
    billing_version: BillingVersion,
    /// Id of the running trial; always null, because this server has no trials.
    active_trial_id: Nullable<String>,
    /// True if anyone with an account can read the profile.
    is_public: bool,
    /// Description in the profile.
    about: String,
    /// Address of the picture in the profile.
    profile_picture: String,
    /// E-mail address in the profile.
    contact_email: String,
    /// Address of the web site in the profile.
    website: String,
    /// Accounts at other services in the profile.
    social_accounts: Vec<String>,
}

/// Version of the vendor's billing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum BillingVersion {
    /// The first version.
    V1,
    /// The second version.
    V2,
    /// The third version.
    V3,
    /// The fourth version.
    V4,
}

impl From<WorkspaceDetails> for Workspace {
    fn from(found: WorkspaceDetails) -> Self {
        Self {
            id: found.id.to_string(),
            name: found.name,
            handle: found.handle,
            // A workspace that the operator created may have no owner yet.
            owner_id: found.owner.map(|id| id.to_string()).unwrap_or_default(),
            created_at: found.created_at.to_rfc3339_millis(),
            updated_at: found.updated_at.to_rfc3339_millis(),
            bot_count: found.agents,
            account_type: if found.plan.is_premium() {
                AccountType::Premium
            } else {
                AccountType::Free
            },
            plan: match found.plan {
                plans::Plan::Community => Plan::Community,
                plans::Plan::Team => Plan::Team,
                plans::Plan::Enterprise => Plan::Enterprise,
            },
            blocked: found.blocked,
            spending_limit: found.spending_limit,
            billing_version: BillingVersion::V4,
            active_trial_id: Nullable(None),
            is_public: found.public,
            about: found.profile.about,
            profile_picture: found.profile.picture,
            contact_email: found.profile.contact_email,
            website: found.profile.website,
            social_accounts: found.profile.social_accounts,
        }
    }
}

impl Example for Workspace {
    fn example() -> Self {
        Self {
            id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            name: "My workspace".to_owned(),
            handle: "my-workspace".to_owned(),
            owner_id: "0b0f6c1e-6a0e-4f53-9d7c-6f2f3b1a7c11".to_owned(),
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            updated_at: "2026-01-31T09:30:00.000Z".to_owned(),
            bot_count: 1,
            account_type: AccountType::Free,
            plan: Plan::Community,
            blocked: false,
            spending_limit: 0.0,
            billing_version: BillingVersion::V4,
            active_trial_id: Nullable(None),
            is_public: false,
            about: String::new(),
            profile_picture: String::new(),
            contact_email: String::new(),
            website: String::new(),
            social_accounts: Vec::new(),
        }
    }
}

/// A page of workspaces.
#[derive(Object)]
#[oai(example, rename = "listWorkspacesResponse")]
pub struct WorkspacesResponse {
    /// The workspaces, newest first.
    workspaces: Vec<Workspace>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Page<WorkspaceDetails>> for WorkspacesResponse {
    fn from(page: Page<WorkspaceDetails>) -> Self {
        Self {
            workspaces: page.items.into_iter().map(Workspace::from).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

impl Example for WorkspacesResponse {
    fn example() -> Self {
        Self {
            workspaces: vec![Workspace::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new workspace.
#[derive(Object)]
#[oai(example, rename = "createWorkspaceBody")]
pub struct CreateWorkspaceBody {
    /// Name of the workspace.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub name: String,
}

impl Example for CreateWorkspaceBody {
    fn example() -> Self {
        Self {
            name: "My workspace".to_owned(),
        }
    }
}

/// An update of a workspace. Absent fields keep their value.
#[derive(Object)]
#[oai(example, rename = "updateWorkspaceBody", rename_all = "camelCase")]
pub struct UpdateWorkspaceBody {
    /// Name of the workspace.
    #[oai(validator(min_length = 1, max_length = 64))]
    name: Option<String>,
    /// Maximum cost of user messages in a month in excess of the plan's price, in dollars.
    #[oai(validator(minimum(value = "5"), maximum(value = "1000")))]
    spending_limit: Option<f64>,
    /// Handle of the workspace, unique on this server. Names of integrations can begin with it.
    handle: Option<String>,
    /// True to let anyone with an account read the profile.
    is_public: Option<bool>,
    /// Description in the profile.
    #[oai(validator(max_length = 10000))]
    about: Option<String>,
    /// Address of the picture in the profile.
    #[oai(validator(max_length = 10000))]
    profile_picture: Option<String>,
    /// E-mail address in the profile.
    #[oai(validator(max_length = 320))]
    contact_email: Option<String>,
    /// Address of the web site in the profile.
    #[oai(validator(max_length = 2000))]
    website: Option<String>,
    /// Accounts at other services in the profile.
    #[oai(validator(max_items = 5))]
    social_accounts: Option<Vec<String>>,
}

impl From<UpdateWorkspaceBody> for workspaces::WorkspacePatch {
    fn from(body: UpdateWorkspaceBody) -> Self {
        Self {
            name: body.name,
            spending_limit: body.spending_limit,
            handle: body.handle,
            public: body.is_public,
            about: body.about,
            picture: body.profile_picture,
            contact_email: body.contact_email,
            website: body.website,
            social_accounts: body.social_accounts,
        }
    }
}

impl Example for UpdateWorkspaceBody {
    fn example() -> Self {
        Self {
            name: Some("Our workspace".to_owned()),
            spending_limit: Some(50.0),
            handle: None,
            is_public: None,
            about: None,
            profile_picture: None,
            contact_email: None,
            website: None,
            social_accounts: None,
        }
    }
}

/// The plan to change to.
#[derive(Object)]
#[oai(example, rename = "changeWorkspacePlanBody")]
pub struct ChangePlanBody {
    /// The payment type to change to.
    pub plan: AccountType,
}

impl Example for ChangePlanBody {
    fn example() -> Self {
        Self {
            plan: AccountType::Free,
        }
    }
}
