//! Integrations in bots, as Botpress shows them.

use poem_openapi::{Enum, Object};

use crate::{
    domain::installations::{self, Installation},
    http::{JsonObject, Nullable},
};

/// An integration in a bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct BotIntegration {
    /// Whether it is on.
    enabled: bool,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Where outside services call it.
    webhook_url: String,
    /// What that address ends with.
    webhook_id: String,
    /// What the integration has set for it to be found by.
    #[oai(skip_serializing_if_is_none)]
    identifier: Option<String>,
    /// Its configuration.
    configuration: JsonObject,
    /// How it stands with its integration.
    status: InstallationStatus,
    /// Why it stands so.
    status_reason: Nullable<String>,
    /// The id of the integration.
    id: String,
    /// When it was installed, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// Its name for people.
    title: String,
    /// What it is.
    description: String,
    /// The address of its icon.
    icon_url: String,
}

/// How an installation stands with its integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum InstallationStatus {
    /// It is to be registered.
    RegistrationPending,
    /// It works.
    Registered,
    /// The integration has refused it.
    RegistrationFailed,
    /// It is to be unregistered.
    UnregistrationPending,
    /// It is off.
    Unregistered,
    /// The integration has failed to let it go.
    UnregistrationFailed,
}

impl From<installations::Status> for InstallationStatus {
    fn from(status: installations::Status) -> Self {
        match status {
            installations::Status::RegistrationPending => Self::RegistrationPending,
            installations::Status::Registered => Self::Registered,
            installations::Status::RegistrationFailed => Self::RegistrationFailed,
            installations::Status::UnregistrationPending => Self::UnregistrationPending,
            installations::Status::Unregistered => Self::Unregistered,
            installations::Status::UnregistrationFailed => Self::UnregistrationFailed,
        }
    }
}

impl BotIntegration {
    /// An installation, for callers who reach this server at `origin`.
    pub fn at(origin: &str, installation: Installation) -> Self {
        Self {
            webhook_url: format!("{origin}/webhook/{}", installation.webhook_id),
            webhook_id: installation.webhook_id,
            icon_url: icon_url(origin, installation.integration_id.as_str()),
            enabled: installation.enabled,
            name: installation.name,
            version: installation.version,
            identifier: installation.identifier,
            configuration: JsonObject(installation.configuration),
            status: installation.status.into(),
            status_reason: Nullable(installation.status_reason),
            id: installation.integration_id.to_string(),
            created_at: installation.created_at.to_rfc3339_millis(),
            updated_at: installation.updated_at.to_rfc3339_millis(),
            title: installation.title,
            description: installation.description,
        }
    }
}

/// The address of an integration's icon.
pub fn icon_url(origin: &str, integration: &str) -> String {
    format!("{origin}/v1/storage/integrations/{integration}/icon")
}
