//! The APIs of Ada: platform integrations, end users and webhooks (ada.md §2, §3 and §4).
//!
//! There are two mounts: `/api/end-users/v1`, with an error body and an OpenAPI document of its own, and the
//! rest of `/api`, which contains v2.

mod auth;
mod deletions;
mod end_users;
mod error;
mod metadata_dto;
mod pages;
mod paging;
mod platform_integrations;
mod rate_limit_headers;
mod settings;
mod time;
mod trailing_slash;
mod webhooks;

use std::sync::Arc;

use poem::{EndpointExt, IntoEndpoint, Request, Route};
use poem_openapi::{OpenApiService, Tags};
use serde_json::{Value, json};

use self::{
    deletions::Deletions,
    end_users::{operations_v1::EndUsersV1Api, operations_v2::EndUsersV2Api},
    error::{ErrorRendererV1, ErrorRendererV2},
    platform_integrations::{OAuth, PlatformIntegrations},
    rate_limit_headers::RateLimitHeaders,
    webhooks::operations::Webhooks,
};
pub use self::{
    end_users::dto::render_end_user,
    pages::{
        BASE_PATH as PAGES_BASE_PATH, METHODS as PAGES_METHODS, PageErrorRenderer, routes as pages,
    },
    settings::{MetadataUpdate, Settings},
};
use crate::http::{BodyLimit, ClientPatterns, Document, Mount, Published, QueryParams, docs};

/// Path prefix of everything except v1 of the End Users API.
const BASE_PATH: &str = "/api";
/// Path prefix of v1 of the End Users API.
const END_USERS_V1_BASE_PATH: &str = "/api/end-users/v1";

/// Paths that end with a slash in the vendor's documents. The server accepts both forms.
const TRAILING_SLASH_PATHS: &[&str] = &[
    "/v2/end-users",
    "/v2/platform-integrations",
    "/v2/webhooks",
    "/v2/webhooks/event-types",
    "/v2/webhooks/{id}/secret",
    "/v2/webhooks/{id}/secret/rotate",
];

/// Maximum size of a request body of v1 of the End Users API, in bytes (ada.md §3.1).
const END_USERS_V1_BODY_MAX: usize = 4 * 1024;

/// Tags (groups of operations) in the OpenAPI documents.
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
    /// Webhook endpoints and their events.
    Webhooks,
}

/// Returns the routes of version 2, to be mounted under their base path.
#[must_use]
pub fn mount(settings: &Settings) -> Mount {
    let document = Published::new({
        let settings = settings.clone();
        move || document(&settings)
    });
    Mount {
        name: "ada",
        title: "Ada",
        summary: "End users, platform integrations and webhooks of an AI agent (v2).",
        base_path: BASE_PATH,
        endpoint: service(settings)
            .into_endpoint()
            .with(QueryParams::new(document.clone()))
            .with(RateLimitHeaders)
            .before(trailing_slash::strip)
            .boxed(),
        extra_paths: &[],
        renderer: Arc::new(ErrorRendererV2),
        client_patterns: ClientPatterns {
            key_prefixes: &["ada_"],
            headers: &[],
        },
        document,
        allows_credentials: false,
    }
}

/// Returns the OpenAPI document of version 2.
#[must_use]
pub fn document(settings: &Settings) -> Document {
    let document = Document::new::<error::V2, _>(&service(settings), BASE_PATH, error::example_v2);
    document.with_paths(|path| {
        let slash = if TRAILING_SLASH_PATHS.contains(&path) {
            "/"
        } else {
            ""
        };
        format!("{path}{slash}")
    })
}

type ApiV2 = (
    EndUsersV2Api,
    Deletions,
    PlatformIntegrations,
    OAuth,
    Webhooks,
);

fn service(settings: &Settings) -> OpenApiService<ApiV2, ()> {
    let api = (
        EndUsersV2Api::new(settings.clone()),
        Deletions,
        PlatformIntegrations,
        OAuth::new(settings.clone()),
        Webhooks,
    );
    OpenApiService::new(api, "Ada API", "2.0")
        .description("End users, platform integrations and webhooks of an AI agent.")
}

/// Returns the routes of version 1 of the End Users API, to be mounted under their base path.
#[must_use]
pub fn mount_end_users_v1(settings: &Settings) -> Mount {
    let (name, title) = ("ada-end-users-v1", "Ada End Users (v1)");
    let document = Published::new({
        let settings = settings.clone();
        move || document_v1(&settings)
    });
    let specification = format!("{END_USERS_V1_BASE_PATH}/spec");
    let routes = Route::new()
        .nest("/", service_v1(settings))
        .at("/docs", docs::swagger_page(name, title, &specification))
        .at("/spec", docs::document_json(document.clone()));
    Mount {
        name,
        title,
        summary: "End users of an AI agent, version 1, with its one valid key at a time.",
        base_path: END_USERS_V1_BASE_PATH,
        endpoint: routes
            .with(QueryParams::new(document.clone()))
            .with(RateLimitHeaders)
            .before(trailing_slash::strip)
            .before(limit_body)
            .boxed(),
        extra_paths: &[("/docs", "GET, HEAD"), ("/spec", "GET, HEAD")],
        renderer: Arc::new(ErrorRendererV1),
        client_patterns: ClientPatterns {
            key_prefixes: &["ada_eu_"],
            headers: &[],
        },
        document,
        allows_credentials: false,
    }
}

async fn limit_body(mut request: Request) -> poem::Result<Request> {
    request.set_data(BodyLimit(END_USERS_V1_BODY_MAX));
    Ok(request)
}

/// Returns the OpenAPI document of version 1 of the End Users API.
#[must_use]
pub fn document_v1(settings: &Settings) -> Document {
    let service = service_v1(settings);
    let document =
        Document::new::<error::V1, _>(&service, END_USERS_V1_BASE_PATH, error::example_v1);
    let events = [
        (
            "v1.end_user.created",
            "An end user has been created through any channel or API.",
            "EndUserCreatedWebhookPayload",
        ),
        (
            "v1.end_user.updated",
            "A value on an end user's profile has changed. Changes of system properties and of \
             Ada's metavariables are not sent.",
            "EndUserUpdatedWebhookPayload",
        ),
    ];
    let end_user = document.example_of("EndUser");
    let events =
        events.map(|(event, summary, name)| (event, summary, name, event_schema(event, &end_user)));
    document
        .with_agent_hosts(END_USERS_V1_BASE_PATH, "patch")
        .with_events(events.into())
}

/// Returns the JSON Schema of a webhook event's payload.
fn event_schema(event: &str, end_user: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["type", "timestamp", "data", "tags"],
        "properties": {
            "type": {"type": "string", "enum": [event]},
            "timestamp": {"type": "string"},
            "data": {"$ref": "#/components/schemas/EndUser"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "example": {
            "type": event,
            "timestamp": "2026-01-31T09:30:00.000Z",
            "data": end_user,
            "tags": [end_user["end_user_id"]],
        },
    })
}

fn service_v1(settings: &Settings) -> OpenApiService<EndUsersV1Api, ()> {
    let api = EndUsersV1Api::new(settings.clone());
    OpenApiService::new(api, "Ada End Users API", "1.0")
        .description("Read and change the end users of an AI agent.")
}
