//! DTOs of installations: integrations that are installed in a bot.

use poem_openapi::{Enum, Object, types::MaybeUndefined};

use super::{
    configurations_dto::to_patch,
    packages_dto::{LifecycleStatus, VerificationStatus, Visibility},
};
use crate::{
    dialects::botpress::settings::BaseUrls,
    domain::bots::installations::{self, Installation},
    http::{JsonObject, Nullable},
};

/// An integration that is installed in a bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct BotIntegration {
    /// True if the installation is enabled.
    enabled: bool,
    /// Name of the integration.
    name: String,
    /// Version of the integration.
    version: String,
    /// Address at which outside services call the installation.
    webhook_url: String,
    /// Last part of `webhookUrl`.
    webhook_id: String,
    /// Identifier that the integration set for this bot; it routes requests to the shared webhook.
    #[oai(skip_serializing_if_is_none)]
    identifier: Option<String>,
    /// Name of the chosen configuration; null for the default one.
    configuration_type: Nullable<String>,
    /// Configuration data.
    configuration: JsonObject,
    /// Registration status.
    status: InstallationStatus,
    /// Reason for the status.
    status_reason: Nullable<String>,
    /// Channels of the integration that the bot does not use.
    disabled_channels: Vec<String>,
    /// Id of the integration.
    id: String,
    /// Time of the installation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Display name of the integration.
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
}

/// Registration status of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum InstallationStatus {
    /// The registration has not run yet.
    RegistrationPending,
    /// The installation works.
    Registered,
    /// The integration refused the registration.
    RegistrationFailed,
    /// The unregistration has not run yet.
    UnregistrationPending,
    /// The installation is disabled.
    Unregistered,
    /// The integration failed to unregister the installation.
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
    /// Converts an installation. The addresses are those at which the caller reaches this server.
    pub fn new(addresses: &BaseUrls, installation: Installation) -> Self {
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
            disabled_channels: installation.disabled_channels,
            id: installation.integration_id.to_string(),
            created_at: installation.created_at.to_rfc3339_millis(),
            updated_at: installation.updated_at.to_rfc3339_millis(),
            title: installation.title,
            description: installation.description,
            public: installation.public,
            visibility: Visibility::for_integration(installation.public, installation.unlisted),
            verification_status: installation.verification.into(),
            lifecycle_status: LifecycleStatus::Published,
        }
    }
}

/// Returns the address of an integration's icon.
pub fn icon_url(origin: &str, integration: &str) -> String {
    format!("{origin}/v1/storage/integrations/{integration}/icon")
}

/// Returns the address of an integration's readme.
pub fn readme_url(origin: &str, integration: &str) -> String {
    format!("{origin}/v1/storage/integrations/{integration}/readme")
}

/// An installation in a request. Absent fields keep their value.
#[derive(Object)]
#[oai(rename = "GivenInstallation", rename_all = "camelCase")]
pub struct InstallationRequest {
    /// Id of the integration, if the map key is an alias.
    integration_id: Option<String>,
    /// True to enable the installation; a new one is enabled.
    enabled: Option<bool>,
    /// Name of the chosen configuration; null for the default one.
    #[oai(nullable)]
    configuration_type: MaybeUndefined<String>,
    /// Configuration data.
    configuration: Option<JsonObject>,
    /// Channels of the integration that the bot does not use: messages in them are not delivered to the integration, and
    /// nobody can create conversations in them.
    disabled_channels: Option<Vec<String>>,
}

impl From<InstallationRequest> for installations::InstallationPatch {
    fn from(given: InstallationRequest) -> Self {
        Self {
            integration_id: given.integration_id.map(Into::into),
            enabled: given.enabled,
            configuration_type: to_patch(given.configuration_type),
            configuration: given.configuration.map(|configuration| configuration.0),
            disabled_channels: given.disabled_channels,
        }
    }
}
