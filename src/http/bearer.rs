//! The bearer token of an `Authorization` header.

use poem::{Request, http::header};

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
