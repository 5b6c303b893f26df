//! Who calls: the holder of a key of an agent, which is an Ada instance.

use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::standing;
use crate::{
    domain::{
        Domain,
        access::{self, Call},
        api_keys::KeyKind,
        limits::Class,
    },
    http::errors::Failure,
    kernel::{Error, Result},
};

/// What a host name ends with that selects the agent: `{handle}.localhost`, as the cloud does with
/// `{handle}.ada.support`.
const HOST_SUFFIX: &str = ".localhost";

macro_rules! bearer {
    ($(#[$doc:meta])* pub struct $name:ident, $kinds:expr, $class:expr) => {
        $(#[$doc])*
        pub struct $name(pub Call);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme("BearerAuth", bearer_scheme());
            }

            fn security_schemes() -> Vec<&'static str> {
                vec!["BearerAuth"]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let call = admit(request, $kinds, $class).map_err(Failure)?;
                Ok(Self(call))
            }
        }
    };
}

bearer! {
    /// A call to whatever of v2 has no class of its own.
    pub struct Platform, &[KeyKind::Ada], Class::Ada
}

bearer! {
    /// A call to the End Users API v2.
    pub struct EndUsersV2, &[KeyKind::Ada], Class::AdaEndUsers
}

bearer! {
    /// A call to the End Users API v1. A later edition of the vendor's page accepts general keys
    /// too (ada.md §1.1).
    pub struct EndUsersV1, &[KeyKind::AdaEndUsers, KeyKind::Ada], Class::AdaEndUsersV1
}

fn admit(request: &Request, kinds: &[KeyKind], class: Class) -> Result<Call> {
    let domain = request
        .data::<Domain>()
        .ok_or_else(|| Error::internal("the dialect was mounted without a domain", "no data"))?;
    let (scheme, key) = request
        .header(header::AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .ok_or_else(access::unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(access::unauthenticated());
    }
    let call = domain.admit(key.trim(), kinds, class)?;
    let handle = selected_handle(request);
    if handle.is_some_and(|handle| call.agent().is_ok_and(|agent| agent.handle != handle)) {
        // In the cloud, another instance does not know the key.
        return Err(access::unauthenticated());
    }
    standing::note(request, call.standing());
    Ok(call)
}

/// The handle that the host name selects, if it selects one.
pub fn selected_handle(request: &Request) -> Option<&str> {
    let host = request.header(header::HOST)?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(HOST_SUFFIX)
}

fn bearer_scheme() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some("Your API key."),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
