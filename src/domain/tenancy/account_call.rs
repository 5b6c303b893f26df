//! Requests that a person makes outside of any workspace: to their own account, and to list or create workspaces
//! (botpress.md §3).

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    admission::Admission,
    api_keys::{self, KeyKind, KeyOwner},
    app::App,
    audit::Actor,
    request_auth::unauthenticated_error,
    write_tx::WriteTx,
};
use crate::{
    domain::shared::rate_limits::ApiClass,
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AccountId, ApiKeyId},
        secret::TokenHash,
    },
};

/// Context of an authenticated request of a person that is within the rate limits.
pub struct AccountContext {
    app: App,
    account: AccountId,
    key: ApiKeyId,
    admission: Arc<Admission>,
}

impl AccountContext {
    /// Returns the application that serves the request.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Returns the id of the person's account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the admission of the request.
    #[must_use]
    pub const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Runs `job` in a write transaction for the person, if the token is still valid in it.
    ///
    /// # Errors
    /// `Unauthenticated` if the token is revoked by then, errors of `job` (nothing is written then), and errors of the
    /// store.
    pub(in crate::domain) async fn run_write_tx<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTx<'_>, &AccountId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let account = self.account.clone();
        self.app
            .run_write_tx_if_admitted(
                Actor::Key(self.key.clone()),
                Some(self.admission.clone()),
                move |tx| job(tx, &account),
            )
            .await
    }
}

impl App {
    /// Admits a request with a personal access token, outside of any workspace.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden` for the token of a bot or an integration, `RateLimited`, and errors of the
    /// store.
    pub fn admit_account(&self, token: &str) -> Result<AccountContext> {
        let hash = TokenHash::of(token);
        let find = |conn: &Connection| api_keys::find_valid(conn, &hash);
        let (generation, found) = self
            .store()
            .read(|conn| api_keys::read_with_generation(conn, find))?;
        let principal = found.ok_or_else(unauthenticated_error)?;
        let account = match (principal.kind, principal.owner) {
            (KeyKind::BotpressPat, KeyOwner::Account(account)) => account,
            (
                KeyKind::BotpressBot
                | KeyKind::BotpressIntegration
                | KeyKind::BotpressBotKey
                | KeyKind::BotpressIntegrationKey,
                _,
            ) => {
                return Err(Error::new(
                    Kind::Forbidden,
                    "This needs a personal access token",
                ));
            }
            _ => return Err(unauthenticated_error()),
        };
        let now = self.clock().now();
        self.meter()
            .take_account_request(&account, ApiClass::BotpressAdmin, now)?;
        self.record_key_use(principal.key_id.clone(), now);
        Ok(AccountContext {
            app: self.clone(),
            account,
            admission: Admission::for_key(self, principal.key_id.clone(), generation),
            key: principal.key_id,
        })
    }

    /// Records that a key is used now.
    pub(in crate::domain) fn record_key_use(&self, key: ApiKeyId, now: Timestamp) {
        let used = super::keyring::KeyUse::new_queued(key, now);
        self.meter().queue_key_use(Arc::new(used));
    }
}
