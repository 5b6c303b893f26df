//! Service integrations: a workspace's configured connections to external services.
//!
//! Aloochat calls them integrations. Secret members of a configuration are sealed at rest and left
//! out of reads unless the caller requests them. This module stores configurations and does not
//! call the services.

mod catalogue;
mod change;
pub(in crate::domain) mod feature;
mod rows;
mod secrets;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use catalogue::Service;
pub use change::{ConfigUpdate, create, delete, update};
pub use rows::{find, list};
pub(super) use secrets::SecretNames;

use super::shared::sql::text_enum;
use crate::kernel::{
    Patch, RawObject,
    ids::{ServiceIntegrationId, WorkspaceId},
};

/// Settings of service integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum size of a configuration, in bytes of JSON text.
    pub max_config_bytes: usize,
    /// Name patterns of secret configuration members. Case is ignored, and `-` equals `_`; a
    /// leading `*` matches any beginning.
    pub secret_names: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let names = [
            "credentials",
            "authorization",
            "token",
            "secret",
            "*password",
            "*_token",
            "*_secret",
            "*_key",
            "apikey",
        ];
        Self {
            max_config_bytes: 65_536,
            secret_names: names.map(str::to_owned).to_vec(),
        }
    }
}

text_enum! {
    /// Visibility of an integration. The vendor states no effect, so the value is only stored
    /// (aloochat.md §3): no visibility shows an integration to another workspace.
    pub enum Visibility {
        /// The default.
        Private = "private",
        /// Marked as public.
        Public = "public",
    }
}

/// A configured connection to an external service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceIntegration {
    /// Id: a UUID.
    pub id: ServiceIntegrationId,
    /// The workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Name. Not unique.
    pub name: String,
    /// External service.
    pub service: Service,
    /// Configuration, without secrets unless they are requested.
    pub config: RawObject,
    /// True if it is in use.
    pub is_active: bool,
    /// Visibility.
    pub visibility: Visibility,
    /// Linked agent: any UUID, as given by the caller.
    pub agent_id: Option<String>,
}

/// Choice of a read to include the secrets of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// Leaves the secrets out.
    Nothing,
    /// Includes the secrets.
    Secrets,
}

/// Values of a new integration.
#[derive(Debug, Clone)]
pub struct New {
    /// Name: 1 to 255 characters.
    pub name: String,
    /// External service.
    pub service: Service,
    /// Configuration, secrets included.
    pub config: Map<String, Value>,
    /// True if it is in use.
    pub is_active: bool,
    /// Visibility.
    pub visibility: Visibility,
    /// Linked agent.
    pub agent_id: Option<String>,
}

/// Changes of an update. An absent member stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New name.
    pub name: Option<String>,
    /// New service.
    pub service: Option<Service>,
    /// New configuration. [`ConfigUpdate`] says whether it replaces or merges.
    pub config: Option<Map<String, Value>>,
    /// True if it is in use.
    pub is_active: Option<bool>,
    /// New visibility.
    pub visibility: Option<Visibility>,
    /// New linked agent, or none.
    pub agent_id: Patch<String>,
}

/// Position and size of a page of the list.
#[derive(Debug, Clone, Default)]
pub struct ListRange {
    /// Id of the integration after which the page begins.
    pub after: Option<ServiceIntegrationId>,
    /// Number of integrations to skip from there.
    pub skip: u64,
    /// Maximum number of integrations; all if absent.
    pub limit: Option<u64>,
}

/// One page of the list of integrations.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// Integrations, oldest first.
    pub items: Vec<ServiceIntegration>,
    /// True if more integrations follow.
    pub has_more: bool,
}
