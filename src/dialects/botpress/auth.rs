//! Authentication extractors (botpress.md §3). A personal access token authenticates a person; bots and
//! integrations have their own tokens. Headers name the workspace or the bot of the request.

use poem::{
    Request, RequestBody,
    http::{Method, header},
};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::{
        shared::rate_limits::ApiClass,
        tenancy::{
            account_call::AccountContext,
            api_keys::KeyKind,
            bearer_token::{BearerToken, OptionalBearerToken},
            billing,
            members::Role,
            request_auth::{AuthScope, RequestContext},
        },
    },
    http::{app, bearer_scheme, bearer_token, errors::Failure, record_admission},
    kernel::{
        Error, Kind, Result, Rule, Violation,
        violation::{Location, PathSegment},
    },
};

/// Header that names the workspace of the request.
pub const WORKSPACE_ID: &str = "x-workspace-id";
/// Header that names the bot of the request.
pub const BOT_ID: &str = "x-bot-id";
/// Header that names the integration that makes the request.
pub const INTEGRATION_ID: &str = "x-integration-id";

/// Name of the security scheme in the OpenAPI document.
const SECURITY_SCHEME: &str = "BearerAuth";

/// Accepted token kinds. A valid token of the wrong kind for an endpoint gets 403, not 401.
const ACCEPTED_KEY_KINDS: &[KeyKind] = &[
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::BotpressIntegration,
];

macro_rules! bearer {
    ($(#[$doc:meta])* pub struct $name:ident($call:ty) = $admit:expr) => {
        $(#[$doc])*
        pub struct $name(pub $call);

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(SECURITY_SCHEME, bearer_scheme(SCHEME_DESCRIPTION));
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SECURITY_SCHEME]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let admit: fn(&Request) -> Result<$call> = $admit;
                let call = admit(request).map_err(Failure)?;
                record_admission(request, call.admission());
                Ok(Self(call))
            }
        }
    };
}

bearer! {
    /// A person, outside any workspace.
    pub struct AccountCaller(AccountContext) = |request| app(request)?.admit_account(bearer_token(request)?)
}

bearer! {
    /// A member of the workspace that the header names.
    pub struct Member(RequestContext) = authenticate_member
}

bearer! {
    /// A member with at least the role developer. The role is checked before the body is read.
    pub struct Developer(RequestContext) = |request| {
        let call = authenticate_member(request)?;
        call.require_role(Role::Developer)?;
        Ok(call)
    }
}

bearer! {
    /// A member with at least the role manager. The role is checked before the body is read.
    pub struct Manager(RequestContext) = |request| {
        let call = authenticate_member(request)?;
        call.require_role(Role::Manager)?;
        Ok(call)
    }
}

fn authenticate_member(request: &Request) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    let workspace = required_header(request, WORKSPACE_ID)?;
    let place = AuthScope::Workspace(workspace);
    app(request)?.admit_in_scope(&place, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressAdmin)
}

bearer! {
    /// A bot, an integration that is installed in the bot, or a person who acts as one of them.
    pub struct BotCaller(RequestContext) = |request| {
        let token = bearer_token(request)?;
        let place = AuthScope::Bot {
            bot: required_header(request, BOT_ID)?,
            integration: optional_header(request, INTEGRATION_ID),
        };
        let call = app(request)?.admit_in_scope(&place, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressChat)?;
        // Every operation with a body writes, so the role is checked before the body is read.
        if [Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
            call.require_role(Role::Developer)?;
        }
        Ok(call)
    }
}

bearer! {
    /// The holder of a token. The request names the bot outside the headers.
    pub struct TokenHolder(BearerToken) = authenticate_token
}

bearer! {
    /// An optional token; requests without an `Authorization` header are anonymous.
    pub struct OptionalTokenHolder(OptionalBearerToken) = |request| Ok(OptionalBearerToken {
        app: app(request)?.clone(),
        token: match request.header(header::AUTHORIZATION) {
            Some(_) => Some(authenticate_token(request)?),
            None => None,
        },
    })
}

fn authenticate_token(request: &Request) -> Result<BearerToken> {
    let integration = optional_header(request, INTEGRATION_ID);
    app(request)?.verify_bearer_token(bearer_token(request)?, integration)
}

fn optional_header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.header(name).filter(|value| !value.is_empty())
}

fn required_header<'a>(request: &'a Request, name: &str) -> Result<&'a str> {
    optional_header(request, name).ok_or_else(|| {
        Violation {
            location: Location::Header,
            path: vec![PathSegment::Key(name.to_owned())],
            rule: Rule::Required,
        }
        .into()
    })
}

const SCHEME_DESCRIPTION: &str =
    "A personal access token, or the token of a bot or an integration.";

bearer! {
    /// A member of the workspace that the path parameter `id` names. Other callers get 404.
    pub struct PathMember(RequestContext) = authenticate_path_member
}

bearer! {
    /// A member with the role billing, administrator or owner in the workspace of the path. The role is
    /// checked before the body is read.
    pub struct PathBillingMember(RequestContext) = |request| {
        let call = authenticate_path_member(request)?;
        billing::require_role(&call)?;
        Ok(call)
    }
}

fn authenticate_path_member(request: &Request) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    let id = workspace_id_in_path(request.uri().path());
    let place = AuthScope::Workspace(id);
    let admitted =
        app(request)?.admit_in_scope(&place, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressAdmin);
    let id = id.to_owned();
    let refused = move |error: Error| match error.kind() {
        Kind::Forbidden => Error::not_found(format!("Workspace \"{id}\" not found")),
        _ => error,
    };
    let call = admitted.map_err(&refused)?;
    Ok(call.with_error_map(refused))
}

/// Returns the workspace id in a path of the form `/v1/admin/workspaces/{id}/…`. It reads the path because
/// poem names the path parameters differently.
fn workspace_id_in_path(path: &str) -> &str {
    let mut segments = path.split('/').skip_while(|one| *one != "workspaces");
    segments.nth(1).unwrap_or_default()
}
