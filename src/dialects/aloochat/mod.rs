//! Aloochat: the integrations API (seed 002, `aloochat.md`).

mod auth;
mod error;
mod integrations;
mod paging;
mod settings;
mod types;
mod wire;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

pub use self::settings::{ConfigUpdate, Settings, ValidationStatus};
use self::{error::ErrorRenderer, integrations::Integrations, types::Types};
use crate::http::{Document, Marks, Mount, Published, Queries};

/// The path that every operation is under, as in the vendor's base URL.
const BASE_PATH: &str = "/api/public";

/// The groups of operations in the document.
#[derive(Tags)]
enum Tag {
    /// Connect AI agents with external services and platforms.
    Integrations,
}

/// The dialect, to be mounted under its base path.
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
            .with(Queries::of(document.clone()))
            .boxed(),
        beside: &[],
        render: Arc::new(ErrorRenderer::new(settings.validation_status)),
        marks: Marks {
            keys: &["aloo_"],
            headers: auth::HEADERS,
        },
        document,
        credentials: false,
    }
}

/// The dialect's OpenAPI document.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    Document::new::<error::Aloochat, _>(&service(settings), BASE_PATH, error::example)
}

fn service(settings: &Settings) -> OpenApiService<(Types, Integrations), ()> {
    let api = (
        Types::new(settings.clone()),
        Integrations::new(settings.clone()),
    );
    OpenApiService::new(api, "Aloochat Integrations API", "1.0")
        .description("Connect a company's AI agents with external services and platforms.")
}
