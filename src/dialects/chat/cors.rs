//! Calls from pages of any origin. Who asks is said by a header alone and never by a cookie, so that a page
//! can do nothing with this API that its script could not do anywhere; the official client asks with
//! credentials all the same, for which browsers want the origin by its name.

use std::collections::BTreeMap;

use crate::engine::NativeResponse;

/// What pages may read of an answer beside its body.
const EXPOSED: &str = "retry-after, x-request-id";

const METHODS: &str = "GET, POST, PUT, DELETE";

/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// Lets a page of this origin read an answer.
pub fn allow(headers: &mut BTreeMap<String, String>, origin: Option<&str>) {
    let Some(origin) = origin else { return };
    for (name, value) in [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", EXPOSED),
        ("vary", "origin"),
    ] {
        headers.insert(name.to_owned(), value.to_owned());
    }
}

/// The answer to a browser that asks what a page may do.
pub fn preflight(origin: Option<&str>, wanted: Option<&str>) -> NativeResponse {
    let mut response = NativeResponse {
        status: 204,
        ..NativeResponse::default()
    };
    allow(&mut response.headers, origin);
    let wanted = wanted.unwrap_or(super::auth::USER_KEY);
    for (name, value) in [
        ("access-control-allow-methods", METHODS),
        ("access-control-allow-headers", wanted),
        ("access-control-max-age", MAX_AGE),
    ] {
        response.headers.insert(name.to_owned(), value.to_owned());
    }
    response
}
