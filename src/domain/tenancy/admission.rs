//! What a call was admitted by, compared once more where it is used.
//!
//! A call is admitted when its headers are in. Its body may come a minute later, and by then its key may be
//! revoked, its member removed, or its installation gone. So the generation of the keys is compared again
//! once the body is read, and in the transaction of every change; if it has moved, the caller is resolved
//! anew, and the answer is that of a new call.

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
    keyring::Known,
    request_auth::{Caller, unauthenticated},
};
use crate::kernel::{Error, Kind, Result, Timestamp, ids::ApiKeyId};

/// When a call may be sent again whose bot or installation has become another one meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a call was admitted by.
pub struct Admission {
    app: App,
    holder: Holder,
    terms: Mutex<Terms>,
}

/// The holder of what a call was made with.
enum Holder {
    /// A caller in its tenant.
    Caller(Arc<Known>),
    /// The holder of a key, outside of any tenant, in this generation of the keys.
    Key(ApiKeyId, i64),
}

/// A condition that the caller met. It is asked again of a caller that was resolved anew.
type Condition = Box<dyn Fn(&Present<'_>) -> Result<()> + Send + Sync>;

/// Turns a refusal into the answer of the dialect.
type Answer = Box<dyn Fn(Error) -> Error + Send + Sync>;

#[derive(Default)]
struct Terms {
    conditions: Vec<Condition>,
    answer: Option<Answer>,
    ends_at: Option<Timestamp>,
    /// The generation in which the caller was resolved anew last, and the caller. Never one that a
    /// transaction has seen which may yet be lost.
    renewed: Option<(i64, Option<Arc<Caller>>)>,
}

/// What is so when a condition is asked again.
pub(in crate::domain) struct Present<'a> {
    /// The database.
    pub(in crate::domain) conn: &'a Connection,
    /// The caller.
    pub(in crate::domain) caller: &'a Caller,
    /// The time.
    pub(in crate::domain) now: Timestamp,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

impl Admission {
    fn new(app: &App, holder: Holder) -> Arc<Self> {
        Arc::new(Self {
            app: app.clone(),
            holder,
            terms: Mutex::default(),
        })
    }

    /// The admission of a caller.
    pub(in crate::domain) fn of_caller(app: &App, known: Arc<Known>) -> Arc<Self> {
        Self::new(app, Holder::Caller(known))
    }

    /// The admission of the holder of a key, which was valid in this generation of the keys.
    pub(in crate::domain) fn of_key(app: &App, key: ApiKeyId, generation: i64) -> Arc<Self> {
        Self::new(app, Holder::Key(key, generation))
    }

    pub(in crate::domain) const fn app(&self) -> &App {
        &self.app
    }

    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a condition that the caller meets now.
    pub(in crate::domain) fn holds_while(
        &self,
        condition: impl Fn(&Present<'_>) -> Result<()> + Send + Sync + 'static,
    ) {
        self.terms().conditions.push(Box::new(condition));
    }

    /// Ends the admission at a time.
    pub(in crate::domain) fn ends_at(&self, end: Timestamp) {
        let mut terms = self.terms();
        terms.ends_at = Some(terms.ends_at.map_or(end, |earlier| earlier.min(end)));
    }

    /// Answers like this where the caller is not one any more.
    pub(in crate::domain) fn answers_with(
        &self,
        answer: impl Fn(Error) -> Error + Send + Sync + 'static,
    ) {
        self.terms().answer = Some(Box::new(answer));
    }

    /// Asserts that a new call would still be admitted.
    ///
    /// # Errors
    /// What a new call would be refused with, or those of the store.
    pub fn recheck(&self) -> Result<()> {
        let now = self.app.clock().now();
        let store = self.app.store();
        let generation = self.app.keyring().generation(store, now)?;
        if self.lasts_at(now) && self.caller_of(generation).is_some() {
            return Ok(());
        }
        let renew = |conn: &Connection| self.renew(conn, now);
        let renewed = store.read(|conn| api_keys::in_generation(conn, renew))?;
        self.terms().renewed = Some(renewed);
        Ok(())
    }

    /// The refusal of a new call, if one would be refused. A database that cannot be read just now refuses
    /// nobody.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let error = self.recheck().err()?;
        let refuses = matches!(
            error.kind(),
            Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound
        );
        refuses.then_some(error)
    }

    /// Waits until what was admitted may have ended: by itself, or because the generation of the keys has
    /// moved, which `moves` notices.
    pub(in crate::domain) async fn may_end(&self, moves: &mut watch::Receiver<()>) {
        let end = self.terms().ends_at;
        let ended = async {
            match end {
                Some(end) => self.app.clock().sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error means that the domain is gone, and the stream with it.
            _ = moves.changed() => {}
            () = ended => {}
        }
    }

    /// The caller of a change, in its transaction; none outside of any tenant.
    ///
    /// # Errors
    /// What a new call would be refused with, or those of the store.
    pub(in crate::domain) fn confirm(
        &self,
        conn: &Connection,
        now: Timestamp,
    ) -> Result<Option<Arc<Caller>>> {
        let known = self.caller_of(api_keys::generation(conn)?);
        match known.filter(|_| self.lasts_at(now)) {
            Some(caller) => Ok(caller),
            None => self.renew(conn, now),
        }
    }

    /// The caller in a generation of the keys; none if it is not known in it.
    fn caller_of(&self, generation: i64) -> Option<Option<Arc<Caller>>> {
        let (first, caller) = match &self.holder {
            Holder::Caller(known) => (known.generation, Some(&known.caller)),
            Holder::Key(_, known) => (*known, None),
        };
        if first == generation {
            return Some(caller.cloned());
        }
        let terms = self.terms();
        let renewed = terms.renewed.as_ref();
        let renewed = renewed.filter(|(known, _)| *known == generation);
        renewed.map(|(_, caller)| caller.clone())
    }

    /// Whether it has ended by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !self.lasts_at(self.app.clock().now())
    }

    fn lasts_at(&self, now: Timestamp) -> bool {
        let by_itself = match &self.holder {
            Holder::Caller(known) => known.is_valid_at(now),
            Holder::Key(..) => true,
        };
        by_itself && self.terms().ends_at.is_none_or(|end| now < end)
    }

    fn renew(&self, conn: &Connection, now: Timestamp) -> Result<Option<Arc<Caller>>> {
        let known = match &self.holder {
            Holder::Caller(known) => known,
            Holder::Key(key, _) if api_keys::is_valid(conn, key)? => return Ok(None),
            Holder::Key(..) => return Err(self.answered(unauthenticated())),
        };
        // What the bot and its integrations declare may have changed too.
        known.caller.cache.clear();
        let caller = known
            .resolve_again(conn, now)
            .map_err(|error| self.answered(error))?;
        if !is_same(&known.caller, &caller) {
            let retry_after = RETRY_AFTER;
            return Err(Error::new(
                Kind::Unavailable { retry_after },
                "What this call is for was changed while it was under way; send it again",
            ));
        }
        let present = Present {
            conn,
            caller: &caller,
            now,
        };
        let terms = self.terms();
        terms
            .conditions
            .iter()
            .try_for_each(|condition| condition(&present))?;
        drop(terms);
        Ok(Some(Arc::new(caller)))
    }

    fn answered(&self, error: Error) -> Error {
        match &self.terms().answer {
            Some(answer) => answer(error),
            None => error,
        }
    }
}

/// Whether a caller that was resolved anew stands for the same as before. What a call has read of its
/// bot and its installation is of these rows.
fn is_same(before: &Caller, now: &Caller) -> bool {
    let agent = |caller: &Caller| caller.agent.as_ref().map(|agent| agent.seq);
    let installation = |caller: &Caller| {
        let installation = caller.installation.as_ref();
        installation.map(|installation| (installation.seq, installation.integration_seq))
    };
    before.key_id == now.key_id
        && agent(before) == agent(now)
        && installation(before) == installation(now)
}
