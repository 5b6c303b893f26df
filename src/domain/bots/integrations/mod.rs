//! Integrations: versions of them, each with what it declares.

mod create;
mod delete;
mod list;
mod names;
mod parts;
mod rows;
mod update;
mod versions;

pub(in crate::domain) use self::{
    create::check_url,
    names::{close, holder},
    parts::{check_secret_name, secrets_of},
    rows::{by_seq, usable},
};
pub use self::{
    create::{NewIntegration, create, make},
    delete::delete,
    list::{Filter, Summary, Wanted, list, list_public},
    names::{Name, give_name, list_names},
    parts::{Parts, icon, readme, secrets},
    rows::{find, find_by_name, find_public, find_public_by_name},
    update::{Update, update},
};
use super::definitions::IntegrationDefinition;
use crate::kernel::{
    Timestamp,
    ids::{IntegrationId, WorkspaceId},
};

/// One version of an integration.
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// The workspace that it belongs to.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its version: `1.2.3`.
    pub version: String,
    /// Whether every workspace can use it.
    pub public: bool,
    /// Whether it is in development.
    pub dev: bool,
    /// Its name for people.
    pub title: String,
    /// What it is.
    pub description: String,
    /// What it declares.
    pub definition: IntegrationDefinition,
    /// Where it runs, for one in development.
    pub url: Option<String>,
    /// Whether it has a readme.
    pub has_readme: bool,
    /// The names of its secrets.
    pub secrets: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its row.
    pub(in crate::domain) seq: i64,
}
