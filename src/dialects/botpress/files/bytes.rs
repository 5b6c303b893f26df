//! The bytes of files, at the addresses in `url` and `uploadUrl`. The signature in an address stands for a token, so that
//! pages of any site can send and read bytes.

use futures_util::{StreamExt, TryStreamExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::{
    Body, EndpointExt, Request, Response, Route, RouteMethod,
    endpoint::BoxEndpoint,
    handler,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use url::form_urlencoded;

use super::range::{ByteRange, parse_range};
use crate::{
    domain::{
        App,
        bots::uploaded_files::{
            self as files, Upload, WINDOW_BYTES,
            addresses::Signature,
            content::{self, Content},
        },
    },
    http::{allowed_methods, app, body_memory::reserve_window, errors::Failure, policy::Policy},
    kernel::ids::FileId,
};

/// Base path of the addresses.
pub const BASE_PATH: &str = "/v1/storage/contents";

/// Allowed methods of the path.
pub const METHODS: &[allowed_methods::PathMethods] =
    &[("/v1/storage/contents/{id}", "GET, HEAD, PUT")];

/// Header in which clients say that the bytes are public.
const TAGGING: &str = "x-amz-tagging";

/// Media types that browsers may show; they download all others.
const SHOWN_TYPES: [&str; 5] = [
    "image/",
    "audio/",
    "video/",
    "text/plain",
    "application/pdf",
];

/// Characters of a file name that are not percent-encoded (RFC 5987).
const NAME_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// Returns the endpoint.
pub fn bytes_endpoint() -> BoxEndpoint<'static, Response> {
    let methods = RouteMethod::new()
        .get(read)
        .head(read)
        .put(receive)
        .options(preflight);
    Route::new().at("/v1/storage/contents/:id", methods).boxed()
}

fn parse_address(request: &Request) -> (FileId, Option<Signature>) {
    let id = request.raw_path_param("id").unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let find = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let (expires, signature) = (find("expires"), find("signature"));
    let signature = Signature::parse(expires.as_deref(), signature.as_deref());
    (id.into(), signature)
}

/// Lets pages of every site read a response: no request to these addresses has credentials.
fn add_cors_headers(headers: &mut HeaderMap) {
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let exposed = HeaderValue::from_static("accept-ranges, content-length, content-range, etag");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

#[handler]
fn preflight(request: &Request) -> Response {
    let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
    let headers = response.headers_mut();
    add_cors_headers(headers);
    let methods = HeaderValue::from_static("GET, HEAD, PUT");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(requested) = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
    }
    response
}

#[handler]
async fn receive(request: &Request, body: Body) -> poem::Result<Response> {
    let app = app(request).map_err(Failure)?;
    let (id, signature) = parse_address(request);
    let length = request.header(header::CONTENT_LENGTH);
    let tags = request.header(TAGGING).unwrap_or_default();
    let mut tags = form_urlencoded::parse(tags.as_bytes());
    let upload = Upload {
        signature,
        is_tagged_public: tags.any(|(name, value)| name == "public" && value == "true"),
        length: length.and_then(|length| length.parse().ok()),
    };
    let bytes = upload
        .length
        .and_then(|length| usize::try_from(length).ok());
    let window = bytes.unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
    let share = reserve_window(request, window).map_err(Failure)?;
    let body = Box::pin(body.into_bytes_stream().inspect(move |_| {
        // The window counts until the body is read.
        let _ = &share;
    }));
    files::receive(app, id, upload, body)
        .await
        .map_err(Failure)?;
    let mut response = Response::builder().status(StatusCode::OK).finish();
    add_cors_headers(response.headers_mut());
    Ok(response)
}

#[handler]
fn read(request: &Request) -> poem::Result<Response> {
    let app = app(request).map_err(Failure)?;
    let (id, signature) = parse_address(request);
    let content = content::open(app, &id, signature.as_ref()).map_err(Failure)?;
    let etag = format!("\"{}\"", content.etag);
    let mut response = respond(app, request, &content, &etag);
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let caching = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, caching);
    add_cors_headers(headers);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    Policy::File.set(&mut response);
    Ok(response)
}

fn respond(app: &App, request: &Request, content: &Content, etag: &str) -> Response {
    let is_same = |header: &str| {
        let mut tags = header
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == "*" || tag == etag)
    };
    if request.header(header::IF_NONE_MATCH).is_some_and(is_same) {
        return Response::builder()
            .status(StatusCode::NOT_MODIFIED)
            .finish();
    }
    let size = content.size;
    // A range of other bytes than the client has is of no use to it.
    let is_current = request
        .header(header::IF_RANGE)
        .is_none_or(|tag| tag == etag);
    let range = request.header(header::RANGE).filter(|_| is_current);
    let (status, start, end) = match parse_range(range, size) {
        ByteRange::Whole => (StatusCode::OK, 0, size),
        ByteRange::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        ByteRange::Unsatisfiable => {
            return Response::builder()
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"))
                .finish();
        }
    };
    let builder = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, &content.file.content_type)
        .header(header::CONTENT_LENGTH, end - start)
        .header(header::CONTENT_DISPOSITION, disposition(content));
    let builder = match status {
        StatusCode::PARTIAL_CONTENT => {
            let last = end.saturating_sub(1);
            builder.header(
                header::CONTENT_RANGE,
                format!("bytes {start}-{last}/{size}"),
            )
        }
        _ => builder,
    };
    if request.method() == poem::http::Method::HEAD {
        return builder.finish();
    }
    let pieces = content.read(app, start, end).map_err(std::io::Error::other);
    builder.body(Body::from_bytes_stream(pieces))
}

/// Returns the value of `Content-Disposition`: a name, and whether browsers may show the bytes.
fn disposition(content: &Content) -> String {
    let content_type = content.file.content_type.to_ascii_lowercase();
    let is_shown = SHOWN_TYPES
        .iter()
        .any(|shown| content_type.starts_with(shown));
    let kind = match is_shown {
        true => "inline",
        false => "attachment",
    };
    let name = content.file.key.rsplit('/').next().unwrap_or_default();
    let name = utf8_percent_encode(name, NAME_CHARACTERS);
    format!("{kind}; filename*=UTF-8''{name}")
}
