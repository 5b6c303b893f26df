//! Renders errors for unknown paths in the format of the vendor whose client sent the request. A client with a wrong
//! base address understands only the errors of its own vendor.

use std::{cmp::Reverse, sync::Arc};

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
};
use tracing::error;

use super::{
    ClientPatterns, Mount, dialect::RenderError, unsupported, wrong_key_limiter::KEY_HEADERS,
};
use crate::kernel::{Error, Kind, schema::truncate_text};

/// Maximum length of a path in an error, in bytes.
const MAX_PATH: usize = 200;

/// The dialects of a server and the patterns of their clients. Clones share it.
#[derive(Clone, Default)]
pub struct ClientDialects(Arc<[KnownDialect]>);

struct KnownDialect {
    name: &'static str,
    client_patterns: ClientPatterns,
    renderer: Arc<dyn RenderError>,
}

/// The dialect of the client that sent a request, and the requested path.
pub(super) struct Sender {
    dialect: &'static str,
    renderer: Arc<dyn RenderError>,
    method: Method,
    uri: Uri,
}

impl ClientDialects {
    /// Collects the dialects of a server.
    #[must_use]
    pub fn new(mounts: &[Mount]) -> Self {
        let known = mounts.iter().map(|mount| KnownDialect {
            name: mount.name,
            client_patterns: mount.client_patterns,
            renderer: mount.renderer.clone(),
        });
        Self(known.collect())
    }

    /// Identifies the sender of a request by its API key, else by a header.
    pub(super) fn detect_sender(&self, request: &Request) -> Option<Sender> {
        let headers = request.headers();
        let known = self
            .detect_by_key(headers)
            .or_else(|| self.detect_by_header(headers))?;
        Some(Sender {
            dialect: known.name,
            renderer: known.renderer.clone(),
            method: request.method().clone(),
            uri: request.original_uri().clone(),
        })
    }

    fn detect_by_key(&self, headers: &HeaderMap) -> Option<&KnownDialect> {
        let keys = KEY_HEADERS.map(|name| key_of(headers, &name));
        let longest = |known: &KnownDialect| {
            let keys = keys.iter().flatten();
            let is_prefix = |mark: &&&str| keys.clone().any(|key| key.starts_with(**mark));
            let fitting = known.client_patterns.key_prefixes.iter().filter(is_prefix);
            fitting.map(|mark| mark.len()).max()
        };
        let fitting = self
            .0
            .iter()
            .filter_map(|known| Some((longest(known)?, known)));
        Some(fitting.min_by_key(|(length, _)| Reverse(*length))?.1)
    }

    fn detect_by_header(&self, headers: &HeaderMap) -> Option<&KnownDialect> {
        let mut known = self.0.iter();
        known.find(|known| {
            known
                .client_patterns
                .headers
                .iter()
                .any(|name| headers.contains_key(*name))
        })
    }
}

impl Sender {
    /// Renders the response for an unknown path below `dialect`. `None` if the sender has the same dialect, or if the
    /// request failed for another reason.
    pub(super) fn render_not_found(
        &self,
        error: &Error,
        dialect: &str,
        request_id: &str,
    ) -> Option<Response> {
        if error.kind() != Kind::NoOperation || self.dialect == dialect {
            return None;
        }
        let (method, path) = (&self.method, truncate_text(self.uri.path(), MAX_PATH));
        let text = format!("{method} {path} not found: this server has no such operation");
        let error = Error::new(Kind::NoOperation, text);
        let error = unsupported::explain_unsupported(error, self.dialect, method, self.uri.path());
        Some(render_error(
            &*self.renderer,
            self.dialect,
            &error,
            request_id,
        ))
    }
}

/// Returns the API key in a header, without the scheme.
fn key_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    value.split_ascii_whitespace().next_back()
}

/// Renders an error in the format of a dialect.
pub(super) fn render_error(
    render: &dyn RenderError,
    dialect: &'static str,
    error: &Error,
    request_id: &str,
) -> Response {
    if error.kind() == Kind::Internal {
        error!(dialect, request_id, ?error, "a request failed");
    }
    let mut response = render.render_for_request(error, request_id);
    if let Kind::RateLimited { retry_after } | Kind::Unavailable { retry_after } = error.kind() {
        let seconds = retry_after.as_secs().max(1);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
