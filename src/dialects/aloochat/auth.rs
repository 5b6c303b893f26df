//! Authentication extractor: a company's API key.

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{self, RequestContext},
        },
    },
    http::{app, errors::Failure, record_admission},
    kernel::Error,
};

/// Header with the API key.
const API_KEY: &str = "x-api-key";
/// Name of the header on other pages of the vendor (aloochat.md §1).
const API_TOKEN: &str = "x-api-token";

/// Headers that carry a company's key.
pub const HEADERS: &[&str] = &[API_KEY, API_TOKEN];

/// Authenticates a company's call and counts it against the rate limits.
pub struct CompanyAuth(pub RequestContext);

impl<'a> ApiExtractor<'a> for CompanyAuth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme("ApiKey", header_scheme(API_KEY, "Your API key."));
        registry.create_security_scheme(
            "ApiToken",
            header_scheme(API_TOKEN, "Another name of the same header."),
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["ApiKey", "ApiToken"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let call = admit(request).map_err(Failure)?;
        Ok(Self(call))
    }
}

fn admit(request: &Request) -> Result<RequestContext, Error> {
    let app = app(request)?;
    let key = request
        .header(API_KEY)
        .or_else(|| request.header(API_TOKEN))
        .ok_or_else(request_auth::unauthenticated_error)?;
    let call = app.admit(key, &[KeyKind::Aloochat], ApiClass::Aloochat)?;
    record_admission(request, call.admission());
    Ok(call)
}

fn header_scheme(name: &'static str, description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "apiKey",
        description: Some(description),
        name: Some(name),
        key_in: Some("header"),
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
