//! DTOs of integration lists.

use poem_openapi::{Object, types::Example};

use super::dto::EXAMPLE_TIME;
use crate::{
    dialects::botpress::{
        admin::{
            installations_dto::icon_url,
            packages_dto::{LifecycleStatus, VerificationStatus, Visibility},
        },
        paging::PageMeta,
    },
    domain::{bots::integrations, shared::paging::Page},
    http::Nullable,
};

/// An integration in a list.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct IntegrationSummary {
    /// Id of the integration.
    id: String,
    /// Name of the integration.
    name: String,
    /// Version of the integration.
    version: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Display name.
    title: String,
    /// Description of the integration.
    description: String,
    /// Address of the icon.
    icon_url: String,
    /// True if every workspace can use the integration.
    public: bool,
    /// Workspaces that can use the integration.
    visibility: Visibility,
    /// Result of the vendor's review; this server has none.
    verification_status: VerificationStatus,
    /// Stage of the version.
    lifecycle_status: LifecycleStatus,
    /// Workspace that owns the integration.
    owner_workspace: OwnerWorkspace,
    /// Numbers of uses.
    meta: IntegrationMeta,
    /// Places with the text of `search`; absent without it.
    #[oai(skip_serializing_if_is_none)]
    matched_on: Option<MatchedOn>,
}

/// Places in which a search has found its text.
#[derive(Object)]
struct MatchedOn {
    /// True if the name has it.
    name: bool,
    /// True if the title has it.
    title: bool,
    /// True if the description has it.
    description: bool,
    /// Names of actions that have it.
    actions: Vec<String>,
    /// Names of interfaces that have it.
    interfaces: Vec<String>,
}

impl From<integrations::MatchedOn> for MatchedOn {
    fn from(matched: integrations::MatchedOn) -> Self {
        Self {
            name: matched.name,
            title: matched.title,
            description: matched.description,
            actions: matched.actions,
            interfaces: matched.interfaces,
        }
    }
}

/// The workspace that owns an integration.
#[derive(Object)]
struct OwnerWorkspace {
    /// Id of the workspace.
    id: String,
    /// Handle of the workspace.
    handle: Nullable<String>,
    /// Name of the workspace.
    name: String,
}

/// Numbers of uses of an integration.
#[derive(Object)]
struct IntegrationMeta {
    /// Number of bots that have it enabled; at most 10,000 are counted.
    installs: i64,
    /// Number of views; this server counts none.
    views: i64,
}

/// A page of integrations.
#[derive(Object)]
#[oai(example, rename = "listIntegrationsResponse")]
pub struct ListIntegrationsResponse {
    /// The integrations, newest first.
    integrations: Vec<IntegrationSummary>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ListIntegrationsResponse {
    /// Converts a page. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, page: Page<integrations::Summary>) -> Self {
        let shown = |summary: integrations::Summary| IntegrationSummary {
            icon_url: icon_url(origin, summary.id.as_str()),
            id: summary.id.to_string(),
            name: summary.name,
            version: summary.version,
            created_at: summary.created_at.to_rfc3339_millis(),
            updated_at: summary.updated_at.to_rfc3339_millis(),
            title: summary.title,
            description: summary.description,
            public: summary.public,
            visibility: Visibility::for_integration(summary.public, summary.unlisted),
            verification_status: summary.verification.into(),
            lifecycle_status: LifecycleStatus::Published,
            owner_workspace: OwnerWorkspace {
                id: summary.owner.id.to_string(),
                handle: Nullable(summary.owner.handle),
                name: summary.owner.name,
            },
            meta: IntegrationMeta {
                installs: summary.installs,
                views: 0,
            },
            matched_on: summary.matched_on.map(Into::into),
        };
        Self {
            integrations: page.items.into_iter().map(shown).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

impl Example for ListIntegrationsResponse {
    fn example() -> Self {
        let id = "c2a3e5c4-92f4-4c7e-9a1e-3f7c5a3b9d10".to_owned();
        Self {
            integrations: vec![IntegrationSummary {
                icon_url: icon_url("http://127.0.0.1:4600", &id),
                id,
                name: "whint".to_owned(),
                version: "0.1.0".to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                title: "Whint".to_owned(),
                description: "Messages by webhook".to_owned(),
                public: false,
                visibility: Visibility::for_integration(false, false),
                verification_status: VerificationStatus::Unapproved,
                lifecycle_status: LifecycleStatus::Published,
                owner_workspace: OwnerWorkspace {
                    id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
                    handle: Nullable(Some("acme".to_owned())),
                    name: "Acme".to_owned(),
                },
                meta: IntegrationMeta {
                    installs: 1,
                    views: 0,
                },
                matched_on: None,
            }],
            meta: PageMeta::default(),
        }
    }
}
