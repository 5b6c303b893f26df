//! Request contexts of the chat: a request to an installation, with or without an authenticated user.

use serde_json::Value;

use super::{
    foreign_ids,
    publisher::Publisher,
    signal_webhook::{SignalWebhook, WebhookAddress},
    user_keys,
};
use crate::{
    domain::{
        bots::author::Author,
        tenancy::request_auth::{ActingInstallation, RequestContext},
    },
    kernel::{Error, Kind, Result, Secret, ids::EndUserId},
};

/// A request to an installation of the chat. The integration handles it with a call of its own.
pub struct WebchatRequest {
    call: RequestContext,
    /// Signing secret of the installation's owner, if the owner signs the user keys.
    owner_secret: Option<Secret>,
    /// Address that the installation's signals are posted to.
    webhook: Option<WebhookAddress>,
}

/// A request of an authenticated user of the chat.
pub struct WebchatUserRequest {
    pub(super) request: WebchatRequest,
    /// Id of the user in the chat.
    pub(super) fid: String,
    /// The user's own id in the bot.
    pub(super) id: EndUserId,
    pub(super) seq: i64,
}

impl WebchatRequest {
    /// Creates the context of a request to the installation that made the call, with that installation's
    /// configuration.
    #[must_use]
    pub fn new(call: RequestContext, configuration: &Value) -> Self {
        Self {
            owner_secret: user_keys::parse_owner_secret(configuration.get("encryptionKey")),
            webhook: WebhookAddress::parse(configuration),
            call,
        }
    }

    /// Authenticates the user by a key.
    ///
    /// # Errors
    /// `Unauthenticated` if the key is invalid or the user does not exist; errors of the store.
    pub fn authenticate(self, key: &str) -> Result<WebchatUserRequest> {
        let claims = self.verify_key(key)?;
        let author = self.author()?;
        let found = self
            .read_store(|conn| foreign_ids::find_user(conn, author.bot(), &claims.id))?
            .filter(|user| claims.belongs_to(&user.id));
        let user = found.ok_or_else(user_not_found)?;
        let (agent, fid, id) = (author.bot().clone(), claims.id.clone(), user.id.clone());
        self.call.admission().add_condition(move |present| {
            match foreign_ids::find_user(present.conn, &agent, &fid)? {
                Some(user) if user.id == id => Ok(()),
                _ => Err(user_not_found()),
            }
        });
        Ok(WebchatUserRequest {
            request: self,
            fid: claims.id,
            id: user.id,
            seq: user.seq,
        })
    }

    pub(super) const fn call(&self) -> &RequestContext {
        &self.call
    }

    pub(super) fn author(&self) -> Result<Author> {
        Author::from_call(&self.call)
    }

    /// Returns the signing secret of the installation's owner; `None` if this server signs the keys.
    pub(super) const fn owner_secret(&self) -> Option<&Secret> {
        self.owner_secret.as_ref()
    }

    /// Returns the publisher of the signals of a conversation.
    pub(super) fn publisher(&self, conversation: i64) -> Result<Publisher> {
        let webhook = match &self.webhook {
            Some(address) => Some(SignalWebhook {
                installation: self.installation()?.seq,
                bot: self.author()?.bot().id.clone(),
                address: address.clone(),
            }),
            None => None,
        };
        Ok(Publisher {
            conversation,
            webhook,
        })
    }

    /// Returns the installation.
    pub(super) fn installation(&self) -> Result<&ActingInstallation> {
        let installation = self.call.principal().installation.as_ref();
        installation
            .ok_or_else(|| Error::new(Kind::Forbidden, "Only the integration itself may do this"))
    }

    /// Verifies a key for this installation, and returns its claims. The call's admission ends with the key.
    ///
    /// # Errors
    /// `Unauthenticated`, or errors of the store.
    pub(super) fn verify_key(&self, key: &str) -> Result<user_keys::Claims> {
        let app = self.call.app();
        let (now, seq) = (app.clock().now(), self.installation()?.seq);
        let claims = match &self.owner_secret {
            Some(secret) => user_keys::verify(secret, key, now)?,
            None => {
                let secret =
                    self.read_store(|conn| user_keys::find_secret(conn, app.sealer(), seq))?;
                user_keys::verify(&secret.ok_or_else(user_keys::invalid_key)?, key, now)?
            }
        };
        let admission = self.call.admission();
        if let Some(end) = claims.expires_at() {
            admission.limit_until(end);
        }
        let (sealer, key) = (app.sealer().clone(), Secret::new(key));
        admission.add_condition(move |present| {
            let secret = user_keys::find_current_secret(present.conn, &sealer, seq)?;
            let secret = secret.ok_or_else(user_keys::invalid_key)?;
            user_keys::verify(&secret, key.expose(), present.now).map(drop)
        });
        Ok(claims)
    }

    fn read_store<T>(&self, read: impl FnOnce(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        self.call.app().store().read(read)
    }
}

impl WebchatUserRequest {
    pub(super) const fn call(&self) -> &RequestContext {
        self.request.call()
    }

    pub(super) fn author(&self) -> Result<Author> {
        self.request.author()
    }

    pub(super) fn publisher(&self, conversation: i64) -> Result<Publisher> {
        self.request.publisher(conversation)
    }
}

/// Returns the error for a valid key of a user who does not exist.
pub(super) fn user_not_found() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "User not found by this x-user-key: it was deleted, or not created yet",
    )
}
