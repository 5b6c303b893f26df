//! DTOs of webhooks.

use std::borrow::Cow;

use poem_openapi::{
    Object,
    registry::{MetaSchema, MetaSchemaRef},
    types::{Example, ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde_json::Value;

use crate::{
    dialects::ada::paging::Meta,
    domain::webhooks::{EVENT_TYPES, Endpoint, EndpointChanges, NewEndpoint},
    kernel::Secret,
};

/// Webhook ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "ep_2b1yUjGQWxN4kPqTnZ0cRfVhLdA";

/// A webhook.
#[derive(Object)]
#[oai(example)]
pub struct Webhook {
    /// ID of the webhook.
    id: String,
    /// URL that messages are sent to.
    url: String,
    /// Description for people.
    description: String,
    /// Types of events that the webhook receives. Empty means all types.
    event_filters: Vec<String>,
    /// True if messages are sent to the webhook.
    enabled: bool,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Time of the last change (ISO 8601).
    updated_at: String,
}

impl From<Endpoint> for Webhook {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url,
            description: endpoint.description,
            event_filters: endpoint.event_filters,
            enabled: endpoint.enabled,
            created_at: endpoint.created_at.to_rfc3339_millis(),
            updated_at: endpoint.updated_at.to_rfc3339_millis(),
        }
    }
}

impl Example for Webhook {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            url: "http://127.0.0.1:4600/inbox/example".to_owned(),
            description: "Changes of end users".to_owned(),
            event_filters: vec!["v1.end_user.updated".to_owned()],
            enabled: true,
            created_at: "2026-01-02T03:04:05.678Z".to_owned(),
            updated_at: "2026-01-02T03:04:05.678Z".to_owned(),
        }
    }
}

/// A page of webhooks.
#[derive(Object)]
#[oai(example)]
pub struct WebhookPage {
    /// The webhooks, oldest first.
    pub data: Vec<Webhook>,
    /// Link to the next page.
    pub meta: Meta,
}

impl Example for WebhookPage {
    fn example() -> Self {
        Self {
            data: vec![Webhook::example()],
            meta: Meta::default(),
        }
    }
}

/// Name of an event type. The OpenAPI document lists the names.
struct EventFilter(String);

impl Type for EventFilter {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let names = EVENT_TYPES.iter().map(|known| known.name.into());
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            enum_items: names.collect(),
            ..MetaSchema::new("string")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for EventFilter {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        String::parse_from_json(value)
            .map(Self)
            .map_err(ParseError::propagate)
    }
}

impl ToJSON for EventFilter {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

fn into_names(filters: Vec<EventFilter>) -> Vec<String> {
    filters.into_iter().map(|filter| filter.0).collect()
}

/// A new webhook.
#[derive(Object)]
#[oai(example)]
pub struct NewWebhook {
    /// URL that messages are sent to: an https address. To try webhooks, use the server's test inbox,
    /// `/inbox/{name}`.
    #[oai(validator(max_length = 2048))]
    url: String,
    /// Description for people.
    #[oai(default, validator(max_length = 1024))]
    description: String,
    /// Types of events that the webhook receives. All types if empty or absent.
    #[oai(default)]
    event_filters: Vec<EventFilter>,
    /// True if messages are sent to the webhook.
    #[oai(default = "default_enabled")]
    enabled: bool,
}

const fn default_enabled() -> bool {
    true
}

impl From<NewWebhook> for NewEndpoint {
    fn from(new: NewWebhook) -> Self {
        Self {
            url: new.url,
            description: new.description,
            event_filters: into_names(new.event_filters),
            enabled: new.enabled,
        }
    }
}

impl Example for NewWebhook {
    fn example() -> Self {
        let example = Webhook::example();
        Self {
            url: example.url,
            description: example.description,
            event_filters: example.event_filters.into_iter().map(EventFilter).collect(),
            enabled: example.enabled,
        }
    }
}

/// Changes of a webhook.
#[derive(Object)]
#[oai(example, rename = "UpdateWebhook", skip_serializing_if_is_none)]
pub struct UpdateWebhook {
    /// New URL.
    #[oai(validator(max_length = 2048))]
    url: Option<String>,
    /// New description.
    #[oai(validator(max_length = 1024))]
    description: Option<String>,
    /// New types of events. Empty means all types.
    event_filters: Option<Vec<EventFilter>>,
    /// True if messages are sent to the webhook.
    enabled: Option<bool>,
}

impl From<UpdateWebhook> for EndpointChanges {
    fn from(updated: UpdateWebhook) -> Self {
        Self {
            url: updated.url,
            description: updated.description,
            event_filters: updated.event_filters.map(into_names),
            enabled: updated.enabled,
        }
    }
}

impl Example for UpdateWebhook {
    fn example() -> Self {
        Self {
            url: None,
            description: Some("Changes of end users".to_owned()),
            event_filters: Some(Vec::new()),
            enabled: Some(true),
        }
    }
}

/// The secret of a webhook.
#[derive(Object)]
#[oai(example)]
pub struct WebhookSecret {
    /// `whsec_` and the base64 of the key.
    key: String,
}

impl From<Secret> for WebhookSecret {
    fn from(secret: Secret) -> Self {
        Self {
            key: secret.expose().to_owned(),
        }
    }
}

impl Example for WebhookSecret {
    fn example() -> Self {
        Self {
            // The key of the public test vector.
            key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        }
    }
}

/// A request to rotate a secret.
#[derive(Object)]
#[oai(example, rename = "RotateWebhookSecret", skip_serializing_if_is_none)]
pub struct RotateWebhookSecret {
    /// The new secret: `whsec_` and the base64 of 24 to 75 bytes. A random one if absent.
    pub key: Option<String>,
}

impl Example for RotateWebhookSecret {
    fn example() -> Self {
        Self { key: None }
    }
}

/// Response to a rotation. It does not contain the secret.
#[derive(Object)]
#[oai(example, rename = "RotatedWebhookSecret")]
pub struct RotatedWebhookSecret {}

impl Example for RotatedWebhookSecret {
    fn example() -> Self {
        Self {}
    }
}

/// A type of event.
#[derive(Object)]
pub struct WebhookEventType {
    /// Name of the event type.
    name: String,
    /// Description of the event.
    description: String,
}

/// The types of events.
// wire: not paged, so without `meta` (ada.md §1.4)
#[derive(Object)]
#[oai(example)]
pub struct WebhookEventTypes {
    /// All types of events.
    data: Vec<WebhookEventType>,
}

impl WebhookEventTypes {
    pub fn all() -> Self {
        let types = EVENT_TYPES.iter().map(|known| WebhookEventType {
            name: known.name.to_owned(),
            description: known.description.to_owned(),
        });
        Self {
            data: types.collect(),
        }
    }
}

impl Example for WebhookEventTypes {
    fn example() -> Self {
        Self::all()
    }
}
