//! Bearer tokens of requests that name their bot in the body, or only through the resource that they use. The token is
//! verified first, and its scope later.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    admission::Admission,
    api_keys::{self, KeyKind, KeyOwner},
    request_auth::{AuthScope, RequestContext, unauthenticated_error},
};
use crate::{
    domain::{App, shared::rate_limits::ApiClass},
    kernel::{
        Error, Kind, Result, Secret,
        ids::{AgentId, WorkspaceId},
        secret::TokenHash,
    },
};

/// Verified token whose scope is not known yet.
pub struct BearerToken {
    app: App,
    token: Secret,
    integration: Option<String>,
    admission: Arc<Admission>,
    kind: KeyKind,
}

/// Token that may be absent.
pub struct OptionalBearerToken {
    /// The application that serves the request.
    pub app: App,
    /// The token, if the request has one.
    pub token: Option<BearerToken>,
}

/// Workspace, bot and user for which a token acts in a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// Workspace of the bot.
    pub workspace: WorkspaceId,
    /// Id of the bot.
    pub bot: AgentId,
    /// Id of the calling account; the id of the bot's own user if the caller is not a person.
    pub user: String,
}

/// Kinds of keys that act in bots.
const ACCEPTED_KEY_KINDS: &[KeyKind] = &[
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::BotpressIntegration,
    KeyKind::BotpressBotKey,
    KeyKind::BotpressIntegrationKey,
];

impl App {
    /// Verifies a token. `integration` is the integration that the request acts as. The token of an integration acts
    /// as that integration by default.
    ///
    /// # Errors
    /// `Unauthenticated` for an invalid token, and errors of the store.
    pub fn verify_bearer_token(
        &self,
        token: &str,
        integration: Option<&str>,
    ) -> Result<BearerToken> {
        let hash = TokenHash::of(token);
        let find = |conn: &Connection| api_keys::find_valid(conn, &hash);
        let (generation, found) = self
            .store()
            .read(|conn| api_keys::read_with_generation(conn, find))?;
        let principal = found
            .filter(|principal| ACCEPTED_KEY_KINDS.contains(&principal.kind))
            .ok_or_else(unauthenticated_error)?;
        let own = match &principal.owner {
            KeyOwner::Integration(_, id) => Some(id.as_str()),
            _ => None,
        };
        Ok(BearerToken {
            app: self.clone(),
            token: Secret::new(token),
            integration: integration.or(own).map(str::to_owned),
            kind: principal.kind,
            admission: Admission::for_key(self, principal.key_id.clone(), generation),
        })
    }
}

impl BearerToken {
    pub(in crate::domain) const fn app(&self) -> &App {
        &self.app
    }

    /// Returns the admission of the token.
    #[must_use]
    pub const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Admits the request in a bot.
    ///
    /// # Errors
    /// `Forbidden` if the token does not act for the bot, and the errors of [`App::admit_in_scope`].
    pub(in crate::domain) fn admit_in_bot(&self, bot: &str) -> Result<RequestContext> {
        let scope = AuthScope::Bot {
            bot,
            integration: self.integration.as_deref(),
        };
        self.app.admit_in_scope(
            &scope,
            self.token.expose(),
            ACCEPTED_KEY_KINDS,
            ApiClass::BotpressChat,
        )
    }

    /// Returns the workspace, bot and user for which the token acts in a bot.
    ///
    /// # Errors
    /// `Forbidden` if the token does not act for the bot, and the errors of [`App::admit_in_scope`].
    pub fn introspect(&self, bot: &str) -> Result<Introspection> {
        // wire: an API key of a bot never works below `/v1/admin` (botpress-today.md §3)
        if self.kind == KeyKind::BotpressBotKey {
            return Err(Error::new(
                Kind::Forbidden,
                "An API key of a bot does not work here",
            ));
        }
        let call = self.admit_in_bot(bot)?;
        let bot = call.agent()?.id.clone();
        Ok(Introspection {
            workspace: call.workspace().clone(),
            user: match &call.principal().owner {
                KeyOwner::Account(account) => account.to_string(),
                _ => bot.to_string(),
            },
            bot,
        })
    }
}
