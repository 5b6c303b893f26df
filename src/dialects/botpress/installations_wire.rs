//! Integrations in bots, as Botpress shows them.

use poem_openapi::{Enum, Object, types::MaybeUndefined};

use super::{configurations_wire::patch, settings::Addresses};
use crate::{
    domain::bots::installations::{self, Installation},
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
    /// The name of its configuration of those that the integration declares; null for the default one.
    configuration_type: Nullable<String>,
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
    /// An installation, as a caller reaches it at these addresses.
    pub fn at(addresses: &Addresses, installation: Installation) -> Self {
        Self {
            webhook_url: format!("{}/{}", addresses.webhooks, installation.webhook_id),
            webhook_id: installation.webhook_id,
            icon_url: icon_url(&addresses.server, installation.integration_id.as_str()),
            enabled: installation.enabled,
            name: installation.name,
            version: installation.version,
            identifier: installation.identifier,
            configuration_type: Nullable(installation.configuration_type),
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

/// The address of an integration's readme.
pub fn readme_url(origin: &str, integration: &str) -> String {
    format!("{origin}/v1/storage/integrations/{integration}/readme")
}

/// An integration in a bot, as it is given. What is absent stays as it is.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct GivenInstallation {
    /// The id of the integration, where the name of this member is not that.
    integration_id: Option<String>,
    /// Whether it is on; a new one is.
    enabled: Option<bool>,
    /// The name of its configuration of those that the integration declares; null for the default one.
    #[oai(nullable)]
    configuration_type: MaybeUndefined<String>,
    /// Its configuration.
    configuration: Option<JsonObject>,
}

impl From<GivenInstallation> for installations::Given {
    fn from(given: GivenInstallation) -> Self {
        Self {
            integration_id: given.integration_id.map(Into::into),
            enabled: given.enabled,
            configuration_type: patch(given.configuration_type),
            configuration: given.configuration.map(|configuration| configuration.0),
        }
    }
}
