//! Integrations: named, versioned units with a definition, code and settings that bots can install.

pub(in crate::domain) mod built_in;
mod create;
mod delete;
mod interfaces;
mod list;
mod names;
mod parts;
mod rows;
mod update;
mod verification;

pub(in crate::domain) use self::{
    create::check_url,
    names::{find_owner, release_names},
    parts::{check_secret_name, load_secrets},
    rows::{find_usable, load, load_by_seq},
};
pub use self::{
    create::{NewIntegration, create, create_in_tx, try_create},
    delete::delete,
    list::{Filter, MatchedOn, Owner, Sort, SortBy, Summary, list, list_public},
    names::{NameOwner, give_name, list_names},
    parts::{Parts, find_icon, find_readme, load_own_secrets},
    rows::{find, find_by_name, find_public, find_public_by_name},
    update::{IntegrationPatch, try_update, update},
    verification::{Verification, request_verification},
};
use super::definitions::IntegrationDefinition;
use crate::kernel::{
    Timestamp,
    ids::{IntegrationId, WorkspaceId},
};

/// One version of an integration.
#[derive(Debug, Clone)]
pub struct Integration {
    /// Id of the version.
    pub id: IntegrationId,
    /// Workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// Version: `1.2.3`.
    pub version: String,
    /// True if every workspace can use it.
    pub public: bool,
    /// True if no list has it, although it is public.
    pub unlisted: bool,
    /// True if it is in development.
    pub dev: bool,
    /// Display name.
    pub title: String,
    /// Description.
    pub description: String,
    /// Definition.
    pub definition: IntegrationDefinition,
    /// Address of the running integration, if it is in development.
    pub url: Option<String>,
    /// True if it has a readme.
    pub has_readme: bool,
    /// Names of the secrets.
    pub secrets: Vec<String>,
    /// State of its verification.
    pub verification: Verification,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    pub(in crate::domain) seq: i64,
}
