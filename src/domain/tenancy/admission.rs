//! The admission of a request: the key and the conditions that let it in, checked again when they are used.
//!
//! A request is admitted when its headers are read. Its body may arrive a minute later, and by then its key may be
//! revoked, its member removed, or its installation deleted. So the key generation is compared again after the body is
//! read, and in the transaction of every write. If the generation has changed, the principal is resolved again, and
//! the request gets the result that a new request would get.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    api_keys,
    app::App,
    keyring::CachedKey,
    request_auth::{Principal, unauthenticated_error},
};
use crate::kernel::{Error, Kind, Result, Timestamp, ids::ApiKeyId};

/// Delay after which a client may repeat a request whose bot or installation changed meanwhile.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Admission of a request.
pub struct Admission {
    app: App,
    subject: AdmissionSubject,
    state: Mutex<AdmissionState>,
}

/// Subject of an admission.
enum AdmissionSubject {
    /// A principal in its tenant.
    Principal(Arc<CachedKey>),
    /// The owner of a key, outside of any tenant, and the key generation in which the key was valid.
    Key(ApiKeyId, i64),
}

/// Condition that the principal met. It is checked again for a principal that was resolved again.
type Condition = Box<dyn Fn(&ConditionContext<'_>) -> Result<()> + Send + Sync>;

/// Converts a refusal into the error of the dialect.
type MapError = Box<dyn Fn(Error) -> Error + Send + Sync>;

#[derive(Default)]
struct AdmissionState {
    conditions: Vec<Condition>,
    map_error: Option<MapError>,
    expires_at: Option<Timestamp>,
    /// Generation in which the principal was last resolved again, and the principal. Never the view of a transaction,
    /// which may still be rolled back.
    last_resolved: Option<(i64, Option<Arc<Principal>>)>,
}

/// Arguments of a condition that is checked again.
pub(in crate::domain) struct ConditionContext<'a> {
    /// Connection to the database.
    pub(in crate::domain) conn: &'a Connection,
    /// Principal of the request.
    pub(in crate::domain) principal: &'a Principal,
    /// Current time.
    pub(in crate::domain) now: Timestamp,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

impl Admission {
    fn new(app: &App, subject: AdmissionSubject) -> Arc<Self> {
        Arc::new(Self {
            app: app.clone(),
            subject,
            state: Mutex::default(),
        })
    }

    /// Returns a new admission of a principal.
    pub(in crate::domain) fn for_principal(app: &App, known: Arc<CachedKey>) -> Arc<Self> {
        Self::new(app, AdmissionSubject::Principal(known))
    }

    /// Returns a new admission of a key that was valid in this key generation.
    pub(in crate::domain) fn for_key(app: &App, key: ApiKeyId, generation: i64) -> Arc<Self> {
        Self::new(app, AdmissionSubject::Key(key, generation))
    }

    pub(in crate::domain) const fn app(&self) -> &App {
        &self.app
    }

    fn lock_state(&self) -> MutexGuard<'_, AdmissionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a condition that the principal meets now.
    pub(in crate::domain) fn add_condition(
        &self,
        condition: impl Fn(&ConditionContext<'_>) -> Result<()> + Send + Sync + 'static,
    ) {
        self.lock_state().conditions.push(Box::new(condition));
    }

    /// Limits the admission to the time before `end`.
    pub(in crate::domain) fn limit_until(&self, end: Timestamp) {
        let mut terms = self.lock_state();
        terms.expires_at = Some(terms.expires_at.map_or(end, |earlier| earlier.min(end)));
    }

    /// Sets the function that converts the error of a principal that is no longer admitted.
    pub(in crate::domain) fn set_error_map(
        &self,
        answer: impl Fn(Error) -> Error + Send + Sync + 'static,
    ) {
        self.lock_state().map_error = Some(Box::new(answer));
    }

    /// Checks that a new request would still be admitted.
    ///
    /// # Errors
    /// The error that a new request would get, and errors of the store.
    pub fn recheck(&self) -> Result<()> {
        let now = self.app.clock().now();
        let store = self.app.store();
        let generation = self.app.keyring().current_generation(store, now)?;
        if self.is_valid_at(now) && self.resolved_principal(generation).is_some() {
            return Ok(());
        }
        let renew = |conn: &Connection| self.resolve_again(conn, now);
        let renewed = store.read(|conn| api_keys::read_with_generation(conn, renew))?;
        self.lock_state().last_resolved = Some(renewed);
        Ok(())
    }

    /// Returns the error that a new request would get. Returns `None` if the database cannot be read at the moment.
    #[must_use]
    pub fn find_refusal(&self) -> Option<Error> {
        let error = self.recheck().err()?;
        let refuses = matches!(
            error.kind(),
            Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound
        );
        refuses.then_some(error)
    }

    /// Waits until the admission may have ended: by expiry, or because `moves` reports a new key generation.
    pub(in crate::domain) async fn wait_for_possible_end(&self, moves: &mut watch::Receiver<()>) {
        let end = self.lock_state().expires_at;
        let expiry = async {
            match end {
                Some(end) => self.app.clock().sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error means that the application is dropped, and the stream with it.
            _ = moves.changed() => {}
            () = expiry => {}
        }
    }

    /// Returns the principal for a write, inside its transaction; `None` outside of any tenant.
    ///
    /// # Errors
    /// The error that a new request would get, and errors of the store.
    pub(in crate::domain) fn recheck_in_tx(
        &self,
        conn: &Connection,
        now: Timestamp,
    ) -> Result<Option<Arc<Principal>>> {
        let known = self.resolved_principal(api_keys::read_generation(conn)?);
        match known.filter(|_| self.is_valid_at(now)) {
            Some(principal) => Ok(principal),
            None => self.resolve_again(conn, now),
        }
    }

    /// Returns the principal in a key generation; `None` if it was not resolved in that generation.
    fn resolved_principal(&self, generation: i64) -> Option<Option<Arc<Principal>>> {
        let (first, principal) = match &self.subject {
            AdmissionSubject::Principal(known) => (known.generation, Some(&known.principal)),
            AdmissionSubject::Key(_, known) => (*known, None),
        };
        if first == generation {
            return Some(principal.cloned());
        }
        let terms = self.lock_state();
        let renewed = terms.last_resolved.as_ref();
        let renewed = renewed.filter(|(known, _)| *known == generation);
        renewed.map(|(_, principal)| principal.clone())
    }

    /// True if the admission has expired. Does not check for revocation.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        !self.is_valid_at(self.app.clock().now())
    }

    fn is_valid_at(&self, now: Timestamp) -> bool {
        let is_key_valid = match &self.subject {
            AdmissionSubject::Principal(known) => known.is_valid_at(now),
            AdmissionSubject::Key(..) => true,
        };
        is_key_valid && self.lock_state().expires_at.is_none_or(|end| now < end)
    }

    fn resolve_again(&self, conn: &Connection, now: Timestamp) -> Result<Option<Arc<Principal>>> {
        let known = match &self.subject {
            AdmissionSubject::Principal(known) => known,
            AdmissionSubject::Key(key, _) if api_keys::is_valid(conn, key)? => return Ok(None),
            AdmissionSubject::Key(..) => return Err(self.to_dialect_error(unauthenticated_error())),
        };
        // Definitions of the bot and its integrations may have changed too.
        known.principal.cache.clear();
        let principal = known
            .resolve_again(conn, now)
            .map_err(|error| self.to_dialect_error(error))?;
        if !has_same_rows(&known.principal, &principal) {
            let retry_after = RETRY_DELAY;
            return Err(Error::new(
                Kind::Unavailable { retry_after },
                "The bot or installation of this request changed meanwhile; send the request again",
            ));
        }
        let present = ConditionContext {
            conn,
            principal: &principal,
            now,
        };
        let terms = self.lock_state();
        terms
            .conditions
            .iter()
            .try_for_each(|condition| condition(&present))?;
        drop(terms);
        Ok(Some(Arc::new(principal)))
    }

    fn to_dialect_error(&self, error: Error) -> Error {
        match &self.lock_state().map_error {
            Some(answer) => answer(error),
            None => error,
        }
    }
}

/// True if a principal that was resolved again has the same key, bot and installation rows as before. Data that the
/// request has already read belongs to these rows.
fn has_same_rows(before: &Principal, now: &Principal) -> bool {
    let agent = |principal: &Principal| principal.agent.as_ref().map(|agent| agent.seq);
    let installation = |principal: &Principal| {
        let installation = principal.installation.as_ref();
        installation.map(|installation| (installation.seq, installation.integration_seq))
    };
    before.key_id == now.key_id
        && agent(before) == agent(now)
        && installation(before) == installation(now)
}
