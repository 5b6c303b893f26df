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
const BEARER: SecurityScheme = SecurityScheme::bearer(
    "BearerAuth",
    "A personal access token, or the token of a bot or an integration.",
);

/// Accepted token kinds. A valid token of the wrong kind for an endpoint gets 403, not 401.
const ACCEPTED_KEY_KINDS: &[KeyKind] = &[
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::BotpressIntegration,
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

fn authenticate_member(request: &Request) -> Result<RequestContext> {
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
        let token = bearer_token(request)?;
        let place = AuthScope::Bot {
            bot: required_header(request, BOT_ID)?,
            integration: optional_header(request, INTEGRATION_ID),
        };
        let call = app(request)?.admit_in_scope(
            &place,
            token,
            ACCEPTED_KEY_KINDS,
            ApiClass::BotpressChat,
        )?;
        record_admission(request, call.admission());
        // Every operation with a body writes, so the role is checked before the body is read.
        if [Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
            call.require_role(Role::Developer)?;
        }
        Ok(call)
    }
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
    record_admission(request, call.admission());
    Ok(call.with_error_map(refused))
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

/// Returns the workspace id in a path of the form `/v1/admin/workspaces/{id}/…`. It reads the path because
/// poem names the path parameters differently.
fn workspace_id_in_path(path: &str) -> &str {
    let mut segments = path.split('/').skip_while(|one| *one != "workspaces");
    segments.nth(1).unwrap_or_default()
}
