//! DTOs of integrations.

use poem_openapi::{
    Enum, Object,
    types::{Example, MaybeUndefined},
};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    domain::service_integrations::{Changes, New, Service, ServiceIntegration, Visibility},
    http::{JsonObject, JsonText},
    kernel::Patch,
};

/// Integration type.
#[derive(Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum IntegrationKind {
    Shopify,
    Zendesk,
    Hubspot,
    Slack,
    Whatsapp,
    Notion,
    Odoo,
    GoogleCalendar,
    Gmail,
    CustomApi,
}

impl From<IntegrationKind> for Service {
    fn from(kind: IntegrationKind) -> Self {
        match kind {
            IntegrationKind::Shopify => Self::Shopify,
            IntegrationKind::Zendesk => Self::Zendesk,
            IntegrationKind::Hubspot => Self::Hubspot,
            IntegrationKind::Slack => Self::Slack,
            IntegrationKind::Whatsapp => Self::Whatsapp,
            IntegrationKind::Notion => Self::Notion,
            IntegrationKind::Odoo => Self::Odoo,
            IntegrationKind::GoogleCalendar => Self::GoogleCalendar,
            IntegrationKind::Gmail => Self::Gmail,
            IntegrationKind::CustomApi => Self::CustomApi,
        }
    }
}

impl From<Service> for IntegrationKind {
    fn from(service: Service) -> Self {
        match service {
            Service::Shopify => Self::Shopify,
            Service::Zendesk => Self::Zendesk,
            Service::Hubspot => Self::Hubspot,
            Service::Slack => Self::Slack,
            Service::Whatsapp => Self::Whatsapp,
            Service::Notion => Self::Notion,
            Service::Odoo => Self::Odoo,
            Service::GoogleCalendar => Self::GoogleCalendar,
            Service::Gmail => Self::Gmail,
            Service::CustomApi => Self::CustomApi,
        }
    }
}

/// Visibility of an integration.
#[derive(Clone, Copy, Enum, Serialize)]
#[oai(rename = "Visibility", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum VisibilityDto {
    Private,
    Public,
}

impl From<VisibilityDto> for Visibility {
    fn from(shown: VisibilityDto) -> Self {
        match shown {
            VisibilityDto::Private => Self::Private,
            VisibilityDto::Public => Self::Public,
        }
    }
}

impl From<Visibility> for VisibilityDto {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Public => Self::Public,
        }
    }
}

/// An integration.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct Integration {
    /// Unique integration identifier (UUID).
    id: String,
    /// Integration name.
    name: String,
    /// Integration type.
    r#type: IntegrationKind,
    /// Integration configuration. Secret members (tokens, keys, passwords, credentials) are left
    /// out unless the server's setting `aloochat.reveal_secrets` is on.
    config: JsonText,
    /// True if the integration is active.
    is_active: bool,
    /// Visibility. It is stored and returned, but never lets another company see an integration.
    visibility: VisibilityDto,
    /// Associated company ID.
    company_id: String,
    /// Linked agent ID.
    #[oai(nullable)]
    agent_id: Option<String>,
}

impl From<ServiceIntegration> for Integration {
    fn from(integration: ServiceIntegration) -> Self {
        Self {
            id: integration.id.into(),
            name: integration.name,
            r#type: integration.service.into(),
            config: JsonText(integration.config),
            is_active: integration.is_active,
            visibility: integration.visibility.into(),
            company_id: integration.workspace_id.into(),
            agent_id: integration.agent_id,
        }
    }
}

impl Example for Integration {
    fn example() -> Self {
        let config = JsonObject::from_value(json!({
            "shop_domain": "mystore.myshopify.com",
            "api_version": "2024-01",
        }));
        Self {
            id: "550e8400-e29b-41d4-a716-446655440000".to_owned(),
            name: "My Shopify Store".to_owned(),
            r#type: IntegrationKind::Shopify,
            config: JsonText((&config.0).into()),
            is_active: true,
            visibility: VisibilityDto::Private,
            company_id: "123e4567-e89b-12d3-a456-426614174000".to_owned(),
            agent_id: Some("456e7890-e89b-12d3-a456-426614174001".to_owned()),
        }
    }
}

