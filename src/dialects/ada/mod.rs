//! Ada: end users, platform integrations and webhooks (seeds 000 and 003, `ada.md`).
//!
//! Two mounts: `/api/end-users/v1` with its own error body and document, and the rest of `/api`,
//! where v2 lives.

mod auth;
mod error;
mod pages;
mod paging;
mod platform_integrations;
mod settings;
mod slash;
mod standing;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

use self::{
    error::{RenderV1, RenderV2},
    platform_integrations::{OAuth, PlatformIntegrations},
    standing::StandingHeaders,
};
pub use self::{
    pages::{BASE_PATH as PAGES_BASE_PATH, RenderPage, routes as pages},
    settings::Settings,
};
use crate::{
    domain::Domain,
    http::{Document, Mount},
};

/// The path that everything but v1 of the End Users API is under.
const BASE_PATH: &str = "/api";
/// The path of v1 of the End Users API.
const END_USERS_V1_BASE_PATH: &str = "/api/end-users/v1";

/// Paths that the vendor's documents end with a slash. Both forms are answered.
const WITH_SLASH: &[&str] = &["/v2/platform-integrations"];

/// The groups of operations in the documents.
#[derive(Tags)]
enum Tag {
    /// End users of an AI agent.
    #[oai(rename = "End-Users")]
    EndUsers,
    /// Platform integrations and their installations.
    Integrations,
    /// Tokens of installations.
    #[oai(rename = "Integrations OAuth")]
    IntegrationsOAuth,
    /// Webhook endpoints and what they receive.
    Webhooks,
}

/// Version 2, to be mounted under its base path.
#[must_use]
pub fn mount(domain: &Domain, settings: &Settings) -> Mount {
    Mount {
        name: "ada",
        title: "Ada",
        summary: "End users, platform integrations and webhooks of an AI agent (v2).",
        base_path: BASE_PATH,
        endpoint: service(settings)
            .into_endpoint()
            .with(StandingHeaders)
            .before(slash::strip)
            .data(domain.clone())
            .boxed(),
        render: Arc::new(RenderV2),
        document: document(settings),
    }
}

/// The OpenAPI document of version 2.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    let document = Document::new::<error::V2, _>(&service(settings), BASE_PATH, error::example_v2);
    document.with_paths(|path| {
        let slash = if WITH_SLASH.contains(&path) { "/" } else { "" };
        format!("{path}{slash}")
    })
}

fn service(settings: &Settings) -> OpenApiService<(PlatformIntegrations, OAuth), ()> {
    let api = (PlatformIntegrations, OAuth::new(settings.clone()));
    OpenApiService::new(api, "Ada API", "2.0")
        .description("End users, platform integrations and webhooks of an AI agent.")
}

/// Version 1 of the End Users API, to be mounted under its base path.
#[must_use]
pub fn mount_end_users_v1(domain: &Domain, settings: &Settings) -> Mount {
    Mount {
        name: "ada-end-users-v1",
        title: "Ada End Users (v1)",
        summary: "End users of an AI agent, version 1, with its one valid key at a time.",
        base_path: END_USERS_V1_BASE_PATH,
        endpoint: service_v1(settings)
            .into_endpoint()
            .with(StandingHeaders)
            .before(slash::strip)
            .data(domain.clone())
            .boxed(),
        render: Arc::new(RenderV1),
        document: document_v1(settings),
    }
}

/// The OpenAPI document of version 1 of the End Users API.
#[must_use]
pub fn document_v1(settings: &Settings) -> Document {
    Document::new::<error::V1, _>(
        &service_v1(settings),
        END_USERS_V1_BASE_PATH,
        error::example_v1,
    )
}

fn service_v1(_settings: &Settings) -> OpenApiService<(), ()> {
    OpenApiService::new((), "Ada End Users API", "1.0")
        .description("Read and change the end users of an AI agent.")
}
