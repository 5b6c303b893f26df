//! Holders of tokens who are yet to be found to act for a bot: their requests name it in the body, or by
//! what they ask for.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    admission::Admission,
    api_keys::{self, KeyKind, Owner},
    request_auth::{Call, Place, unauthenticated},
};
use crate::{
    domain::{App, shared::limits::Class},
    kernel::{
        Result, Secret,
        ids::{AgentId, WorkspaceId},
        secret::TokenHash,
    },
};

/// The holder of a token.
pub struct Holder {
    app: App,
    token: Secret,
    integration: Option<String>,
    admission: Arc<Admission>,
}

/// Who may have a token.
pub struct MaybeHolder {
    /// The domain that is asked.
    pub app: App,
    /// The holder, if there is a token.
    pub holder: Option<Holder>,
}

/// For whom a token acts in a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// The bot's workspace.
    pub workspace: WorkspaceId,
    /// The bot.
    pub bot: AgentId,
    /// The account that calls; the user that the bot is itself if no person does.
    pub user: String,
}

/// The kinds of key that act in bots.
const KINDS: &[KeyKind] = &[
    KeyKind::BotpressPat,
    KeyKind::BotpressBot,
    KeyKind::BotpressIntegration,
];

impl App {
    /// The holder of a token, who may say that it acts as an integration. The token of an integration
    /// acts as that one without saying so.
    ///
    /// # Errors
    /// `Unauthenticated` for what is no valid token, or those of the store.
    pub fn holder(&self, token: &str, integration: Option<&str>) -> Result<Holder> {
        let hash = TokenHash::of(token);
        let find = |conn: &Connection| api_keys::find_valid(conn, &hash);
        let (generation, found) = self
            .store()
            .read(|conn| api_keys::in_generation(conn, find))?;
        let principal = found
            .filter(|principal| KINDS.contains(&principal.kind))
            .ok_or_else(unauthenticated)?;
        let own = match &principal.owner {
            Owner::Integration(_, id) => Some(id.as_str()),
            _ => None,
        };
        Ok(Holder {
            app: self.clone(),
            token: Secret::new(token),
            integration: integration.or(own).map(str::to_owned),
            admission: Admission::of_key(self, principal.key_id.clone(), generation),
        })
    }
}

impl MaybeHolder {
    /// The admission of the holder, if there is a token.
    #[must_use]
    pub fn admission(&self) -> Option<&Arc<Admission>> {
        self.holder.as_ref().map(Holder::admission)
    }
}

impl Holder {
    pub(in crate::domain) const fn app(&self) -> &App {
        &self.app
    }

    /// The admission of the token's holder.
    #[must_use]
    pub const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// The holder as a caller in a bot.
    ///
    /// # Errors
    /// `Forbidden` if the token does not act for it, and those of [`App::admit_at`].
    pub(in crate::domain) fn in_bot(&self, bot: &str) -> Result<Call> {
        let place = Place::Bot {
            bot,
            integration: self.integration.as_deref(),
        };
        self.app
            .admit_at(&place, self.token.expose(), KINDS, Class::BotpressChat)
    }

    /// For whom the token acts in a bot.
    ///
    /// # Errors
    /// `Forbidden` if it does not act for it, and those of [`App::admit_at`].
    pub fn introspect(&self, bot: &str) -> Result<Introspection> {
        let call = self.in_bot(bot)?;
        let bot = call.agent()?.id.clone();
        Ok(Introspection {
            workspace: call.workspace().clone(),
            user: match &call.caller().owner {
                Owner::Account(account) => account.to_string(),
                _ => bot.to_string(),
            },
            bot,
        })
    }
}
