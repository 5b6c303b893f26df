//! DTOs of connectors.
//!
//! Responses omit absent fields, because version 4 of the client fails on null (cohere.md §1). In requests,
//! null means absent. Requests with unknown members are rejected: otherwise `serviceAuth` instead of
//! `service_auth` would be ignored without notice (cohere.md §5, item 2).

use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;

use super::auth_dto::{
    AuthTokenType, ConnectorOAuth, ConnectorServiceAuth, OAuthConfiguration,
    ServiceAuthConfiguration,
};
use crate::{
    dialects::cohere::Settings,
    domain::retrieval::connectors::{self, Auth, AuthStatus, Changes, New},
};

/// Connector ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "example-connector-kh3g8q";

/// Status of the calling user's OAuth authorization.
#[derive(Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum ConnectorAuthStatus {
    Valid,
    Expired,
}

/// A connector.
#[derive(Object, Serialize)]
#[oai(example, rename = "Connector", skip_serializing_if_is_none)]
pub struct ConnectorDto {
    /// ID of the connector, derived from its first name.
    id: String,
    /// ID of the organization that the connector belongs to.
    organization_id: String,
    /// A human-readable name for the connector.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    /// A description of the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The URL of the connector that is used to search for documents.
    url: String,
    /// Time of creation (RFC 3339).
    created_at: String,
    /// Time of the last change (RFC 3339).
    updated_at: String,
    /// Fields that are excluded from the prompt (they remain in the document).
    #[serde(skip_serializing_if = "Option::is_none")]
    excludes: Option<Vec<String>>,
    /// Authentication type: `oauth` or `service_auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_type: Option<String>,
    /// The OAuth 2.0 configuration, without the client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth: Option<ConnectorOAuth>,
    /// The way the token of the connector is passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_auth: Option<ConnectorServiceAuth>,
    /// Status of the calling user's OAuth authorization; absent if the user has not authorized the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_status: Option<ConnectorAuthStatus>,
    /// True if the connector is active.
    active: bool,
    /// True if a chat request continues when the request to this connector fails.
    continue_on_failure: bool,
}

impl Settings {
    /// Converts a connector to its DTO.
    pub fn connector_to_dto(&self, found: connectors::Connector) -> ConnectorDto {
        let auth_type = found.auth.as_ref().map(|auth| auth.kind().to_owned());
        let (oauth, service_auth) = match found.auth {
            None => (None, None),
            Some(Auth::OAuth(oauth)) => {
                let oauth = ConnectorOAuth {
                    authorize_url: oauth.authorize_url,
                    token_url: oauth.token_url,
                    scope: oauth.scope,
                };
                (Some(oauth), None)
            }
            Some(Auth::Service(scheme)) => {
                let shown = self.show_service_auth.then(|| ConnectorServiceAuth {
                    r#type: scheme.into(),
                });
                (None, shown)
            }
        };
        ConnectorDto {
            id: found.id.into(),
            organization_id: found.workspace_id.into(),
            name: found.name,
            description: found.description,
            url: found.url,
            created_at: found.created_at.to_rfc3339_micros(),
            updated_at: found.updated_at.to_rfc3339_micros(),
            excludes: Some(found.excludes).filter(|fields| !fields.is_empty()),
            auth_type,
            oauth,
            service_auth,
            auth_status: found.auth_status.map(|status| match status {
                AuthStatus::Valid => ConnectorAuthStatus::Valid,
                AuthStatus::Expired => ConnectorAuthStatus::Expired,
            }),
            active: found.is_active,
            continue_on_failure: found.continue_on_failure,
        }
    }
}

impl Example for ConnectorDto {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            organization_id: "11111111-1111-1111-aaaa-111111111111".to_owned(),
            name: "Example connector".to_owned(),
            description: Some("The team's documents".to_owned()),
            url: "https://connector.example.com/search".to_owned(),
            created_at: "2026-01-02T03:04:05.678901Z".to_owned(),
            updated_at: "2026-01-02T03:04:05.678901Z".to_owned(),
            excludes: None,
            auth_type: Some("service_auth".to_owned()),
            oauth: None,
            service_auth: Some(ConnectorServiceAuth {
                r#type: AuthTokenType::Bearer,
            }),
            auth_status: None,
            active: true,
            continue_on_failure: false,
        }
    }
}

/// A connector in a response.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct ConnectorEnvelope {
    /// The connector.
    pub connector: ConnectorDto,
}

impl Example for ConnectorEnvelope {
    fn example() -> Self {
        Self {
            connector: ConnectorDto::example(),
        }
    }
}

/// A page of connectors.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct ConnectorPage {
    /// The connectors, newest first.
    pub connectors: Vec<ConnectorDto>,
    /// Total number of connectors.
    pub total_count: u64,
}

