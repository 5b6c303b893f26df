//! The integrations API of Aloochat (aloochat.md §2).

mod auth;
mod error;
mod integration_types;
mod integrations;
mod paging;
mod settings;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

pub use self::settings::{ConfigUpdate, Settings, ValidationStatus};
use self::{
    error::ErrorRenderer, integration_types::IntegrationTypesApi,
    integrations::operations::Integrations,
};
use crate::http::{ClientPatterns, Document, Mount, Published, QueryParams};

/// Path prefix of every operation, as in the vendor's base URL.
const BASE_PATH: &str = "/api/public";

/// Tags (groups of operations) in the OpenAPI document.
#[derive(Tags)]
enum Tag {
    /// Connect AI agents with external services and platforms.
    Integrations,
}

/// Returns the routes of the dialect, to be mounted under their base path.
#[must_use]
pub fn mount(settings: &Settings) -> Mount {
    let document = Published::new({
        let settings = settings.clone();
        move || document(&settings)
    });
    Mount {
        name: "aloochat",
        title: "Aloochat",
        summary: "Integrations of a company: create, configure, list and delete them.",
        base_path: BASE_PATH,
        endpoint: service(settings)
            .into_endpoint()
            .with(QueryParams::new(document.clone()))
            .boxed(),
        extra_paths: &[],
        renderer: Arc::new(ErrorRenderer::new(settings.validation_status)),
        client_patterns: ClientPatterns {
            key_prefixes: &["aloo_"],
            headers: auth::HEADERS,
        },
        document,
        allows_credentials: false,
    }
}

/// Returns the OpenAPI document of the dialect.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    Document::new::<error::Aloochat, _>(&service(settings), BASE_PATH, error::example)
}

fn service(settings: &Settings) -> OpenApiService<(IntegrationTypesApi, Integrations), ()> {
    let api = (
        IntegrationTypesApi::new(settings.clone()),
        Integrations::new(settings.clone()),
    );
    OpenApiService::new(api, "Aloochat Integrations API", "1.0")
        .description("Connect a company's AI agents with external services and platforms.")
}
