//! DTOs of platform integrations.

use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};
use serde_json::{Map, Value, json};

use super::enum_dto::{WireScope, WireStatus, WireTag};
use crate::{
    dialects::ada::paging::Meta,
    domain::platform_integrations::{
        CreatedIntegration, Definition, DefinitionChanges, PlatformIntegration,
    },
    http::JsonObject,
    kernel::Patch,
};

/// Integration ID in the examples of the OpenAPI document (ada.md §2).
pub const EXAMPLE_ID: &str = "5df263b7db5a7e6ea03fae9b";

/// An integration.
#[derive(Object)]
#[oai(rename = "PlatformIntegration", example)]
pub struct IntegrationDto {
    /// The unique identifier for the integration.
    id: String,
    /// The current state of the integration.
    status: WireStatus,
    /// The name of the integration.
    name: String,
    /// A description of what the integration does and how to use it.
    description: String,
    /// The name of the integration developer.
    author: String,
    /// The URL or email address where users of the integration can reach out for support.
    contact: String,
    /// The delete endpoint that initiates the uninstallation flow for the integration.
    uninstallation_url: String,
    /// The get endpoint that will be invoked after OAuth authorization.
    oauth_callback_url: String,
    /// A list of tags that describe the type of integration.
    tags: Vec<WireTag>,
    /// The list of OAuth token permissions the integration requests when installed.
    scopes: Vec<WireScope>,
    /// JMESPath of the configuration field that best identifies a specific installation.
    identifier_field_path: String,
    /// A JSON Schema of the form that is presented to users who install the integration.
    configuration_fields: JsonObject,
    /// The URL of the icon that should be displayed with the integration.
    #[oai(nullable)]
    icon_url: Option<String>,
    /// The call to action text.
    #[oai(nullable)]
    call_to_action: Option<String>,
    /// Error codes and the messages that the failure page displays for them.
    #[oai(nullable)]
    error_codes: Option<JsonObject>,
    /// The date the integration was created.
    created: String,
    /// The date the integration was last updated.
    updated: String,
    /// The OAuth client secret for the integration. Only the response to the creation contains it.
    #[oai(read_only, skip_serializing_if_is_none)]
    client_secret: Option<String>,
}

impl From<PlatformIntegration> for IntegrationDto {
    fn from(integration: PlatformIntegration) -> Self {
        let definition = integration.definition;
        Self {
            id: integration.id.to_string(),
            status: integration.status.into(),
            name: definition.name,
            description: definition.description,
            author: definition.author,
            contact: definition.contact,
            uninstallation_url: definition.uninstallation_url,
            oauth_callback_url: definition.oauth_callback_url,
            tags: definition.tags.into_iter().map(Into::into).collect(),
            scopes: definition.scopes.into_iter().map(Into::into).collect(),
            identifier_field_path: definition.identifier_field_path,
            configuration_fields: JsonObject(definition.configuration_fields),
            icon_url: definition.icon_url,
            call_to_action: definition.call_to_action,
            error_codes: definition.error_codes.map(JsonObject),
            created: integration.created_at.to_rfc3339_offset(),
            updated: integration.updated_at.to_rfc3339_offset(),
            client_secret: None,
        }
    }
}

impl From<CreatedIntegration> for IntegrationDto {
    fn from(created: CreatedIntegration) -> Self {
        Self {
            client_secret: Some(created.client_secret.expose().to_owned()),
            ..created.integration.into()
        }
    }
}

