//! Authentication extractor: a company's API key.

use poem::Request;

use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{self, RequestContext},
        },
    },
    http::{Authenticated, Credential, SecurityScheme, app, record_admission},
    kernel::Result,
};

/// Header with the API key.
const API_KEY: &str = "x-api-key";
/// Name of the header on other pages of the vendor (aloochat.md §1).
const API_TOKEN: &str = "x-api-token";

/// Headers that carry a company's key.
pub const HEADERS: &[&str] = &[API_KEY, API_TOKEN];

/// Authenticates a company's call and counts it against the rate limits.
pub type CompanyAuth = Authenticated<CompanyKey>;

/// The API key of a company.
pub struct CompanyKey;

impl Credential for CompanyKey {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![
            SecurityScheme::header("ApiKey", API_KEY, "Your API key."),
            SecurityScheme::header("ApiToken", API_TOKEN, "Another name of the same header."),
        ]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let app = app(request)?;
        let key = request
            .header(API_KEY)
            .or_else(|| request.header(API_TOKEN))
            .ok_or_else(request_auth::unauthenticated_error)?;
        let call = app.admit(key, &[KeyKind::Aloochat], ApiClass::Aloochat)?;
        record_admission(request, call.admission());
        Ok(call)
    }
}
