//! The connector's side of the open connector protocol: searches folders of this server for clients that have
//! the folder's token (cohere.md §3).

mod auth;
mod error;
mod search;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

use self::{error::ErrorRenderer, search::Search};
use crate::{
    domain::retrieval::folders::BASE_PATH,
    http::{ClientPatterns, Document, Mount, Published, QueryParams},
};

/// Tags (groups of operations) in the OpenAPI document.
#[derive(Tags)]
enum Tag {
    /// Search document folders on this server.
    Connector,
}

/// Returns the routes of the dialect, to be mounted under their base path.
#[must_use]
pub fn mount() -> Mount {
    let document = Published::new(document);
    Mount {
        name: "connector",
        title: "Connector",
        summary: "Folders of documents on this server, searchable as connectors.",
        base_path: BASE_PATH,
        endpoint: service()
            .into_endpoint()
            .with(QueryParams::new(document.clone()))
            .boxed(),
        extra_paths: &[],
        renderer: Arc::new(ErrorRenderer),
        client_patterns: ClientPatterns::default(),
        document,
        allows_credentials: false,
    }
}

/// Returns the OpenAPI document of the dialect.
#[must_use]
pub fn document() -> Document {
    Document::new::<error::Connector, _>(&service(), BASE_PATH, error::example)
}

fn service() -> OpenApiService<Search, ()> {
    OpenApiService::new(Search, "Connector", "1.0")
        .description("Folders of documents on this server, searchable as connectors.")
}
