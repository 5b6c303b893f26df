//! Authentication extractors: an API key of an agent (an Ada instance), or an access token of an installation
//! of a platform integration.
//!
//! Each extractor names the scope that an installation token needs for its operations; an extractor without a
//! scope rejects every installation token.

use poem::Request;

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
    http::{
        Authenticated, Credential, SecurityScheme, app, bearer_token, origin, record_admission,
    },
    kernel::Result,
};

/// Suffix of a host name that selects an agent: `{handle}.localhost`, as `{handle}.ada.support` does in the
/// cloud.
const HOST_SUFFIX: &str = ".localhost";

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

/// Security scheme of API keys.
const API_KEY: SecurityScheme = SecurityScheme::bearer("BearerAuth", "Your API key.");
/// Security scheme of installation tokens.
const INSTALLATION_TOKEN: SecurityScheme =
    SecurityScheme::bearer("InstallationToken", "The access token of an installation.");

/// A credential of this dialect: all are bearer tokens that differ in what the operation needs.
trait AdaCredential {
    /// Scheme in the OpenAPI document.
    const SCHEME: SecurityScheme;
    /// Requirements of the operations.
    const NEEDS: Requirements;
}

impl<C: AdaCredential> Credential for C {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![C::SCHEME]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        admit(request, &C::NEEDS)
    }
}

/// Authenticates calls to v2 operations in the default rate limit class.
pub type PlatformAuth = Authenticated<PlatformKey>;

/// A general API key, for v2 operations.
pub struct PlatformKey;

impl AdaCredential for PlatformKey {
    const SCHEME: SecurityScheme = API_KEY;
    const NEEDS: Requirements = agent_key_requirements(GENERAL_KEYS, ApiClass::Ada);
}

/// Authenticates calls to the End Users API v2.
pub type EndUsersV2Auth = Authenticated<EndUsersV2Key>;

/// A general API key, for the End Users API v2.
pub struct EndUsersV2Key;

impl AdaCredential for EndUsersV2Key {
    const SCHEME: SecurityScheme = API_KEY;
    const NEEDS: Requirements = agent_key_requirements(GENERAL_KEYS, ApiClass::AdaEndUsers);
}

/// Authenticates calls to the End Users API v1. A later edition of the vendor's page accepts general keys
/// too (ada.md §1.1).
pub type EndUsersV1Auth = Authenticated<EndUsersV1Key>;

/// A key of the End Users API v1, or a general API key.
pub struct EndUsersV1Key;

impl AdaCredential for EndUsersV1Key {
    const SCHEME: SecurityScheme = API_KEY;
    const NEEDS: Requirements = agent_key_requirements(V1_KEYS, ApiClass::AdaEndUsersV1);
}

/// Authenticates an installation that asks for its own identity, also at its creator's host
/// (ada.md §2.5).
pub type InstallationSelfAuth = Authenticated<InstallationSelfToken>;

/// An installation token at the host of its agent or of its creator.
pub struct InstallationSelfToken;

impl AdaCredential for InstallationSelfToken {
    const SCHEME: SecurityScheme = INSTALLATION_TOKEN;
    const NEEDS: Requirements = installation_requirements(Scope::ReadInstallations, true);
}

/// Authenticates an installation that reads itself.
pub type ReadInstallationAuth = Authenticated<ReadInstallationToken>;

/// An installation token with the scope to read its installation.
pub struct ReadInstallationToken;

impl AdaCredential for ReadInstallationToken {
    const SCHEME: SecurityScheme = INSTALLATION_TOKEN;
    const NEEDS: Requirements = installation_requirements(Scope::ReadInstallations, false);
}

/// Authenticates an installation that updates itself.
pub type WriteInstallationAuth = Authenticated<WriteInstallationToken>;

/// An installation token with the scope to update its installation.
pub struct WriteInstallationToken;

impl AdaCredential for WriteInstallationToken {
    const SCHEME: SecurityScheme = INSTALLATION_TOKEN;
    const NEEDS: Requirements = installation_requirements(Scope::WriteInstallations, false);
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