/// A new integration.
#[derive(Object)]
#[oai(example)]
pub struct NewIntegration {
    /// Integration name.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    /// Integration type.
    r#type: IntegrationKind,
    /// Configuration object. The documented members of the type are validated; other members are kept.
    config: Option<JsonObject>,
    /// Active status.
    #[oai(default = "default_is_active")]
    is_active: bool,
    /// Visibility.
    #[oai(default = "default_visibility")]
    visibility: VisibilityDto,
    /// Link to specific agent.
    #[oai(nullable)]
    agent_id: Option<Uuid>,
}

const fn default_is_active() -> bool {
    true
}

const fn default_visibility() -> VisibilityDto {
    VisibilityDto::Private
}

impl From<NewIntegration> for New {
    fn from(new: NewIntegration) -> Self {
        Self {
            name: new.name,
            service: new.r#type.into(),
            config: new.config.unwrap_or_default().0,
            is_active: new.is_active,
            visibility: new.visibility.into(),
            agent_id: new.agent_id.map(|agent| agent.to_string()),
        }
    }
}

impl Example for NewIntegration {
    fn example() -> Self {
        Self {
            name: "My Shopify Store".to_owned(),
            r#type: IntegrationKind::Shopify,
            config: Some(JsonObject::from_value(json!({
                "shop_domain": "mystore.myshopify.com",
                "access_token": "shpat_xxxxxxxxxxxxx",
                "api_version": "2024-01",
            }))),
            is_active: true,
            visibility: VisibilityDto::Private,
            agent_id: None,
        }
    }
}

/// Changes of an integration.
#[derive(Object)]
#[oai(example, rename = "UpdateIntegration", skip_serializing_if_is_none)]
pub struct UpdateIntegration {
    /// New name.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: Option<String>,
    /// New type.
    r#type: Option<IntegrationKind>,
    /// New configuration. A secret that it does not name is kept; null removes one.
    config: Option<JsonObject>,
    /// Active status.
    is_active: Option<bool>,
    /// Visibility.
    visibility: Option<VisibilityDto>,
    /// New linked agent ID; null removes the link.
    #[oai(nullable)]
    agent_id: MaybeUndefined<Uuid>,
}

impl From<UpdateIntegration> for Changes {
    fn from(updated: UpdateIntegration) -> Self {
        Self {
            name: updated.name,
            service: updated.r#type.map(Into::into),
            config: updated.config.map(|config| config.0),
            is_active: updated.is_active,
            visibility: updated.visibility.map(Into::into),
            agent_id: match updated.agent_id {
                MaybeUndefined::Undefined => Patch::Absent,
                MaybeUndefined::Null => Patch::Null,
                MaybeUndefined::Value(agent) => Patch::Value(agent.to_string()),
            },
        }
    }
}

impl Example for UpdateIntegration {
    fn example() -> Self {
        Self {
            name: Some("Updated Integration Name".to_owned()),
            r#type: None,
            config: Some(JsonObject::from_value(
                json!({"shop_domain": "newstore.myshopify.com"}),
            )),
            is_active: Some(false),
            visibility: None,
            agent_id: MaybeUndefined::Undefined,
        }
    }
}

/// Response to a delete request.
// wire: the page shows no body; this one is a choice (aloochat.md §3, row 6)
#[derive(Object)]
#[oai(example)]
pub struct Deletion {
    /// Confirmation of the deletion.
    message: String,
}

impl Deletion {
    pub fn new() -> Self {
        Self {
            message: "Integration deleted".to_owned(),
        }
    }
}

impl Example for Deletion {
    fn example() -> Self {
        Self::new()
    }
}
