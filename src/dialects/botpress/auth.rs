//! Authentication extractors (botpress.md §3). A personal access token authenticates a person; bots and
//! integrations have their own tokens. Headers name the workspace or the bot of the request.

use poem::{
    Request,
    http::{Method, header},
};

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
    http::{Authenticated, Credential, SecurityScheme, app, bearer_token, record_admission},
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

/// The security scheme in the OpenAPI document.
pub const BEARER: SecurityScheme = SecurityScheme::bearer(
    "BearerAuth",
    "A personal access token, or the token of a bot or an integration.",
);

/// Accepted token kinds. A valid token of the wrong kind for an endpoint gets 403, not 401.
const ACCEPTED_KEY_KINDS: &[KeyKind] = &[
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::BotpressIntegration,
    KeyKind::BotpressBotKey,
    KeyKind::BotpressIntegrationKey,
];

/// A person, outside any workspace.
pub type AccountCaller = Authenticated<AccountToken>;

/// The token of a person.
pub struct AccountToken;

impl Credential for AccountToken {
    type Context = AccountContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<AccountContext> {
        let call = app(request)?.admit_account(bearer_token(request)?)?;
        record_admission(request, call.admission());
        Ok(call)
    }
}

/// A member of the workspace that the header names.
pub type Member = Authenticated<MemberToken>;

/// The token of a member.
pub struct MemberToken;

impl Credential for MemberToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        authenticate_member(request)
    }
}

/// A member with at least the role developer. The role is checked before the body is read.
pub type Developer = Authenticated<DeveloperToken>;

/// The token of a member with at least the role developer.
pub struct DeveloperToken;

impl Credential for DeveloperToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = authenticate_member(request)?;
        call.require_role(Role::Developer)?;
        Ok(call)
    }
}

/// A member with at least the role manager. The role is checked before the body is read.
pub type Manager = Authenticated<ManagerToken>;

/// The token of a member with at least the role manager.
pub struct ManagerToken;

impl Credential for ManagerToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = authenticate_member(request)?;
        call.require_role(Role::Manager)?;
        Ok(call)
    }
}

/// A member with the role billing, administrator or owner in the workspace that the header names. The role is checked
/// before the body is read.
pub type BillingMember = Authenticated<BillingToken>;

/// The token of a member who manages the billing of the workspace.
pub struct BillingToken;

impl Credential for BillingToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = authenticate_member(request)?;
        billing::require_role(&call)?;
        Ok(call)
    }
}

pub fn authenticate_member(request: &Request) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    let place = AuthScope::Workspace(required_header(request, WORKSPACE_ID)?);
    let call =
        app(request)?.admit_in_scope(&place, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressAdmin)?;
    record_admission(request, call.admission());
    Ok(call)
}

/// A bot, an integration that is installed in the bot, or a person who acts as one of them.
pub type BotCaller = Authenticated<BotToken>;

/// The token of a bot, of an integration or of a person, for a bot.
pub struct BotToken;

impl Credential for BotToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        authenticate_for_bot(request, ApiClass::BotpressChat)
    }
}

impl BotToken {
    /// Admits the caller with any role.
    pub fn admit(request: &Request) -> Result<RequestContext> {
        admit_for_bot(request, ApiClass::BotpressChat)
    }
}

/// Admits the caller of a request in another bot, as the same integration if it is one.
///
/// # Errors
/// `Forbidden` for a token that does not act for the bot, and the errors of [`BotToken`].
pub fn admit_in_bot(request: &Request, bot: &str) -> Result<RequestContext> {
    let integration = optional_header(request, INTEGRATION_ID);
    let scope = AuthScope::Bot { bot, integration };
    let token = bearer_token(request)?;
    app(request)?.admit_in_scope(&scope, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressChat)
}

/// Admits the caller of a request to a bot, with a role that may write if the request writes.
///
/// # Errors
/// The errors of [`BotToken`].
pub fn authenticate_for_bot(request: &Request, class: ApiClass) -> Result<RequestContext> {
    let call = admit_for_bot(request, class)?;
    if is_writing(request) {
        call.require_role(Role::Developer)?;
    }
    Ok(call)
}

