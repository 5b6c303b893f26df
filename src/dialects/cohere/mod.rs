//! The connectors and chat APIs of Cohere (cohere.md §1).
//!
//! They are mounted at `/v1` and, for clients whose base URL lacks `/v1` or adds it twice, at the paths in
//! [`UNPREFIXED`].

mod auth;
mod chat;
mod check_api_key;
mod connectors;
mod error;
mod paging;
mod paths;
mod settings;

use std::sync::Arc;

use poem::{EndpointExt, Route, get};
use poem_openapi::{OpenApiService, Tags};

use self::{
    chat::operations::ChatApi,
    check_api_key::CheckApiKey,
    connectors::{logs::ConnectorLogs, oauth::OAuth, operations::Connectors},
    error::ErrorRenderer,
};
pub use self::{paths::UNPREFIXED, settings::Settings};
use crate::http::{ClientPatterns, Document, Mount, Published, QueryParams};

/// Path prefix of every operation.
const BASE_PATH: &str = "/v1";

/// Tags (groups of operations) in the OpenAPI document.
#[derive(Tags)]
enum Tag {
    /// Register the sources of documents that a chat can search.
    Connectors,
    /// Answer messages from the results of connectors.
    Chat,
    /// Check API keys before other calls.
    Keys,
}

/// Returns the routes of the dialect, to be mounted under their base path, and under [`UNPREFIXED`] with the
/// whole path.
#[must_use]
pub fn mount(settings: &Settings) -> Mount {
    let document = Published::new({
        let settings = settings.clone();
        move || document(&settings)
    });
    Mount {
        name: "cohere",
        title: "Cohere",
        summary: "Chat over documents, and the connectors that find them.",
        base_path: BASE_PATH,
        endpoint: Route::new()
            .at(
                connectors::oauth::CALLBACK_PATH,
                get(connectors::oauth::callback),
            )
            .nest("/", service(settings))
            .with(QueryParams::new(document.clone()))
            .around(paths::explain_unknown_path)
            .boxed(),
        extra_paths: &[(connectors::oauth::CALLBACK_PATH, "GET, HEAD")],
        renderer: Arc::new(ErrorRenderer),
        client_patterns: ClientPatterns {
            key_prefixes: &["co_"],
            headers: &[],
        },
        document,
        allows_credentials: false,
    }
}

/// Returns the OpenAPI document of the dialect.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    Document::new::<error::Cohere, _>(&service(settings), BASE_PATH, error::example)
}

type Api = (Connectors, OAuth, ConnectorLogs, ChatApi, CheckApiKey);

fn service(settings: &Settings) -> OpenApiService<Api, ()> {
    let api = (
        Connectors::new(settings.clone()),
        OAuth,
        ConnectorLogs,
        ChatApi,
        CheckApiKey,
    );
    OpenApiService::new(api, "Cohere API", "1.0").description(
        "Connectors and chat of Cohere's API v1. The header X-Client-Name may name the project of \
         the caller; the server stores it with each change.",
    )
}
