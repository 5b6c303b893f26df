//! Service integrations: a workspace's configured connections to outside services.
//!
//! This is what Aloochat calls an integration. Secret members of the configuration are sealed at
//! rest and left out on reads unless asked for.

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
    Patch,
    ids::{ServiceIntegrationId, WorkspaceId},
};

/// Settings of service integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The largest configuration, in bytes of JSON text.
    pub max_config_bytes: usize,
    /// Names of members of a configuration that are secret, in any case of letters and with `-` as
    /// `_`; a leading `*` stands for any beginning.
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
    /// Who may use an integration. The seed states no effect, so it is only kept (aloochat.md §3):
    /// no visibility lets another workspace see it.
    pub enum Visibility {
        /// The default.
        Private = "private",
        /// Marked as public.
        Public = "public",
    }
}

/// A configured connection to an outside service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceIntegration {
    /// Its id: a UUID.
    pub id: ServiceIntegrationId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// Its name. Not unique.
    pub name: String,
    /// The service.
    pub service: Service,
    /// The configuration, without its secrets unless they were asked for.
    pub config: Map<String, Value>,
    /// Whether it is in use.
    pub is_active: bool,
    /// Its visibility.
    pub visibility: Visibility,
    /// The agent it is linked to: any UUID, as the caller gave it.
    pub agent_id: Option<String>,
}

/// Whether a read shows the secrets of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// Leave them out.
    Nothing,
    /// Put them in.
    Secrets,
}

/// What a new integration is made of.
#[derive(Debug, Clone)]
pub struct New {
    /// Its name: 1 to 255 characters.
    pub name: String,
    /// The service.
    pub service: Service,
    /// The configuration.
    pub config: Map<String, Value>,
    /// Whether it is in use.
    pub is_active: bool,
    /// Its visibility.
    pub visibility: Visibility,
    /// The agent it is linked to.
    pub agent_id: Option<String>,
}

/// What an update changes. What is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<String>,
    /// Another service.
    pub service: Option<Service>,
    /// Another configuration; how it meets the old one is said by a [`ConfigUpdate`].
    pub config: Option<Map<String, Value>>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Another visibility.
    pub visibility: Option<Visibility>,
    /// Another agent, or none.
    pub agent_id: Patch<String>,
}

/// A part of the list of integrations.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Only what comes after this integration.
    pub after: Option<ServiceIntegrationId>,
    /// Leave out this many more.
    pub skip: u64,
    /// At most this many; all if absent.
    pub limit: Option<u64>,
}

/// A slice of the list of integrations.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The integrations, oldest first.
    pub items: Vec<ServiceIntegration>,
    /// Whether there are more after them.
    pub more: bool,
}
