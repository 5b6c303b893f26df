//! Authentication extractors: an API key of an agent (an Ada instance), or an access token of an installation
//! of a platform integration.
//!
//! Each extractor names the scope that an installation token needs for its operations; an extractor without a
//! scope rejects every installation token.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use super::rate_limit_headers;
use crate::{
    domain::{
        platform_integrations::Scope,
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{self, Principal, RequestContext},
        },
    },
    http::{app, bearer_scheme, bearer_token, errors::Failure, origin, record_admission},
    kernel::Result,
};

/// Name of the security scheme for platform keys in the OpenAPI documents.
const BEARER: &str = "BearerAuth";
/// Name of the security scheme for installation tokens in the OpenAPI documents.
const INSTALLATION_TOKEN: &str = "InstallationToken";

/// Suffix of a host name that selects an agent: `{handle}.localhost`, as `{handle}.ada.support` does in the
/// cloud.
const HOST_SUFFIX: &str = ".localhost";

macro_rules! bearer {
    ($(#[$doc:meta])* pub struct $name:ident, $scheme:expr, $needs:expr) => {
        $(#[$doc])*
        pub struct $name(pub RequestContext);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme($scheme, bearer_scheme(describe_scheme($scheme)));
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![$scheme]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let call = admit(request, &$needs).map_err(Failure)?;
                Ok(Self(call))
            }
        }
    };
}

/// Requirements of an extractor.
struct Requirements {
    /// Kinds of key that the extractor recognizes. Installation tokens are recognized everywhere, so that one
    /// that is not sufficient gets 403 instead of 401.
    keys: &'static [KeyKind],
    /// Rate limit class that the call counts against.
    class: ApiClass,
    /// Scope that an installation token needs; without one, every installation token is rejected.
    scope: Option<Scope>,
    /// True if an installation may also call the host of the agent that created its integration.
    creator_host: bool,
}

const GENERAL_KEYS: &[KeyKind] = &[KeyKind::Ada, KeyKind::AdaInstallation];
const V1_KEYS: &[KeyKind] = &[KeyKind::AdaEndUsers, KeyKind::Ada, KeyKind::AdaInstallation];

/// Returns the requirements of operations that only the agent's own keys may call.
const fn agent_key_requirements(keys: &'static [KeyKind], class: ApiClass) -> Requirements {
    Requirements {
        keys,
        class,
        scope: None,
        creator_host: false,
    }
}

/// Returns the requirements of operations that only installations may call.
const fn installation_requirements(scope: Scope, creator_host: bool) -> Requirements {
    Requirements {
        // API keys are recognized too, so that a key of the wrong kind gets 403 instead of 401.
        keys: GENERAL_KEYS,
        class: ApiClass::Ada,
        scope: Some(scope),
        creator_host,
    }
}

bearer! {
    /// Authenticates calls to v2 operations in the default rate limit class.
    pub struct PlatformAuth, BEARER, agent_key_requirements(GENERAL_KEYS, ApiClass::Ada)
}

bearer! {
    /// Authenticates calls to the End Users API v2.
    pub struct EndUsersV2Auth, BEARER, agent_key_requirements(GENERAL_KEYS, ApiClass::AdaEndUsers)
}

bearer! {
    /// Authenticates calls to the End Users API v1. A later edition of the vendor's page accepts general keys
    /// too (ada.md §1.1).
    pub struct EndUsersV1Auth, BEARER, agent_key_requirements(V1_KEYS, ApiClass::AdaEndUsersV1)
}

bearer! {
    /// Authenticates an installation that asks for its own identity, also at its creator's host
    /// (ada.md §2.5).
    pub struct InstallationSelfAuth, INSTALLATION_TOKEN, installation_requirements(Scope::ReadInstallations, true)
}

bearer! {
    /// Authenticates an installation that reads itself.
    pub struct ReadInstallationAuth, INSTALLATION_TOKEN, installation_requirements(Scope::ReadInstallations, false)
}

bearer! {
    /// Authenticates an installation that updates itself.
    pub struct WriteInstallationAuth, INSTALLATION_TOKEN,
    installation_requirements(Scope::WriteInstallations, false)
}

fn admit(request: &Request, needs: &Requirements) -> Result<RequestContext> {
    let app = app(request)?;
    let key = bearer_token(request)?;
    let call = app.admit(key, needs.keys, needs.class)?;
    record_admission(request, call.admission());
    if let Some(handle) = handle_from_host(request) {
        let (handle, creator_host) = (handle.to_owned(), needs.creator_host);
        call.require_of_principal(move |caller| {
            match host_accepts_caller(caller, creator_host, &handle) {
                true => Ok(()),
                // In the cloud, another instance does not know the key.
                false => Err(request_auth::unauthenticated_error()),
            }
        })?;
    }
    call.require_scope(needs.scope)?;
    rate_limit_headers::record_rate_limit(request, call.rate_limit_status());
    Ok(call)
}

/// True if the host of the agent with this handle accepts the caller.
fn host_accepts_caller(caller: &Principal, creator_host: bool, handle: &str) -> bool {
    let own = caller
        .agent
        .as_ref()
        .is_some_and(|agent| agent.handle == handle);
    let created = || {
        let grant = caller.grant.as_ref();
        grant.is_some_and(|grant| grant.creator_handle == handle)
    };
    own || (creator_host && created())
}

/// Returns the agent handle in the host name, if there is one.
pub fn handle_from_host(request: &Request) -> Option<&str> {
    let host = origin::host(request)?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(HOST_SUFFIX)
}

fn describe_scheme(name: &str) -> &'static str {
    match name {
        INSTALLATION_TOKEN => "The access token of an installation.",
        _ => "Your API key.",
    }
}
