//! What a dialect tells the shared layers about itself.

use std::{marker::PhantomData, sync::Arc};

use poem::{Response, endpoint::BoxEndpoint};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde_json::Value;

use super::{Published, allow, errors::Failure};
use crate::kernel::Error;

/// A vendor's API.
pub trait Dialect: Send + Sync + 'static {
    /// The body of its errors.
    type ErrorBody: Type;

    /// The media type of its errors.
    const ERROR_CONTENT_TYPE: &'static str = Json::<Value>::CONTENT_TYPE;

    /// The statuses of its errors, each with what it means.
    const ERRORS: &'static [(u16, &'static str)];
}

/// Turns errors into a dialect's status and body: the one place where that is decided.
pub trait RenderError: Send + Sync + 'static {
    /// The answer to a request that failed with this error.
    fn render(&self, error: &Error) -> Response;

    /// The same for the request with this id: for a dialect whose errors carry it.
    fn render_in(&self, error: &Error, request_id: &str) -> Response {
        let _ = request_id;
        self.render(error)
    }
}

/// How requests of a dialect's clients are known, wherever they go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    /// The beginnings of its keys.
    pub keys: &'static [&'static str],
    /// The headers that no other clients send, in lower case.
    pub headers: &'static [&'static str],
}

/// A dialect, ready to be served.
pub struct Mount {
    /// Its name in paths and metrics: `aloochat`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What its clients use it for, in a sentence.
    pub summary: &'static str,
    /// The path that everything of it is under: `/api/public`.
    pub base_path: &'static str,
    /// Its operations, below the base path.
    pub endpoint: BoxEndpoint<'static, Response>,
    /// The methods of paths of its own that its document does not have.
    pub beside: &'static [allow::Row],
    /// How its errors look.
    pub render: Arc<dyn RenderError>,
    /// How requests of its clients are known that have lost their way.
    pub marks: Marks,
    /// Its OpenAPI document.
    pub document: Published,
    /// Whether its clients in browsers make their calls with credentials (`withCredentials`), which
    /// browsers then ask for leave of. Only where no cookie is looked at.
    pub credentials: bool,
}

/// The error of a dialect's operations: a kernel error on its way to the wire, documented with the
/// dialect's statuses.
pub struct Failed<D>(Error, PhantomData<fn() -> D>);

impl<D> From<Error> for Failed<D> {
    fn from(error: Error) -> Self {
        Self(error, PhantomData)
    }
}

impl<D> From<Failed<D>> for poem::Error {
    fn from(failed: Failed<D>) -> Self {
        Failure(failed.0).into()
    }
}

impl<D: Dialect> ApiResponse for Failed<D> {
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
