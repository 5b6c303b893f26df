//! The bearer token of an `Authorization` header.

use poem::{Request, http::header};
use poem_openapi::registry::MetaSecurityScheme;

use crate::{domain::tenancy::request_auth, kernel::Result};

/// Returns the bearer token of a request. The scheme is not case-sensitive.
///
/// # Errors
/// `Unauthenticated` if the request has none.
pub fn bearer_token(request: &Request) -> Result<&str> {
    let (scheme, token) = request
        .header(header::AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .ok_or_else(request_auth::unauthenticated_error)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(request_auth::unauthenticated_error());
    }
    Ok(token.trim())
}

/// Returns the security scheme for an OpenAPI document.
#[must_use]
pub const fn bearer_scheme(description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some(description),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