/// Returns the form in the examples of the OpenAPI document.
fn example_fields() -> Map<String, Value> {
    let fields = json!({
        "title": "Connect to Cool Shop Knowledge Hub",
        "type": "object",
        "required": ["credentials"],
        "properties": {"credentials": {
            "type": "object",
            "title": "My Knowledge Hub credentials",
            "required": ["knowledgeHubUrl", "secretKey"],
            "properties": {
                "knowledgeHubUrl": {"type": "string", "title": "Knowledge Hub URL"},
                "secretKey": {"type": "string", "title": "Secret key", "format": "password"}
            }
        }}
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn example_codes() -> JsonObject {
    let code = |code: &str, text: &str| (code.to_owned(), Value::from(text));
    JsonObject(Map::from_iter([
        code("error_403", "Unauthorized"),
        code("error_404", "Not Found"),
    ]))
}

impl Example for IntegrationDto {
    fn example() -> Self {
        let new = CreateIntegrationRequest::example();
        Self {
            id: EXAMPLE_ID.to_owned(),
            status: WireStatus::Development,
            name: new.name,
            description: new.description,
            author: new.author,
            contact: new.contact,
            uninstallation_url: new.uninstallation_url,
            oauth_callback_url: new.oauth_callback_url,
            tags: new.tags,
            scopes: new.scopes,
            identifier_field_path: new.identifier_field_path,
            configuration_fields: new.configuration_fields,
            icon_url: Some("https://example.com/icon.png".to_owned()),
            call_to_action: Some("Connect to Cool Shop".to_owned()),
            error_codes: Some(example_codes()),
            created: "2020-09-20T00:00:00+00:00".to_owned(),
            updated: "2020-09-20T00:00:00+00:00".to_owned(),
            client_secret: None,
        }
    }
}

/// A page of integrations.
#[derive(Object)]
#[oai(rename = "PlatformIntegrations", example)]
pub struct IntegrationPage {
    /// The integrations.
    pub data: Vec<IntegrationDto>,
    /// Link to the next page.
    pub meta: Meta,
}

impl Example for IntegrationPage {
    fn example() -> Self {
        Self {
            data: vec![IntegrationDto::example()],
            meta: Meta::default(),
        }
    }
}

/// A new integration.
#[derive(Object)]
#[oai(rename = "PlatformIntegrationCreateRequest", example)]
pub struct CreateIntegrationRequest {
    /// JMESPath describing which of the fields in configuration_fields is the best human-friendly
    /// field to use to identify a specific installation (e.g., account name).
    identifier_field_path: String,
    /// The name of the integration.
    #[oai(validator(min_length = 1, max_length = 160))]
    name: String,
    /// A description of what the integration does and how to use it.
    #[oai(validator(min_length = 1))]
    description: String,
    /// The name of the integration developer.
    #[oai(validator(min_length = 1, max_length = 160))]
    author: String,
    /// The URL or email address where users of the integration can reach out for support.
    #[oai(validator(min_length = 1))]
    contact: String,
    /// The delete endpoint that initiates the uninstallation flow for the integration.
    #[oai(validator(min_length = 1))]
    uninstallation_url: String,
    /// The get endpoint that will be invoked after OAuth authorization.
    #[oai(validator(min_length = 1))]
    oauth_callback_url: String,
    /// A list of tags that describe the type of integration.
    tags: Vec<WireTag>,
    /// The list of OAuth token permissions the integration requests when installed.
    scopes: Vec<WireScope>,
    /// A JSON Schema describing the settings fields that a user should be presented with when
    /// installing the integration.
    configuration_fields: JsonObject,
    /// The URL of the icon that should be displayed with the integration.
    #[oai(
        nullable,
        validator(min_length = 1),
        skip_serializing_if = "MaybeUndefined::is_undefined"
    )]
    icon_url: MaybeUndefined<String>,
    /// The call to action text.
    #[oai(
        nullable,
        validator(min_length = 1),
        skip_serializing_if = "MaybeUndefined::is_undefined"
    )]
    call_to_action: MaybeUndefined<String>,
    /// Error codes and their corresponding error message the integration may return to the OAuth
    /// failure page to be displayed.
    #[oai(nullable, skip_serializing_if = "MaybeUndefined::is_undefined")]
    error_codes: MaybeUndefined<JsonObject>,
}

impl Example for CreateIntegrationRequest {
    fn example() -> Self {
        Self {
            identifier_field_path: "credentials.knowledgeHubUrl".to_owned(),
            name: "Connect to Cool Shop Knowledge Hub".to_owned(),
            description: "Sync articles with your AI Agent's knowledge base".to_owned(),
            author: "Cool Shop".to_owned(),
            contact: "help@coolshop.support".to_owned(),
            uninstallation_url: "http://coolshop.com/uninstall".to_owned(),
            oauth_callback_url: "http://coolshop.com/".to_owned(),
            tags: vec![WireTag::Knowledge],
            scopes: vec![WireScope::ReadArticles, WireScope::WriteKnowledgeSources],
            configuration_fields: JsonObject(example_fields()),
            icon_url: MaybeUndefined::Undefined,
            call_to_action: MaybeUndefined::Undefined,
            error_codes: MaybeUndefined::Value(example_codes()),
        }
    }
}

