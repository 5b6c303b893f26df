//! Who calls: the holder of a key of an agent, which is an Ada instance, or an installation of a
//! platform integration with its access token.
//!
//! Each extractor names the scope that such a token needs for its operations; one that names none
//! refuses every such token.

use poem::{Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use super::standing;
use crate::{
    domain::{
        platform_integrations::Scope,
        shared::limits::Class,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{self, Call, Caller},
        },
    },
    http::{admitted, app, bearer, bearer_scheme, errors::Failure, origin},
    kernel::Result,
};

/// The name of the scheme of platform keys in the documents.
const BEARER: &str = "BearerAuth";
/// The name of the scheme of installations' tokens in the documents.
const INSTALLATION_TOKEN: &str = "InstallationToken";

/// What a host name ends with that selects the agent: `{handle}.localhost`, as the cloud does with
/// `{handle}.ada.support`.
const HOST_SUFFIX: &str = ".localhost";

macro_rules! bearer {
    ($(#[$doc:meta])* pub struct $name:ident, $scheme:expr, $needs:expr) => {
        $(#[$doc])*
        pub struct $name(pub Call);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme($scheme, bearer_scheme(described($scheme)));
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

/// What an extractor asks of a call.
struct Needs {
    /// The kinds of key that are known here. An installation's token is known everywhere, so that
    /// where it does not suffice the answer says so.
    keys: &'static [KeyKind],
    /// What the call counts as.
    class: Class,
    /// The scope that an installation's token needs. Without one, no such token will do.
    scope: Option<Scope>,
    /// Whether an installation may also call the host of the agent that created what is installed.
    creator_host: bool,
}

const GENERAL: &[KeyKind] = &[KeyKind::Ada, KeyKind::AdaInstallation];
const OF_V1: &[KeyKind] = &[KeyKind::AdaEndUsers, KeyKind::Ada, KeyKind::AdaInstallation];

/// What operations need that are for the agent's own keys alone.
const fn own_key(keys: &'static [KeyKind], class: Class) -> Needs {
    Needs {
        keys,
        class,
        scope: None,
        creator_host: false,
    }
}

/// What operations need that are for installations alone.
const fn installation(scope: Scope, creator_host: bool) -> Needs {
    Needs {
        // A key is told that it is the wrong kind: 403, not 401.
        keys: GENERAL,
        class: Class::Ada,
        scope: Some(scope),
        creator_host,
    }
}

bearer! {
    /// A call to whatever of v2 has no class of its own.
    pub struct Platform, BEARER, own_key(GENERAL, Class::Ada)
}

bearer! {
    /// A call to the End Users API v2.
    pub struct EndUsersV2, BEARER, own_key(GENERAL, Class::AdaEndUsers)
}

bearer! {
    /// A call to the End Users API v1. A later edition of the vendor's page accepts general keys
    /// too (ada.md §1.1).
    pub struct EndUsersV1, BEARER, own_key(OF_V1, Class::AdaEndUsersV1)
}

bearer! {
    /// An installation that asks who it is. It does so at its creator's host (ada.md §2.5).
    pub struct AnyInstallation, INSTALLATION_TOKEN, installation(Scope::ReadInstallations, true)
}

bearer! {
    /// An installation that reads itself.
    pub struct ReadInstallation, INSTALLATION_TOKEN, installation(Scope::ReadInstallations, false)
}

bearer! {
    /// An installation that changes itself.
    pub struct WriteInstallation, INSTALLATION_TOKEN,
    installation(Scope::WriteInstallations, false)
}

fn admit(request: &Request, needs: &Needs) -> Result<Call> {
    let app = app(request)?;
    let key = bearer(request)?;
    let call = app.admit(key, needs.keys, needs.class)?;
    admitted(request, call.admission());
    if let Some(handle) = selected_handle(request) {
        let (handle, creator_host) = (handle.to_owned(), needs.creator_host);
        call.require_of_caller(
            move |caller| match is_at_home(caller, creator_host, &handle) {
                true => Ok(()),
                // In the cloud, another instance does not know the key.
                false => Err(request_auth::unauthenticated()),
            },
        )?;
    }
    call.require(needs.scope)?;
    standing::note(request, call.standing());
    Ok(call)
}

/// Whether the host of the agent with this handle knows the key.
fn is_at_home(caller: &Caller, creator_host: bool, handle: &str) -> bool {
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

/// The handle that the host name selects, if it selects one.
pub fn selected_handle(request: &Request) -> Option<&str> {
    let host = origin::host(request)?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(HOST_SUFFIX)
}

fn described(name: &str) -> &'static str {
    match name {
        INSTALLATION_TOKEN => "The access token of an installation.",
        _ => "Your API key.",
    }
}
