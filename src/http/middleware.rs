//! The middleware stack around every endpoint, outermost first: request id, metrics and log, wrong keys, host check,
//! page policy, panic guard, compression, body limit, timeout. The dialect of the path renders every error.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use percent_encoding::percent_decode_str;
use poem::{
    Body, Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method, StatusCode, header},
};
use poem_openapi::OperationId;
use tracing::debug;

use super::{
    AllowedMethods, Mount,
    allowed_methods::{self, RoutedPath},
    client_dialects::{ClientDialects, render_error},
    compression::Compression,
    cors::LocalPage,
    dialect::RenderError,
    error_page,
    errors::{from_poem, too_large},
    policy,
    request_id::{REQUEST_ID, request_id},
    request_state::{BodyLimit, RequestState},
    same_origin, unsupported,
    wrong_key_limiter::KeyLocation,
};
use crate::kernel::{
    Error, Kind,
    clock::{Stopwatch, with_timeout},
    panic_text,
};

/// The operation label of requests that no operation answered, in metrics.
const NO_OPERATION: &str = "none";

/// Maximum time of a request whose body is read piece by piece. The endpoint ends a slow one earlier.
const MAX_STREAM_TIME: Duration = Duration::from_secs(24 * 3600);

/// An endpoint with its middleware.
pub struct MiddlewareStack {
    inner: BoxEndpoint<'static, Response>,
    dialect: &'static str,
    renderer: Arc<dyn RenderError>,
    state: RequestState,
    allowed_methods: AllowedMethods,
    allows_credentials: bool,
    /// True if the endpoint sets the CORS headers itself.
    own_cors: bool,
    /// True if the endpoint accepts paths that are not UTF-8.
    raw_paths: bool,
    /// Returns true for requests whose bodies have the code of a program.
    has_code: fn(&Method, &str) -> bool,
    /// True if the endpoint reads and sends bodies piece by piece, and limits their size and time itself.
    streams_bodies: bool,
    /// True if only pages of this server may send requests that change something.
    same_origin_only: bool,
    /// True if browsers get an HTML page for errors.
    error_pages: bool,
    /// The headers in which requests carry API keys of this server.
    key_location: KeyLocation,
    /// The dialects whose clients get errors of their own vendor for unknown paths.
    client_dialects: ClientDialects,
}

/// A request that failed.
struct RequestFailure {
    error: Error,
    operation: &'static str,
    /// The methods of the path, if the error is a wrong method.
    allow: Option<HeaderValue>,
}

impl RequestFailure {
    /// Creates the failure of a request for which no operation was found yet.
    const fn early(error: Error) -> Self {
        Self {
            error,
            operation: NO_OPERATION,
            allow: None,
        }
    }
}

impl MiddlewareStack {
    /// Wraps an endpoint.
    pub fn new(
        inner: BoxEndpoint<'static, Response>,
        dialect: &'static str,
        render: Arc<dyn RenderError>,
        state: RequestState,
    ) -> Self {
        Self {
            inner,
            dialect,
            renderer: render,
            state,
            allowed_methods: AllowedMethods::default(),
            allows_credentials: false,
            own_cors: false,
            raw_paths: false,
            has_code: |_, _| false,
            streams_bodies: false,
            same_origin_only: false,
            error_pages: false,
            key_location: KeyLocation::Anywhere,
            client_dialects: ClientDialects::default(),
        }
    }

    /// Renders errors for unknown paths in the dialect of the client that sent the request.
    #[must_use]
    pub fn with_client_dialects(mut self, client_dialects: &ClientDialects) -> Self {
        self.client_dialects = client_dialects.clone();
        self
    }

    /// Looks for API keys of this server only in `keys`, for an endpoint that passes on other parties' answers.
    #[must_use]
    pub fn with_key_location(mut self, keys: KeyLocation) -> Self {
        self.key_location = keys;
        self
    }

    /// Sets the methods of the endpoint's paths.
    #[must_use]
    pub fn with_methods(mut self, methods: &'static [allowed_methods::PathMethods]) -> Self {
        self.allowed_methods = AllowedMethods::new(None, methods);
        self
    }

    /// Accepts paths that are not UTF-8.
    #[must_use]
    pub fn with_raw_paths(mut self) -> Self {
        self.raw_paths = true;
        self
    }

    /// Accepts larger bodies of the requests for which `has_code` returns true.
    #[must_use]
    pub fn with_code_bodies(mut self, has_code: fn(&Method, &str) -> bool) -> Self {
        self.has_code = has_code;
        self
    }

    /// Leaves the CORS headers to the endpoint.
    #[must_use]
    pub fn with_own_cors(mut self) -> Self {
        self.own_cors = true;
        self
    }

    /// Leaves the limits of bodies and of time to the endpoint, and compresses no response.
    #[must_use]
    pub fn with_streamed_bodies(mut self) -> Self {
        self.streams_bodies = true;
        self
    }

    /// Renders errors as HTML pages for browsers.
    #[must_use]
    pub fn with_error_pages(mut self) -> Self {
        self.error_pages = true;
        self
    }

    /// Rejects requests of other sites' pages that change something.
    #[must_use]
    pub fn same_origin_only(mut self) -> Self {
        self.same_origin_only = true;
        self
    }

    /// Wraps a dialect.
    pub fn for_mount(mount: Mount, state: RequestState) -> Self {
        Self {
            allows_credentials: mount.allows_credentials,
            allowed_methods: AllowedMethods::new(Some(mount.document), mount.extra_paths),
            ..Self::new(mount.endpoint, mount.name, mount.renderer, state)
        }
    }

