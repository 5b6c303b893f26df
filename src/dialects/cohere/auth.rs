//! Authentication extractor: an API key of a workspace, which is Cohere's organization. For the OAuth
//! authorization of connectors, each key is a user.

use poem::{Request, RequestBody, http::header};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{api_keys::KeyKind, request_auth::RequestContext},
    },
    http::{app, bearer_scheme, bearer_token, errors::Failure, record_admission},
    kernel::{Error, Kind, Result},
};

/// Name of the security scheme in the OpenAPI document.
const BEARER: &str = "BearerAuth";

/// Header with the name of the project that a call is made for.
const CLIENT_NAME: &str = "x-client-name";

/// Authenticates an organization's call and counts it against the rate limits.
pub struct OrganizationAuth(pub RequestContext);

impl<'a> ApiExtractor<'a> for OrganizationAuth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(BEARER, bearer_scheme("Your API key."));
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![BEARER]
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

fn admit(request: &Request) -> Result<RequestContext> {
    let app = app(request)?;
    if request.header(header::AUTHORIZATION).is_none() {
        return Err(Error::new(Kind::Unauthenticated, "no api key supplied"));
    }
    let call = bearer_token(request)
        .and_then(|key| app.admit(key, &[KeyKind::Cohere], ApiClass::Cohere))
        .map_err(to_invalid_token)?
        .with_error_map(to_invalid_token);
    record_admission(request, call.admission());
    Ok(call.with_client_name(request.header(CLIENT_NAME)))
}

fn to_invalid_token(error: Error) -> Error {
    match error.kind() {
        Kind::Unauthenticated => Error::new(Kind::Unauthenticated, "invalid api token"),
        _ => error,
    }
}
