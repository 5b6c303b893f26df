//! DTOs of installations, as the installed integration sees them.

use poem_openapi::{Object, types::Example};
use serde_json::{Map, json};

use super::{dto::EXAMPLE_ID, enum_dto::WireInstallationStatus};
use crate::{
    domain::platform_integrations::{Installation, InstallationStatus},
    http::JsonObject,
};

/// Installation ID in the examples of the OpenAPI document.
pub const EXAMPLE_INSTALLATION_ID: &str = "66f0c0ffee0000000000b001";

/// An installation.
#[derive(Object)]
#[oai(rename = "PlatformIntegrationInstallation", example)]
pub struct InstallationDto {
    /// The unique identifier for the installation.
    id: String,
    /// The unique identifier of the installed integration.
    platform_integration_id: String,
    /// Status of the installation.
    status: WireInstallationStatus,
    /// The answers given by the installing admin, matching configuration_fields.
    configuration: JsonObject,
    /// The date the installation was created.
    created: String,
    /// The date the installation was last updated.
    updated: String,
}

impl From<Installation> for InstallationDto {
    fn from(installation: Installation) -> Self {
        Self {
            id: installation.id.to_string(),
            platform_integration_id: installation.integration_id.to_string(),
            status: installation.status.into(),
            configuration: JsonObject(installation.configuration),
            created: installation.created_at.to_rfc3339_offset(),
            updated: installation.updated_at.to_rfc3339_offset(),
        }
    }
}

impl Example for InstallationDto {
    fn example() -> Self {
        let credentials = json!({"knowledgeHubUrl": "https://hub.example.com", "secretKey": "…"});
        Self {
            id: EXAMPLE_INSTALLATION_ID.to_owned(),
            platform_integration_id: EXAMPLE_ID.to_owned(),
            status: WireInstallationStatus::Incomplete,
            configuration: JsonObject(Map::from_iter([("credentials".to_owned(), credentials)])),
            created: "2020-09-20T00:00:00+00:00".to_owned(),
            updated: "2020-09-20T00:00:00+00:00".to_owned(),
        }
    }
}

/// Changes of an installation.
#[derive(Object)]
#[oai(rename = "PlatformIntegrationInstallationUpdateRequest", example)]
pub struct UpdateInstallationRequest {
    /// New status of the installation; unchanged if absent.
    status: Option<WireInstallationStatus>,
}

impl UpdateInstallationRequest {
    /// Returns the requested status.
    pub fn status(&self) -> Option<InstallationStatus> {
        self.status.map(Into::into)
    }
}

impl Example for UpdateInstallationRequest {
    fn example() -> Self {
        Self {
            status: Some(WireInstallationStatus::Complete),
        }
    }
}