    /// Calls the endpoint. An error carries the operation in which it occurred.
    async fn call_endpoint(&self, mut request: Request) -> Result<Response, RequestFailure> {
        if !self.raw_paths && !is_text(request.uri().path()) {
            return Err(RequestFailure::early(path_not_utf8()));
        }
        let content_length = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let limits = self.state.limits();
        let has_code = (self.has_code)(request.method(), request.uri().path());
        let limit = match has_code {
            true => limits.code_body,
            false => limits.body,
        };
        if content_length.is_some_and(|length| length > limit) && !self.streams_bodies {
            return Err(RequestFailure::early(too_large()));
        }
        if has_code {
            request.set_data(BodyLimit(limit));
        }
        request.set_data(self.state.clone());
        if self.same_origin_only {
            same_origin::check(&request).map_err(RequestFailure::early)?;
        }
        // The guard counts the body's memory until the request is answered.
        let _share = match self.streams_bodies {
            true => None,
            false => self.state.body_memory().count_body(&mut request),
        };
        let uri = request.uri().clone();
        let method = request.method().clone();
        let guarded = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        let time = match self.streams_bodies {
            true => MAX_STREAM_TIME,
            false => self.state.limits().time,
        };
        match with_timeout(time, guarded).await {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(error))) => {
                let mut failed = self.to_failure(error, uri.path());
                failed.error = unsupported::explain_unsupported(
                    failed.error,
                    self.dialect,
                    &method,
                    uri.path(),
                );
                Err(failed)
            }
            Ok(Err(panic)) => {
                let text = panic_text(&*panic).unwrap_or("a panic without a message");
                let error = Error::internal("a handler panicked", text.to_owned());
                Err(RequestFailure::early(error))
            }
            Err(_) => {
                let error = Error::new(Kind::Timeout, "The request took too long");
                Err(RequestFailure::early(error))
            }
        }
    }

    fn to_failure(&self, error: poem::Error, path: &str) -> RequestFailure {
        let operation = operation_name(error.data::<OperationId>());
        let routed = error.data::<RoutedPath>().map(|routed| routed.0.clone());
        let error = from_poem(error);
        let allow = (error.kind() == Kind::MethodNotAllowed).then(|| {
            self.allowed_methods
                .methods_of(routed.as_deref().unwrap_or(path))
        });
        RequestFailure {
            error,
            operation,
            allow: allow.flatten(),
        }
    }

    fn render(&self, error: &Error, request_id: &str) -> Response {
        render_error(&*self.renderer, self.dialect, error, request_id)
    }
}

impl Endpoint for MiddlewareStack {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let watch = Stopwatch::start();
        let request_id = request_id(&request);
        let method = request.method().clone();
        let path = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| request.original_uri().path().to_owned());
        let host_check = self.state.origins().check_host(&request);
        let local_page = match self.own_cors || host_check.is_err() {
            true => None,
            false => LocalPage::from_request(&request, self.allows_credentials),
        };
        let preflight = local_page
            .as_ref()
            .and_then(|page| page.preflight(&request));
        if let Some(response) = preflight {
            return Ok(response);
        }
        let compression = Compression::from_request(&request);
        let with_key = self
            .key_location
            .counted_address(&request, self.state.origins());
        let sender = self.client_dialects.detect_sender(&request);
        let wants_page = self.error_pages && error_page::wants_page(&request);
        let result = match host_check {
            Ok(()) => self.call_endpoint(request).await,
            Err(error) => Err(RequestFailure::early(error)),
        };
        let (mut response, operation) = match result {
            Ok(response) => {
                let operation = operation_name(response.data::<OperationId>());
                match self.streams_bodies {
                    true => (response, operation),
                    false => match compression.apply(response).await {
                        Ok(response) => (response, operation),
                        Err(error) => (self.render(&from_poem(error), &request_id), operation),
                    },
                }
            }
            Err(failed) => {
                let response_of_sender = sender.and_then(|sender| {
                    sender.render_not_found(&failed.error, self.dialect, &request_id)
                });
                let mut response = response_of_sender.unwrap_or_else(|| match wants_page {
                    true => error_page::render_page(&failed.error),
                    false => self.render(&failed.error, &request_id),
                });
                if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                    // Empty for a path without methods: one vendor answers 405 for these too.
                    let allow = failed.allow.unwrap_or_else(|| HeaderValue::from_static(""));
                    response.headers_mut().insert(header::ALLOW, allow);
                }
                (response, failed.operation)
            }
        };
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(from) = with_key
            && let Err(refusal) = self.state.record_wrong_key(self.dialect, from).await
        {
            response = self.render(&refusal, &request_id);
        }
        if response.status() == StatusCode::NO_CONTENT {
            response.set_body(Body::empty());
        }
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        policy::add_security_headers(response.headers_mut());
        if let Some(page) = local_page {
            page.add_headers(response.headers_mut());
        }
        let status = response.status().as_u16();
        self.state
            .metrics()
            .count_request(self.dialect, operation, status, watch.elapsed());
        if let Some(path) = path {
            debug!(%method, path, status, operation, request_id, "answered");
        }
        Ok(response)
    }
}

/// True if a path is UTF-8 after percent-decoding.
fn is_text(path: &str) -> bool {
    !path.contains('%') || percent_decode_str(path).decode_utf8().is_ok()
}

fn path_not_utf8() -> Error {
    Error::invalid("The path is not UTF-8")
}

fn operation_name(id: Option<&OperationId>) -> &'static str {
    id.map_or(NO_OPERATION, |id| id.0)
}

#[cfg(test)]
mod tests;
