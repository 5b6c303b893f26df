//! DTOs of the credentials with which the server calls connectors.

use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;

use crate::{
    domain::retrieval::connectors::{NewOAuth, Scheme, ServiceAuth},
    kernel::Secret,
};

/// The OAuth 2.0 configuration of a connector, without the client credentials.
#[derive(Object, Serialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ConnectorOAuth {
    /// The OAuth 2.0 /authorize endpoint to use when users authorize the connector.
    pub authorize_url: String,
    /// The OAuth 2.0 /token endpoint to use when users authorize the connector.
    pub token_url: String,
    /// The OAuth scopes to request when users authorize the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl Example for ConnectorOAuth {
    fn example() -> Self {
        Self {
            authorize_url: "https://example.com/oauth/authorize".to_owned(),
            token_url: "https://example.com/oauth/token".to_owned(),
            scope: Some("read offline_access".to_owned()),
        }
    }
}

/// The way the token of a connector is passed.
#[derive(Object, Serialize)]
pub struct ConnectorServiceAuth {
    /// The way the token is passed.
    pub r#type: AuthTokenType,
}

/// The way a token is passed in the Authorization header.
#[derive(Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum AuthTokenType {
    Bearer,
    Basic,
    NoScheme,
}

impl From<AuthTokenType> for Scheme {
    fn from(token_type: AuthTokenType) -> Self {
        match token_type {
            AuthTokenType::Bearer => Self::Bearer,
            AuthTokenType::Basic => Self::Basic,
            AuthTokenType::NoScheme => Self::NoScheme,
        }
    }
}

impl From<Scheme> for AuthTokenType {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Bearer => Self::Bearer,
            Scheme::Basic => Self::Basic,
            Scheme::NoScheme => Self::NoScheme,
        }
    }
}

/// The OAuth 2.0 configuration of a connector. On creation, only the scope is optional.
#[derive(Object)]
#[oai(
    rename = "CreateConnectorOAuth",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct OAuthConfiguration {
    /// The OAuth 2.0 client ID. This field is encrypted at rest and never returned in a response.
    #[oai(nullable, validator(min_length = 1))]
    client_id: Option<String>,
    /// The OAuth 2.0 client secret. This field is encrypted at rest and never returned in a
    /// response.
    #[oai(nullable, validator(min_length = 1))]
    client_secret: Option<String>,
    /// The OAuth 2.0 /authorize endpoint to use when users authorize the connector.
    #[oai(nullable)]
    authorize_url: Option<String>,
    /// The OAuth 2.0 /token endpoint to use when users authorize the connector.
    #[oai(nullable)]
    token_url: Option<String>,
    /// The OAuth scopes to request when users authorize the connector.
    #[oai(nullable)]
    scope: Option<String>,
}

impl From<OAuthConfiguration> for NewOAuth {
    fn from(oauth: OAuthConfiguration) -> Self {
        Self {
            client_id: oauth.client_id.map(Secret::new),
            client_secret: oauth.client_secret.map(Secret::new),
            authorize_url: oauth.authorize_url,
            token_url: oauth.token_url,
            scope: oauth.scope,
        }
    }
}

/// The service to service authentication configuration of a connector.
#[derive(Object)]
#[oai(
    rename = "CreateConnectorServiceAuth",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct ServiceAuthConfiguration {
    /// The way the token is passed in the Authorization header; `noscheme` by default.
    // wire: the vendor's schema requires this field and also gives it a default; the default helps clients
    // more
    #[oai(nullable)]
    pub r#type: Option<AuthTokenType>,
    /// The token that is used in the Authorization header. This field is encrypted at rest and
    /// never returned in a response.
    #[oai(validator(min_length = 1))]
    pub token: String,
}

impl From<ServiceAuthConfiguration> for ServiceAuth {
    fn from(service: ServiceAuthConfiguration) -> Self {
        Self {
            scheme: service.r#type.map_or(Scheme::NoScheme, Into::into),
            token: Secret::new(service.token),
        }
    }
}