fn admit_for_bot(request: &Request, class: ApiClass) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    let (scope, kinds) = bot_scope(request, token)?;
    let call = app(request)?.admit_in_scope(&scope, token, kinds, class)?;
    record_admission(request, call.admission());
    Ok(call)
}

/// True for a request with a body. Nearly all of them write, so the role is checked before the body is read.
pub fn is_writing(request: &Request) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(request.method())
}

/// Returns the scope of a request to a bot, and the kinds of keys that it accepts.
fn bot_scope<'a>(request: &'a Request, token: &str) -> Result<(AuthScope<'a>, &'static [KeyKind])> {
    let integration = optional_header(request, INTEGRATION_ID);
    let is_bot_key = token.starts_with(KeyKind::BotpressBotKey.prefix());
    if is_bot_key && integration.is_none() && optional_header(request, BOT_ID).is_none() {
        // wire: an API key of a bot names its bot by itself (botpress-today.md §3)
        return Ok((AuthScope::Own, &[KeyKind::BotpressBotKey]));
    }
    let bot = required_header(request, BOT_ID)?;
    Ok((AuthScope::Bot { bot, integration }, ACCEPTED_KEY_KINDS))
}

/// The holder of a token. The request names the bot outside the headers.
pub type TokenHolder = Authenticated<AnyToken>;

/// A token whose scope is not known yet.
pub struct AnyToken;

impl Credential for AnyToken {
    type Context = BearerToken;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<BearerToken> {
        authenticate_token(request)
    }
}

/// An optional token; requests without an `Authorization` header are anonymous.
pub type OptionalTokenHolder = Authenticated<OptionalToken>;

/// A token, or none.
pub struct OptionalToken;

impl Credential for OptionalToken {
    type Context = OptionalBearerToken;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<OptionalBearerToken> {
        Ok(OptionalBearerToken {
            app: app(request)?.clone(),
            token: match request.header(header::AUTHORIZATION) {
                Some(_) => Some(authenticate_token(request)?),
                None => None,
            },
        })
    }
}

fn authenticate_token(request: &Request) -> Result<BearerToken> {
    let integration = optional_header(request, INTEGRATION_ID);
    let token = app(request)?.verify_bearer_token(bearer_token(request)?, integration)?;
    record_admission(request, token.admission());
    Ok(token)
}

/// A member of the workspace that the path parameter `id` names. Other callers get 404.
pub type PathMember = Authenticated<PathMemberToken>;

/// The token of a member of the workspace in the path.
pub struct PathMemberToken;

impl Credential for PathMemberToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        authenticate_path_member(request)
    }
}

/// A member with the role billing, administrator or owner in the workspace of the path. The role is
/// checked before the body is read.
pub type PathBillingMember = Authenticated<PathBillingToken>;

/// The token of a member who manages the billing of the workspace in the path.
pub struct PathBillingToken;

impl Credential for PathBillingToken {
    type Context = RequestContext;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![BEARER]
    }

    fn authenticate(request: &Request) -> Result<RequestContext> {
        let call = authenticate_path_member(request)?;
        billing::require_role(&call)?;
        Ok(call)
    }
}

fn authenticate_path_member(request: &Request) -> Result<RequestContext> {
    let token = bearer_token(request)?;
    let id = segment_after("workspaces", request.uri().path());
    let place = AuthScope::Workspace(id);
    let admitted =
        app(request)?.admit_in_scope(&place, token, ACCEPTED_KEY_KINDS, ApiClass::BotpressAdmin);
    let id = id.to_owned();
    let refused = move |error: Error| match error.kind() {
        Kind::Forbidden => Error::not_found(format!("Workspace \"{id}\" not found")),
        _ => error,
    };
    let call = admitted.map_err(&refused)?;
    record_admission(request, call.admission());
    Ok(call.with_error_map(refused))
}

pub fn optional_header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
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

/// Returns the segment after another one in a path of the form `/v1/admin/workspaces/{id}/…`. It reads the path because
/// poem names the path parameters differently.
pub fn segment_after<'a>(name: &str, path: &'a str) -> &'a str {
    let mut segments = path.split('/').skip_while(|one| *one != name);
    segments.nth(1).unwrap_or_default()
}
