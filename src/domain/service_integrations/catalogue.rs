//! The external services that a workspace can connect to, and the schemas of their configurations.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        schema::{Limits, Schema},
        violation::{Location, Violation},
    },
};

text_enum! {
    /// An external service, from the table of types on the vendor's page. The order is that of the
    /// sample response of `GET /integrations/types`, which lacks the last two (aloochat.md §3).
    pub enum Service {
        /// Shopify.
        Shopify = "shopify",
        /// Zendesk.
        Zendesk = "zendesk",
        /// HubSpot.
        Hubspot = "hubspot",
        /// Google Calendar.
        GoogleCalendar = "google_calendar",
        /// Gmail.
        Gmail = "gmail",
        /// Slack.
        Slack = "slack",
        /// Notion.
        Notion = "notion",
        /// Any REST API.
        CustomApi = "custom_api",
        /// WhatsApp Business.
        Whatsapp = "whatsapp",
        /// Odoo.
        Odoo = "odoo",
    }
}

impl Service {
    /// Returns the display name. The vendor's sample contains eight names; the others come from the
    /// table of types.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Shopify => "Shopify",
            Self::Zendesk => "Zendesk",
            Self::Hubspot => "HubSpot",
            Self::GoogleCalendar => "Google Calendar",
            Self::Gmail => "Gmail",
            Self::Slack => "Slack",
            Self::Notion => "Notion",
            Self::CustomApi => "Custom API",
            Self::Whatsapp => "WhatsApp",
            Self::Odoo => "Odoo",
        }
    }

    /// Returns the description, in the vendor's words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Shopify => {
                "E-commerce platform integration for product catalog, orders, and inventory"
            }
            Self::Zendesk => "Customer support platform for ticket management and help desk",
            Self::Hubspot => "CRM platform for contacts, deals, and marketing automation",
            Self::GoogleCalendar => "Calendar integration for scheduling meetings and events",
            Self::Gmail => "Email integration for sending and receiving emails",
            Self::Slack => "Team messaging platform integration",
            Self::Notion => "Workspace integration for documents and databases",
            Self::CustomApi => "Connect to any REST API with custom configuration",
            Self::Whatsapp => "WhatsApp Business",
            Self::Odoo => "Odoo ERP",
        }
    }

    /// Returns the rules that `config` violates for this service: documented members with another
    /// JSON type. Every member is optional, and unknown members are valid.
    #[must_use]
    pub fn check_config(self, config: &Value) -> Vec<Violation> {
        let Some(shape) = self.config_shape() else {
            return Vec::new();
        };
        shape
            .schema
            .check(config, Location::Body, &Limits::default())
            .into_iter()
            .map(|violation| violation.with_path_prefix("config"))
            .collect()
    }

    /// True if the documented configuration of this service has a member with this name.
    #[must_use]
    pub fn has_member(self, member: &str) -> bool {
        self.config_shape()
            .is_some_and(|shape| shape.members.get(member).is_some())
    }

    fn config_shape(self) -> Option<&'static ConfigShape> {
        match self {
            Self::Shopify => Some(&SHOPIFY),
            Self::Zendesk => Some(&ZENDESK),
            Self::Hubspot => Some(&HUBSPOT),
            Self::GoogleCalendar => Some(&GOOGLE_CALENDAR),
            Self::CustomApi => Some(&CUSTOM_API),
            // wire: the vendor documents no configuration for these five (aloochat.md §2)
            Self::Gmail | Self::Slack | Self::Notion | Self::Whatsapp | Self::Odoo => None,
        }
    }
}

/// Documented configuration of a service.
struct ConfigShape {
    /// Schemas of the members, by name.
    members: Value,
    schema: Schema,
}

static SHOPIFY: LazyLock<ConfigShape> = LazyLock::new(|| {
    compile(json!({
        "shop_domain": {"type": "string"},
        "access_token": {"type": "string"},
        "api_version": {"type": "string"},
    }))
});

static ZENDESK: LazyLock<ConfigShape> = LazyLock::new(|| {
    compile(json!({
        "subdomain": {"type": "string"},
        "email": {"type": "string"},
        "api_token": {"type": "string"},
    }))
});

static HUBSPOT: LazyLock<ConfigShape> = LazyLock::new(|| {
    compile(json!({
        "access_token": {"type": "string"},
        "portal_id": {"type": "string"},
    }))
});

static GOOGLE_CALENDAR: LazyLock<ConfigShape> = LazyLock::new(|| {
    compile(json!({
        "calendar_id": {"type": "string"},
        "timezone": {"type": "string"},
        "credentials": {"type": "object"},
    }))
});

static CUSTOM_API: LazyLock<ConfigShape> = LazyLock::new(|| {
    compile(json!({
        "base_url": {"type": "string"},
        "auth_type": {"type": "string"},
        "auth_token": {"type": "string"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
    }))
});

fn compile(members: Value) -> ConfigShape {
    let schema = json!({"type": "object", "properties": members});
    let schema = Schema::compile(&schema, &Limits::default());
    ConfigShape {
        members,
        schema: schema.expect("the schemas of the catalogue are valid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_samples_are_valid() {
        for (service, config) in [
            (
                Service::Shopify,
                json!({
                    "shop_domain": "mystore.myshopify.com",
                    "access_token": "shpat_xxxxxxxxxxxxx",
                    "api_version": "2024-01"
                }),
            ),
            (
                Service::GoogleCalendar,
                json!({
                    "calendar_id": "meetings@mycompany.com",
                    "timezone": "Asia/Kuwait",
                    "credentials": {}
                }),
            ),
            (
                Service::CustomApi,
                json!({
                    "base_url": "https://api.example.com",
                    "auth_type": "bearer",
                    "auth_token": "your_api_token",
                    "headers": {"X-Custom-Header": "value"}
                }),
            ),
            (Service::Slack, json!({"anything": [1, null]})),
        ] {
            assert_eq!(service.check_config(&config), [], "{service}");
        }
    }

    #[test]
    fn a_known_key_of_another_type_is_named() {
        let names = |service: Service, config: Value| -> Vec<String> {
            service
                .check_config(&config)
                .iter()
                .map(Violation::to_string)
                .collect()
        };
        assert_eq!(
            names(
                Service::Hubspot,
                json!({"portal_id": 12_345_678, "more": 1})
            ),
            ["config.portal_id must be a string"]
        );
        assert_eq!(
            names(Service::CustomApi, json!({"headers": {"X-A": 1}})),
            ["config.headers.X-A must be a string"]
        );
        assert_eq!(
            names(Service::Zendesk, json!("text")),
            ["config must be an object"]
        );
    }
}
