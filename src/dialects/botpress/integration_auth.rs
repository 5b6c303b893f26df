//! Authentication of operations that an API key of an integration can call, for its own integration.

use poem::Request;

use super::auth::{BEARER, WORKSPACE_ID, authenticate_member, optional_header, segment_after};
use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::{KeyKind, KeyOwner},
            members::Role,
            request_auth::RequestContext,
        },
    },
    http::{Authenticated, Credential, SecurityScheme, app, bearer_token, record_admission},
    kernel::{Error, Kind, Result},
};

/// A member of the workspace that the header names, or an API key of the integration that the path parameter `id`
/// names.
pub type IntegrationReader = Authenticated<IntegrationReaderToken>;

/// The token of a member, or the API key of the integration in the path.
pub struct IntegrationReaderToken;

impl Credential for IntegrationReaderToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        authenticate_for_integration(request)
    }
}

/// A member with at least the role developer, or an API key of the integration in the path.
pub type IntegrationWriter = Authenticated<IntegrationWriterToken>;

/// The token of a member with at least the role developer, or the API key of the integration in the path.
pub struct IntegrationWriterToken;

impl Credential for IntegrationWriterToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = authenticate_for_integration(request)?;
        // An API key has no role.
        call.require_role(Role::Developer)?;
        Ok(call)
    }
}

fn authenticate_for_integration(request: &Request) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    if !token.starts_with(KeyKind::BotpressIntegrationKey.prefix()) {
        return authenticate_member(request);
    }
    let kinds = &[KeyKind::BotpressIntegrationKey];
    let call = app(request)?.admit(token, kinds, ApiClass::BotpressAdmin)?;
    record_admission(request, call.admission());
    let id = segment_after("integrations", request.uri().path());
    let is_own = matches!(
        &call.principal().owner,
        KeyOwner::Integration(_, own) if own.as_str() == id
    );
    let workspace = optional_header(request, WORKSPACE_ID);
    if !is_own || workspace.is_some_and(|named| named != call.workspace().as_str()) {
        return Err(Error::new(
            Kind::Forbidden,
            "This API key works only for its own integration",
        ));
    }
    Ok(call)
}
