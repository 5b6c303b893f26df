//! Enum DTOs of platform integrations: tags, statuses and scopes.

use poem_openapi::Enum;

use crate::domain::platform_integrations::{InstallationStatus, IntegrationStatus, Scope, Tag};

macro_rules! wire_enum {
    (
        $(#[$doc:meta])* $wire:ident for $domain:ident as $name:literal {
            $($variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Enum)]
        #[oai(rename = $name)]
        pub enum $wire { $(#[oai(rename = $text)] $variant,)+ }

        impl From<$wire> for $domain {
            fn from(wire: $wire) -> Self {
                match wire { $($wire::$variant => Self::$variant,)+ }
            }
        }

        impl From<$domain> for $wire {
            fn from(domain: $domain) -> Self {
                match domain { $($domain::$variant => Self::$variant,)+ }
            }
        }
    };
}

wire_enum! {
    /// The topic of an integration.
    WireTag for Tag as "PlatformIntegrationTag" {
        Knowledge = "knowledge",
    }
}

wire_enum! {
    /// The current state of an integration.
    WireStatus for IntegrationStatus as "PlatformIntegrationStatus" {
        Development = "development",
        Approved = "approved",
        Archived = "archived",
    }
}

wire_enum! {
    /// The status of an installation.
    WireInstallationStatus for InstallationStatus as "PlatformIntegrationInstallationStatus" {
        Incomplete = "incomplete",
        Complete = "complete",
    }
}

// wire: typed as a plain string; the eight names are in the guide (ada.md §2.3)
wire_enum! {
    /// A permission that an integration requests. The last two are granted to every installation.
    WireScope for Scope as "PlatformIntegrationScope" {
        ReadArticles = "articles:read",
        WriteArticles = "articles:write",
        ReadArticleTags = "article_tags:read",
        WriteArticleTags = "article_tags:write",
        ReadKnowledgeSources = "knowledge_sources:read",
        WriteKnowledgeSources = "knowledge_sources:write",
        ReadInstallations = "platform_integration_installations:read",
        WriteInstallations = "platform_integration_installations:write",
    }
}
