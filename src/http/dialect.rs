//! The interface between a dialect and the shared HTTP layer.

use std::{marker::PhantomData, sync::Arc};

use poem::{Response, endpoint::BoxEndpoint};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde_json::Value;

use super::{Published, allowed_methods, errors::Failure};
use crate::kernel::Error;

/// The API of a vendor.
pub trait Dialect: Send + Sync + 'static {
    /// The body of error responses.
    type ErrorBody: Type;

    /// The media type of error responses.
    const ERROR_CONTENT_TYPE: &'static str = Json::<Value>::CONTENT_TYPE;

    /// The statuses of errors, each with its description.
    const ERRORS: &'static [(u16, &'static str)];
}

/// Renders errors as the status and body of a dialect. Nothing else decides them.
pub trait RenderError: Send + Sync + 'static {
    /// Renders the response to a request that failed with this error.
    fn render(&self, error: &Error) -> Response;

    /// Renders the response to the request with this id, for dialects whose errors contain the id.
    fn render_for_request(&self, error: &Error, request_id: &str) -> Response {
        let _ = request_id;
        self.render(error)
    }
}

/// Patterns that identify requests of a dialect's clients at any path.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientPatterns {
    /// The prefixes of the dialect's API keys.
    pub key_prefixes: &'static [&'static str],
    /// The headers, in lower case, that no other client sends.
    pub headers: &'static [&'static str],
}

/// A dialect, ready to be served.
pub struct Mount {
    /// The name in paths and metrics: `aloochat`.
    pub name: &'static str,
    /// The display name.
    pub title: &'static str,
    /// The purpose of the API, in one sentence.
    pub summary: &'static str,
    /// The path prefix of the API: `/api/public`.
    pub base_path: &'static str,
    /// The operations, relative to the base path.
    pub endpoint: BoxEndpoint<'static, Response>,
    /// The methods of additional paths that the document does not contain.
    pub extra_paths: &'static [allowed_methods::PathMethods],
    /// The renderer of errors.
    pub renderer: Arc<dyn RenderError>,
    /// The patterns that identify requests of its clients at wrong paths.
    pub client_patterns: ClientPatterns,
    /// The OpenAPI document.
    pub document: Published,
    /// True if browser clients send requests with credentials (`withCredentials`), which CORS must then allow. Only
    /// for dialects that read no cookie.
    pub allows_credentials: bool,
}

/// The error of a dialect's operations: wraps a kernel error, and documents the statuses of the dialect.
pub struct ApiError<D>(Error, PhantomData<fn() -> D>);

impl<D> From<Error> for ApiError<D> {
    fn from(error: Error) -> Self {
        Self(error, PhantomData)
    }
}

impl<D> From<ApiError<D>> for poem::Error {
    fn from(failed: ApiError<D>) -> Self {
        Failure(failed.0).into()
    }
}

impl<D: Dialect> ApiResponse for ApiError<D> {
    fn meta() -> MetaResponses {
        let responses = D::ERRORS
            .iter()
            .map(|(status, description)| MetaResponse {
                description,
                status: Some(*status),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: D::ERROR_CONTENT_TYPE,
                    schema: D::ErrorBody::schema_ref(),
                }],
                headers: Vec::new(),
            })
            .collect();
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        D::ErrorBody::register(registry);
    }
}