impl From<CreateIntegrationRequest> for Definition {
    fn from(new: CreateIntegrationRequest) -> Self {
        Self {
            name: new.name,
            description: new.description,
            author: new.author,
            contact: new.contact,
            uninstallation_url: new.uninstallation_url,
            oauth_callback_url: new.oauth_callback_url,
            tags: new.tags.into_iter().map(Into::into).collect(),
            scopes: new.scopes.into_iter().map(Into::into).collect(),
            identifier_field_path: new.identifier_field_path,
            configuration_fields: new.configuration_fields.0,
            icon_url: new.icon_url.take(),
            call_to_action: new.call_to_action.take(),
            error_codes: new.error_codes.take().map(|codes| codes.0),
        }
    }
}

/// Changes of an integration: any subset of its fields.
#[derive(Object, Default)]
#[oai(
    rename = "PlatformIntegrationUpdateRequest",
    example,
    skip_serializing_if_is_none
)]
pub struct UpdateIntegrationRequest {
    /// The name of the integration.
    #[oai(validator(min_length = 1, max_length = 160))]
    name: Option<String>,
    /// A description of what the integration does and how to use it.
    #[oai(validator(min_length = 1))]
    description: Option<String>,
    /// The name of the integration developer.
    #[oai(validator(min_length = 1, max_length = 160))]
    author: Option<String>,
    /// The URL or email address where users of the integration can reach out for support.
    #[oai(validator(min_length = 1))]
    contact: Option<String>,
    /// The delete endpoint that initiates the uninstallation flow for the integration.
    #[oai(validator(min_length = 1))]
    uninstallation_url: Option<String>,
    /// The get endpoint that will be invoked after OAuth authorization.
    #[oai(validator(min_length = 1))]
    oauth_callback_url: Option<String>,
    /// A list of tags that describe the type of integration.
    tags: Option<Vec<WireTag>>,
    /// The list of OAuth token permissions the integration requests when installed.
    scopes: Option<Vec<WireScope>>,
    /// A JSON Schema of the installation form.
    configuration_fields: Option<JsonObject>,
    /// JMESPath of the configuration field that identifies an installation.
    identifier_field_path: Option<String>,
    /// The URL of the icon that should be displayed with the integration.
    #[oai(
        nullable,
        validator(min_length = 1),
        skip_serializing_if = "MaybeUndefined::is_undefined"
    )]
    icon_url: MaybeUndefined<String>,
    /// The call to action text.
    #[oai(
        nullable,
        validator(min_length = 1),
        skip_serializing_if = "MaybeUndefined::is_undefined"
    )]
    call_to_action: MaybeUndefined<String>,
    /// Error codes and their corresponding error message.
    #[oai(nullable, skip_serializing_if = "MaybeUndefined::is_undefined")]
    error_codes: MaybeUndefined<JsonObject>,
}

impl Example for UpdateIntegrationRequest {
    fn example() -> Self {
        Self {
            name: Some("Cool Shop Knowledge Hub".to_owned()),
            call_to_action: MaybeUndefined::Value("Connect to Cool Shop".to_owned()),
            ..Self::default()
        }
    }
}

impl From<UpdateIntegrationRequest> for DefinitionChanges {
    fn from(updated: UpdateIntegrationRequest) -> Self {
        Self {
            name: updated.name,
            description: updated.description,
            author: updated.author,
            contact: updated.contact,
            uninstallation_url: updated.uninstallation_url,
            oauth_callback_url: updated.oauth_callback_url,
            tags: updated
                .tags
                .map(|tags| tags.into_iter().map(Into::into).collect()),
            scopes: updated
                .scopes
                .map(|scopes| scopes.into_iter().map(Into::into).collect()),
            configuration_fields: updated.configuration_fields.map(|fields| fields.0),
            identifier_field_path: updated.identifier_field_path,
            icon_url: to_patch(updated.icon_url),
            call_to_action: to_patch(updated.call_to_action),
            error_codes: match to_patch(updated.error_codes) {
                Patch::Absent => Patch::Absent,
                Patch::Null => Patch::Null,
                Patch::Value(codes) => Patch::Value(codes.0),
            },
        }
    }
}

fn to_patch<T>(field: MaybeUndefined<T>) -> Patch<T> {
    match field {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}
