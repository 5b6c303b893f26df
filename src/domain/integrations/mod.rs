//! Integrations: versions of them, each with what it declares.

mod create;
mod rows;
mod secrets;

pub(super) use self::secrets::secrets_of;
pub use self::{
    create::{NewIntegration, create, make},
    rows::find,
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
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its row.
    pub(super) seq: i64,
}