impl Example for ConnectorPage {
    fn example() -> Self {
        Self {
            connectors: vec![ConnectorDto::example()],
            total_count: 1,
        }
    }
}

/// Response to a delete request: an empty object.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct Deletion {}

impl Example for Deletion {
    fn example() -> Self {
        Self {}
    }
}

/// A new connector.
#[derive(Object)]
#[oai(example, deny_unknown_fields, skip_serializing_if_is_none)]
pub struct CreateConnectorRequest {
    /// A human-readable name for the connector.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    /// A description of the connector.
    #[oai(nullable)]
    description: Option<String>,
    /// The URL of the connector that will be used to search for documents.
    #[oai(validator(max_length = 2048))]
    url: String,
    /// A list of fields to exclude from the prompt (fields remain in the document).
    #[oai(nullable)]
    excludes: Option<Vec<String>>,
    /// The OAuth 2.0 configuration for the connector. Cannot be specified if service_auth is.
    #[oai(nullable)]
    oauth: Option<OAuthConfiguration>,
    /// True if the connector is active; true by default.
    #[oai(nullable)]
    active: Option<bool>,
    /// True if a chat request continues when the request to this connector fails; false by default.
    #[oai(nullable)]
    continue_on_failure: Option<bool>,
    /// The service to service authentication configuration. Cannot be specified if oauth is.
    #[oai(nullable)]
    service_auth: Option<ServiceAuthConfiguration>,
    /// Ignored: the type follows from the given configuration.
    #[oai(nullable)]
    auth_type: Option<String>,
}

impl From<CreateConnectorRequest> for New {
    fn from(new: CreateConnectorRequest) -> Self {
        Self {
            name: new.name,
            description: new.description,
            url: new.url,
            excludes: new.excludes.unwrap_or_default(),
            oauth: new.oauth.map(Into::into),
            service_auth: new.service_auth.map(Into::into),
            is_active: new.active.unwrap_or(true),
            continue_on_failure: new.continue_on_failure.unwrap_or(false),
        }
    }
}

impl Example for CreateConnectorRequest {
    fn example() -> Self {
        Self {
            name: "Example connector".to_owned(),
            description: Some("The team's documents".to_owned()),
            url: "https://connector.example.com/search".to_owned(),
            excludes: None,
            oauth: None,
            active: None,
            continue_on_failure: None,
            service_auth: Some(ServiceAuthConfiguration {
                r#type: Some(AuthTokenType::Bearer),
                token: "the-connector-s-own-key".to_owned(),
            }),
            auth_type: None,
        }
    }
}

/// Changes of a connector.
#[derive(Object)]
#[oai(example, deny_unknown_fields, skip_serializing_if_is_none)]
pub struct UpdateConnectorRequest {
    /// A human-readable name for the connector.
    #[oai(nullable)]
    name: Option<String>,
    /// A description of the connector.
    // wire: not in the schema, but in the vendor's example (cohere.md §1)
    #[oai(nullable)]
    description: Option<String>,
    /// The URL of the connector that will be used to search for documents.
    #[oai(nullable)]
    url: Option<String>,
    /// A list of fields to exclude from the prompt (fields remain in the document).
    #[oai(nullable)]
    excludes: Option<Vec<String>>,
    /// Changes of the OAuth 2.0 configuration. Cannot be specified if service_auth is.
    #[oai(nullable)]
    oauth: Option<OAuthConfiguration>,
    /// True if the connector is active.
    #[oai(nullable)]
    active: Option<bool>,
    /// True if a chat request continues when the request to this connector fails.
    #[oai(nullable)]
    continue_on_failure: Option<bool>,
    /// The service to service authentication configuration. Cannot be specified if oauth is.
    #[oai(nullable)]
    service_auth: Option<ServiceAuthConfiguration>,
    /// Ignored: the type follows from the given configuration.
    // wire: the vendor's examples send it, but the schema does not contain it (cohere.md §1)
    #[oai(nullable)]
    auth_type: Option<String>,
}

impl From<UpdateConnectorRequest> for Changes {
    fn from(changes: UpdateConnectorRequest) -> Self {
        Self {
            name: changes.name,
            description: changes.description,
            url: changes.url,
            excludes: changes.excludes,
            oauth: changes.oauth.map(Into::into),
            service_auth: changes.service_auth.map(Into::into),
            is_active: changes.active,
            continue_on_failure: changes.continue_on_failure,
        }
    }
}

impl Example for UpdateConnectorRequest {
    fn example() -> Self {
        Self {
            name: Some("Renamed connector".to_owned()),
            description: None,
            url: None,
            excludes: Some(vec!["internal_notes".to_owned()]),
            oauth: None,
            active: Some(false),
            continue_on_failure: None,
            service_auth: None,
            auth_type: None,
        }
    }
}
