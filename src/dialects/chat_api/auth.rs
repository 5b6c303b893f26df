//! Authentication extractors: anyone who knows the address of the installation, or the user whose key is in
//! the header `x-user-key`.

use std::borrow::Cow;

use poem::{Request, http::header};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    domain::{
        App,
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{AuthScope, RequestContext},
        },
        webchat,
    },
    http::{Authenticated, Credential, SecurityScheme},
    kernel::{Error, Result, Secret},
};

/// Header with the key of a user.
pub const USER_KEY_HEADER: &str = "x-user-key";

/// The security scheme in the OpenAPI document.
const USER_KEY: SecurityScheme = SecurityScheme::header(
    "UserKey",
    USER_KEY_HEADER,
    "The key of a user, from createUser or signed by you.",
);

/// The installation that a request is addressed to, with the integration's token.
#[derive(Clone)]
pub struct InstallationContext {
    pub app: App,
    pub bot: String,
    pub integration: String,
    pub configuration: Value,
    pub token: Secret,
}

impl InstallationContext {
    /// Authenticates the integration with its own token.
    fn admit(&self) -> Result<RequestContext> {
        let place = AuthScope::Bot {
            bot: &self.bot,
            integration: Some(&self.integration),
        };
        let kinds = &[KeyKind::BotpressIntegration];
        let token = self.token.expose();
        self.app
            .admit_in_scope(&place, token, kinds, ApiClass::BotpressChat)
    }

    /// Returns the context of the request to the installation.
    pub fn visit(&self) -> Result<webchat::WebchatRequest> {
        let call = self.admit()?;
        Ok(webchat::WebchatRequest::new(call, &self.configuration))
    }
}

fn find_installation(request: &Request) -> Result<&InstallationContext> {
    request
        .data::<InstallationContext>()
        .ok_or_else(|| Error::internal("a chat request has no installation", "no installation"))
}

/// Returns the user key of the request; empty if there is none. Only a WebSocket handshake has it in the query: a
/// browser sends no header of a page with it.
fn user_key(request: &Request) -> Cow<'_, str> {
    if let Some(key) = request.header(USER_KEY_HEADER) {
        return key.into();
    }
    let query = request
        .uri()
        .query()
        .filter(|_| asks_for_websocket(request));
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == USER_KEY_HEADER)
        .map(|(_, key)| key)
        .unwrap_or_default()
}

/// True for a WebSocket handshake.
pub fn asks_for_websocket(request: &Request) -> bool {
    let upgrade = request.header(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// Accepts any request.
pub type AnonymousAuth = Authenticated<NoKey>;

/// No key: the address of the installation is enough.
pub struct NoKey;

impl Credential for NoKey {
    type Context = webchat::WebchatRequest;

    fn security_schemes() -> Vec<SecurityScheme> {
        Vec::new()
    }

    fn authenticate(request: &Request) -> Result<webchat::WebchatRequest> {
        find_installation(request)?.visit()
    }
}

/// Authenticates a user by key.
pub type UserAuth = Authenticated<UserKey>;

/// The key of a user.
pub struct UserKey;

impl Credential for UserKey {
    type Context = webchat::WebchatUserRequest;

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![USER_KEY]
    }

    fn authenticate(request: &Request) -> Result<webchat::WebchatUserRequest> {
        let visit = find_installation(request)?.visit()?;
        visit.authenticate(&user_key(request))
    }
}

/// Accepts a request with any user key. The key is not checked here, because its user may not exist yet.
pub type UserKeyAuth = Authenticated<UncheckedUserKey>;

/// The key of a user who may not exist yet.
pub struct UncheckedUserKey;

impl Credential for UncheckedUserKey {
    /// The request and its key.
    type Context = (webchat::WebchatRequest, Secret);

    fn security_schemes() -> Vec<SecurityScheme> {
        vec![USER_KEY]
    }

    fn authenticate(request: &Request) -> Result<Self::Context> {
        let visit = find_installation(request)?.visit()?;
        Ok((visit, Secret::new(user_key(request).into_owned())))
    }
}
