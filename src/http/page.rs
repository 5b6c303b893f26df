//! HTML pages, rendered from the templates in `templates/`, and the embedded files in `assets/`.

use askama::Template;
use bytes::Bytes;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    endpoint::make_sync,
    http::{HeaderValue, StatusCode, header},
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::kernel::{Error, Kind, hex};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Returns an embedded text file.
pub(crate) fn asset_text(name: &str) -> String {
    let file = Assets::get(name).expect("the file is embedded at build time");
    String::from_utf8_lossy(&file.data).into_owned()
}

/// Returns the names of the embedded files with this prefix and suffix, without both.
pub(crate) fn asset_names(begin: &str, end: &str) -> Vec<String> {
    Assets::iter()
        .filter_map(|name| Some(name.strip_prefix(begin)?.strip_suffix(end)?.to_owned()))
        .collect()
}

/// Renders a template.
pub(crate) fn render(template: &impl Template) -> String {
    template
        .render()
        .expect("no template has an expression that fails")
}

/// Serves a constant text.
pub(crate) fn serve_asset(
    content_type: &'static str,
    text: String,
) -> impl Endpoint<Output = Response> {
    let text = Bytes::from(text);
    make_sync(move |request| cached_response(&request, content_type, text.clone()))
}

/// Returns a response with an ETag, or 304 if the client has the current version.
pub(crate) fn cached_response(
    request: &Request,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Response {
    let text = text.into();
    let tag = hex::encode(&Sha256::digest(&text)[..12]);
    // Compression changes the bytes but not the meaning, so the tag is weak.
    let tag = format!("W/\"{tag}\"");
    let known = request
        .header(header::IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        text.with_content_type(format!("{content_type}; charset=utf-8"))
            .into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Returns a page for one request, which must not be cached.
pub(crate) fn html_response(status: StatusCode, page: &impl Template) -> Response {
    let mut response = render(page)
        .with_content_type("text/html; charset=utf-8")
        .with_status(status)
        .into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// Returns the status, title and message of an error page.
pub(crate) fn describe_error(error: &Error) -> (StatusCode, &'static str, &str) {
    let (status, title) = match error.kind() {
        Kind::Invalid
        | Kind::InvalidIdentifier
        | Kind::InvalidSchema
        | Kind::InvalidData
        | Kind::ReferenceNotFound
        | Kind::UnsupportedMedia => (StatusCode::BAD_REQUEST, "That did not work"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Sign in first"),
        Kind::Forbidden | Kind::PaymentRequired => (StatusCode::FORBIDDEN, "That is not allowed"),
        Kind::NotFound | Kind::NoOperation => (StatusCode::NOT_FOUND, "Nothing here"),
        Kind::Misdirected => (
            StatusCode::MISDIRECTED_REQUEST,
            "This server has another name",
        ),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "That did not work"),
        Kind::Conflict | Kind::RelationConflict | Kind::InUse => {
            (StatusCode::CONFLICT, "That did not work")
        }
        Kind::TooLarge | Kind::LimitExceeded => (StatusCode::PAYLOAD_TOO_LARGE, "That is too much"),
        Kind::RateLimited { .. } | Kind::QuotaExceeded => {
            (StatusCode::TOO_MANY_REQUESTS, "Try again later")
        }
        Kind::Upstream | Kind::Runtime => (StatusCode::BAD_GATEWAY, "That did not work"),
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "That took too long"),
        Kind::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Try again later"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    };
    let message = match error.kind() {
        Kind::Internal => "The server's log says more.",
        _ => error.message(),
    };
    (status, title, message)
}
