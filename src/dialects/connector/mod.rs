//! The open connector protocol from the connector's side: folders of this server, searchable by
//! whoever has their token (cohere.md §3).

mod auth;
mod error;
mod search;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::{OpenApiService, Tags};

use self::{error::ErrorRenderer, search::Search};
use crate::{
    domain::retrieval::folders::BASE_PATH,
    http::{Document, Marks, Mount, Published, Queries},
};

/// The groups of operations in the document.
#[derive(Tags)]
enum Tag {
    /// Search folders of documents that this server has.
    Connector,
}

/// The dialect, to be mounted under its base path.
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
            .with(Queries::of(document.clone()))
            .boxed(),
        beside: &[],
        render: Arc::new(ErrorRenderer),
        marks: Marks::default(),
        document,
        credentials: false,
    }
}

/// The dialect's OpenAPI document.
#[must_use]
pub fn document() -> Document {
    Document::new::<error::Connector, _>(&service(), BASE_PATH, error::example)
}

fn service() -> OpenApiService<Search, ()> {
    OpenApiService::new(Search, "Connector", "1.0")
        .description("Folders of documents on this server, searchable as connectors.")
}
