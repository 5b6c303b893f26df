//! CORS headers that allow pages of any origin. Authentication uses only a header, never a cookie, so a page
//! gains nothing that a script outside the browser could not do. The official client sends requests with
//! credentials; for those, browsers require the origin by name instead of `*`.

use std::collections::BTreeMap;

use crate::engine::NativeResponse;

/// Response headers that pages may read.
const EXPOSED_HEADERS: &str = "retry-after, x-request-id";

const METHODS: &str = "GET, POST, PUT, DELETE";

/// Time a browser may cache a preflight response, in seconds.
const MAX_AGE_SECONDS: &str = "600";

/// Adds the headers that allow a page of this origin to read the response.
pub fn allow_origin(headers: &mut BTreeMap<String, String>, origin: Option<&str>) {
    let Some(origin) = origin else { return };
    for (name, value) in [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", EXPOSED_HEADERS),
        ("vary", "origin"),
    ] {
        headers.insert(name.to_owned(), value.to_owned());
    }
}

/// Returns the response to a preflight request.
pub fn preflight(origin: Option<&str>, wanted: Option<&str>) -> NativeResponse {
    let mut response = NativeResponse {
        status: 204,
        ..NativeResponse::default()
    };
    allow_origin(&mut response.headers, origin);
    let wanted = wanted.unwrap_or(super::auth::USER_KEY_HEADER);
    for (name, value) in [
        ("access-control-allow-methods", METHODS),
        ("access-control-allow-headers", wanted),
        ("access-control-max-age", MAX_AGE_SECONDS),
    ] {
        response.headers.insert(name.to_owned(), value.to_owned());
    }
    response
}
