//! Who calls (botpress.md §3): a person with a personal access token, a bot or an integration with a
//! token of its own. Headers say in which workspace or which bot the caller acts.

use poem::{
    Request, RequestBody,
    http::{Method, header},
};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, registry::Registry};

use crate::{
    domain::{
        shared::limits::Class,
        tenancy::{
            account_call::PersonCall,
            api_keys::KeyKind,
            bearer_token::{Holder, MaybeHolder},
            billing,
            members::Role,
            request_auth::{Call, Place},
        },
    },
    http::{admitted, app, bearer, bearer_scheme, errors::Failure},
    kernel::{
        Error, Kind, Result, Rule, Violation,
        violation::{Location, Step},
    },
};

/// The header that names a workspace.
pub const WORKSPACE_ID: &str = "x-workspace-id";
/// The header that names a bot.
pub const BOT_ID: &str = "x-bot-id";
/// The header that names the integration that calls.
pub const INTEGRATION_ID: &str = "x-integration-id";

/// The name of the scheme in the document.
const SCHEME: &str = "BearerAuth";

/// Whatever has a token. A wrong one for the place is told that it is wrong: 403, not 401.
const KINDS: &[KeyKind] = &[
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
                registry.create_security_scheme(SCHEME, bearer_scheme(TOKEN));
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let admit: fn(&Request) -> Result<$call> = $admit;
                let call = admit(request).map_err(Failure)?;
                admitted(request, call.admission());
                Ok(Self(call))
            }
        }
    };
}

bearer! {
    /// A person, outside of any workspace.
    pub struct Person(PersonCall) = |request| app(request)?.admit_person(bearer(request)?)
}

bearer! {
    /// A member of the workspace that the header names.
    pub struct Member(Call) = member
}

bearer! {
    /// A member who may at least develop. The role is checked before the body is read.
    pub struct Developer(Call) = |request| {
        let call = member(request)?;
        call.require_role(Role::Developer)?;
        Ok(call)
    }
}

bearer! {
    /// A member who may at least manage. The role is checked before the body is read.
    pub struct Manager(Call) = |request| {
        let call = member(request)?;
        call.require_role(Role::Manager)?;
        Ok(call)
    }
}

fn member(request: &Request) -> Result<Call> {
    let token = bearer(request)?;
    let workspace = required(request, WORKSPACE_ID)?;
    let place = Place::Workspace(workspace);
    app(request)?.admit_at(&place, token, KINDS, Class::BotpressAdmin)
}

bearer! {
    /// A bot, or an integration that is installed in it, or a person who acts as one of them.
    pub struct InBot(Call) = |request| {
        let token = bearer(request)?;
        let place = Place::Bot {
            bot: required(request, BOT_ID)?,
            integration: given(request, INTEGRATION_ID),
        };
        let call = app(request)?.admit_at(&place, token, KINDS, Class::BotpressChat)?;
        // Each operation with a body changes something; the role is checked before the body is read.
        if [Method::POST, Method::PUT, Method::PATCH].contains(request.method()) {
            call.require_role(Role::Developer)?;
        }
        Ok(call)
    }
}

bearer! {
    /// The holder of a token, whose request names the bot elsewhere.
    pub struct Token(Holder) = holder
}

bearer! {
    /// Who may have a token.
    pub struct MaybeToken(MaybeHolder) = |request| Ok(MaybeHolder {
        app: app(request)?.clone(),
        holder: match request.header(header::AUTHORIZATION) {
            Some(_) => Some(holder(request)?),
            None => None,
        },
    })
}

fn holder(request: &Request) -> Result<Holder> {
    let integration = given(request, INTEGRATION_ID);
    app(request)?.holder(bearer(request)?, integration)
}

fn given<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.header(name).filter(|value| !value.is_empty())
}

fn required<'a>(request: &'a Request, name: &str) -> Result<&'a str> {
    given(request, name).ok_or_else(|| {
        Violation {
            location: Location::Header,
            path: vec![Step::Key(name.to_owned())],
            rule: Rule::Required,
        }
        .into()
    })
}

const TOKEN: &str = "A personal access token, or the token of a bot or an integration.";

bearer! {
    /// A member of the workspace that the path names as `id`. For others it is not there.
    pub struct OfWorkspace(Call) = of_workspace
}

bearer! {
    /// A member who may handle the money of the workspace in the path, which administrators may too.
    /// The role is checked before the body is read.
    pub struct Payer(Call) = |request| {
        let call = of_workspace(request)?;
        billing::require_role(&call)?;
        Ok(call)
    }
}

fn of_workspace(request: &Request) -> Result<Call> {
    let token = bearer(request)?;
    let id = workspace_in(request.uri().path());
    let place = Place::Workspace(id);
    let admitted = app(request)?.admit_at(&place, token, KINDS, Class::BotpressAdmin);
    let id = id.to_owned();
    let refused = move |error: Error| match error.kind() {
        Kind::Forbidden => Error::not_found(format!("Workspace \"{id}\" not found")),
        _ => error,
    };
    let call = admitted.map_err(&refused)?;
    Ok(call.refused_with(refused))
}

/// The workspace that a path names: `/v1/admin/workspaces/{id}/…`. The framework has its own names for
/// the parameters of a path.
fn workspace_in(path: &str) -> &str {
    let mut segments = path.split('/').skip_while(|one| *one != "workspaces");
    segments.nth(1).unwrap_or_default()
}
