//! The operator's API: actions that only the operator of the server may perform.

mod auth;
mod clock;
pub mod error;
mod folders;
pub mod inbox;
mod integrations;
mod webhooks;
mod webhooks_dto;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

use self::{
    clock::ClockApi, error::ErrorRenderer, folders::FoldersApi, integrations::IntegrationsApi,
    webhooks::WebhooksApi,
};
use crate::http::{ClientPatterns, Document, Mount, Published, QueryParams};

/// The path prefix of every operation.
pub const BASE_PATH: &str = "/console/api";

/// The tags of operations in the document.
#[derive(Tags)]
enum Tag {
    /// The server's clock.
    Clock,
    /// Webhook endpoints of all agents: their attempts, and redelivery.
    Webhooks,
    /// Ada platform integrations.
    Integrations,
    /// Local folders that are served as connectors.
    Folders,
}

/// Creates the console, to be served under its base path. `clock_moves`: True if the operator may move the clock
/// (profile `dev`).
#[must_use]
pub fn mount(clock_moves: bool) -> Mount {
    let document = Published::new(document);
    Mount {
        name: "console",
        title: "Console",
        summary: "For the operator of this server: its clock, its webhooks' deliveries, the approval of \
                  integrations, and what its folders leave out.",
        base_path: BASE_PATH,
        endpoint: service(clock_moves)
            .into_endpoint()
            .with(QueryParams::new(document.clone()))
            .boxed(),
        extra_paths: &[],
        renderer: Arc::new(ErrorRenderer),
        client_patterns: ClientPatterns {
            key_prefixes: &["plop_"],
            headers: &[],
        },
        document,
        allows_credentials: false,
    }
}

/// Builds the OpenAPI document of the console.
#[must_use]
pub fn document() -> Document {
    Document::new::<error::ConsoleDialect, _>(&service(false), BASE_PATH, error::example)
}

fn service(
    clock_moves: bool,
) -> OpenApiService<(ClockApi, IntegrationsApi, WebhooksApi, FoldersApi), ()> {
    let api = (
        ClockApi::new(clock_moves),
        IntegrationsApi,
        WebhooksApi,
        FoldersApi,
    );
    OpenApiService::new(api, "Parlance Console API", "1.0")
        .description("For the operator of this server.")
}
