//! Authentication extractor: an API key of a workspace, which is Cohere's organization. For the OAuth
//! authorization of connectors, each key is a user.

use poem::{Request, http::header};

use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{api_keys::KeyKind, request_auth::RequestContext},
    },
    http::{Authenticated, Credential, SecurityScheme, app, bearer_token, record_admission},
    kernel::{Error, Kind, Result},
};

/// Header with the name of the project that a call is made for.
const CLIENT_NAME: &str = "x-client-name";

/// Authenticates an organization's call and counts it against the rate limits.
pub type OrganizationAuth = Authenticated<OrganizationKey>;

/// An API key of an organization.
pub struct OrganizationKey;

impl Credential for OrganizationKey {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![SecurityScheme::bearer("BearerAuth", "Your API key.")]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
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
}

fn to_invalid_token(error: Error) -> Error {
    match error.kind() {
        Kind::Unauthenticated => Error::new(Kind::Unauthenticated, "invalid api token"),
        _ => error,
    }
}
