//! Calls that a person makes outside of any workspace: to its own account, and to find or make
//! workspaces (botpress.md §3).

use std::sync::Arc;

use super::{
    access::unauthenticated,
    api_keys::{self, KeyKind, Owner},
    audit::Actor,
    change::Change,
    context::Domain,
    limits::Class,
};
use crate::kernel::{
    Error, Kind, Result,
    ids::{AccountId, ApiKeyId},
    secret::TokenHash,
};

/// An authenticated call of a person within its limits.
pub struct PersonCall {
    domain: Domain,
    account: AccountId,
    key: ApiKeyId,
}

impl PersonCall {
    /// The domain that the call is made to.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The person's account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Makes a change for the person.
    ///
    /// # Errors
    /// That of `job`, after which nothing is changed, or of the store.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Change<'_>, &AccountId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let account = self.account.clone();
        self.domain
            .change_as(Actor::Key(self.key.clone()), move |change| {
                job(change, &account)
            })
            .await
    }
}

impl Domain {
    /// Admits a call with a personal access token, outside of any workspace.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden` for a bot's or an integration's token, `RateLimited`, or those
    /// of the store.
    pub fn admit_person(&self, token: &str) -> Result<PersonCall> {
        let hash = TokenHash::of(token);
        let principal = self
            .store()
            .read(|conn| api_keys::find_valid(conn, &hash))?
            .ok_or_else(unauthenticated)?;
        let account = match (principal.kind, principal.owner) {
            (KeyKind::BotpressPat, Owner::Account(account)) => account,
            (KeyKind::BotpressBot | KeyKind::BotpressIntegration, _) => {
                return Err(Error::new(
                    Kind::Forbidden,
                    "This needs a personal access token",
                ));
            }
            _ => return Err(unauthenticated()),
        };
        let now = self.clock().now();
        self.meter()
            .take_from_person(&account, Class::BotpressAdmin, now)?;
        self.note_use(principal.key_id.clone(), now);
        Ok(PersonCall {
            domain: self.clone(),
            account,
            key: principal.key_id,
        })
    }

    fn note_use(&self, key: ApiKeyId, now: crate::kernel::Timestamp) {
        let used = super::keyring::Used::once(key, now);
        self.meter().note_use(Arc::new(used));
    }
}
