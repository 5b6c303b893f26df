//! Cohere: connectors and what its clients call around them (seed 001, `cohere.md`).
//!
//! Mounted at `/v1` and, for clients whose base address lacks or doubles the `/v1`, at the paths
//! that [`UNPREFIXED`] names.

mod auth;
mod auth_wire;
mod chat;
mod chat_request;
mod chat_stream;
mod chat_wire;
mod check_api_key;
mod connectors;
mod connectors_wire;
mod error;
mod logs;
mod oauth;
mod paging;
mod paths;
mod settings;

use std::sync::Arc;

use poem::{EndpointExt, Route, get};
use poem_openapi::{OpenApiService, Tags};

use self::{
    chat::ChatApi, check_api_key::CheckApiKey, connectors::Connectors, error::ErrorRenderer,
    logs::ConnectorLogs, oauth::OAuth,
};
pub use self::{paths::UNPREFIXED, settings::Settings};
use crate::http::{Document, Marks, Mount, Published, Queries};

/// The path that every operation is under.
const BASE_PATH: &str = "/v1";

/// The groups of operations in the document.
#[derive(Tags)]
enum Tag {
    /// Register the sources of documents that a chat can search.
    Connectors,
    /// Answer messages from what connectors find.
    Chat,
    /// What clients ask before everything else.
    Keys,
}

/// The dialect, to be mounted under its base path, and under [`UNPREFIXED`] with their paths whole.
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
            .at(oauth::CALLBACK, get(oauth::callback))
            .nest("/", service(settings))
            .with(Queries::of(document.clone()))
            .around(paths::explain)
            .boxed(),
        beside: &[(oauth::CALLBACK, "GET, HEAD")],
        render: Arc::new(ErrorRenderer),
        marks: Marks {
            keys: &["co_"],
            headers: &[],
        },
        document,
        credentials: false,
    }
}

/// The dialect's OpenAPI document.
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
        "Connectors and chat of Cohere's API v1. Calls may name the project that they are made for in the \
         header X-Client-Name; it is kept with what they change.",
    )
}
