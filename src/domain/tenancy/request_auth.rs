//! Access: from a token to a call that is authenticated, within its limits, and counted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use rusqlite::Connection;

use super::{
    access_tokens::{self, Grant},
    admission::Admission,
    api_keys::{self, KeyKind, Owner},
    app::App,
    auth_scope::Acting,
    caller_cache::CallerCache,
    keyring::{Known, Used},
    members::Role,
    usage::{self, Counted, Tenant},
    workspaces,
};
use crate::{
    domain::shared::limits::{Class, Standing},
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{AgentId, ApiKeyId, WorkspaceId},
        schema::Limits,
        secret::TokenHash,
    },
};

pub use super::{auth_scope::Place, caller_installation::CallerInstallation};

/// How much is kept of the name of a project, in characters.
const CLIENT_NAME_MAX: usize = 255;

/// An authenticated call of a tenant within its limits. It counts itself: with the change it
/// makes, or when it ends without one.
pub struct Call {
    admission: Arc<Admission>,
    known: Arc<Known>,
    standing: Option<Standing>,
    once: Arc<CountedOnce>,
    client_name: Option<String>,
}

/// The count of a call, which is kept until it is known where the call is counted: with the change that it
/// makes, which may be committed when the call itself is gone, or in memory.
pub(in crate::domain) struct CountedOnce {
    app: App,
    counted: Counted,
    written: AtomicBool,
}

impl CountedOnce {
    /// The count, for the transaction of a change; none if another change of the call has taken it.
    pub(in crate::domain) fn left(&self) -> Option<&Counted> {
        let written = self.written.load(Ordering::Relaxed);
        (!written).then_some(&self.counted)
    }

    /// The count is on disk.
    pub(in crate::domain) fn written(&self) {
        self.written.store(true, Ordering::Relaxed);
    }
}

impl Drop for CountedOnce {
    fn drop(&mut self) {
        if self.left().is_some() {
            self.app.meter().count(self.counted.clone());
        }
    }
}

/// Who makes a call: a principal with its tenant.
#[derive(Debug)]
pub struct Caller {
    /// The key that was used.
    pub key_id: ApiKeyId,
    /// Whom it speaks for.
    pub owner: Owner,
    /// The tenant that the call is made in.
    pub workspace_id: WorkspaceId,
    /// The agent that the key belongs to, if it belongs to one.
    pub agent: Option<CallerAgent>,
    /// What the token of an installation allows; none for other keys.
    pub grant: Option<Grant>,
    /// The caller's role in the workspace, if it is a member of it; none for keys that are not a
    /// person's.
    pub role: Option<Role>,
    /// Whether the workspace is blocked, so that nothing is changed in it.
    pub blocked: bool,
    /// The installed integration that it calls as; none if it calls as itself.
    pub installation: Option<CallerInstallation>,
    /// A value derived from the caller, kept while the generation of the keys stays.
    pub(in crate::domain) cache: CallerCache,
}

/// The agent that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerAgent {
    /// Its id.
    pub id: AgentId,
    /// Its handle.
    pub handle: String,
    /// Its row.
    pub(in crate::domain) seq: i64,
}

impl Call {
    /// The domain that the call is made to.
    #[must_use]
    pub fn app(&self) -> &App {
        self.admission.app()
    }

    /// How much JSON Schemas may ask for.
    #[must_use]
    pub fn schemas(&self) -> &Limits {
        &self.app().settings().schemas
    }

    /// The admission of the call.
    #[must_use]
    pub const fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Asserts that a new call would still be admitted, before something is done that is no change.
    ///
    /// # Errors
    /// What a new call would be refused with, or those of the store.
    pub fn recheck(&self) -> Result<()> {
        self.admission.recheck()
    }

    /// Asserts something of the caller, now and whenever the caller is resolved anew.
    ///
    /// # Errors
    /// That of `condition`.
    pub fn require_of_caller(
        &self,
        condition: impl Fn(&Caller) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        condition(self.caller())?;
        self.admission
            .holds_while(move |present| condition(present.caller));
        Ok(())
    }

    /// The call with the dialect's answer for one whose caller is not admitted any more.
    #[must_use]
    pub fn refused_with(self, answer: impl Fn(Error) -> Error + Send + Sync + 'static) -> Self {
        self.admission.answers_with(answer);
        self
    }

    /// The call with the name of the project that it is made for: it is kept with what it changes.
    #[must_use]
    pub fn for_project(mut self, name: Option<&str>) -> Self {
        let name = name.filter(|name| !name.is_empty());
        self.client_name = name.map(|name| name.chars().take(CLIENT_NAME_MAX).collect());
        self
    }

    /// The project that the caller said to work for, if it named one.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// Who makes the call.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.known.caller
    }

    /// The tenant that the call is made in.
    #[must_use]
    pub fn workspace(&self) -> &WorkspaceId {
        &self.known.caller.workspace_id
    }

    /// The agent that the call is made to.
    ///
    /// # Errors
    /// `Unauthenticated` for a key that belongs to no agent.
    pub fn agent(&self) -> Result<&CallerAgent> {
        self.caller().agent.as_ref().ok_or_else(unauthenticated)
    }

    /// The name of the integration that the caller acts as; none for a bot.
    #[must_use]
    pub fn integration_name(&self) -> Option<&str> {
        let installation = self.caller().installation.as_ref()?;
        Some(&installation.name)
    }

    /// How the tenant stands after this call, in the window with the least left; none without a
    /// limit.
    #[must_use]
    pub const fn standing(&self) -> Option<Standing> {
        self.standing
    }

    /// Its count, for a change that may outlive it.
    pub(in crate::domain) fn counted_once(&self) -> Arc<CountedOnce> {
        self.once.clone()
    }
}

impl App {
    /// Admits a call with a tenant's key: it must be valid, of one of these kinds, and within the
    /// limits of its tenant. A call of a known key beyond its limits costs no database work.
    ///
    /// # Errors
    /// `Unauthenticated`, `RateLimited`, or those of the store.
    pub fn admit(&self, token: &str, kinds: &[KeyKind], class: Class) -> Result<Call> {
        self.admit_at(&Place::Own, token, kinds, class)
    }

    /// Admits a call that is made in a place that the caller names, in which its key must allow it
    /// to act. Otherwise as [`admit`](Self::admit).
    ///
    /// # Errors
    /// `Forbidden` where the key does not reach, and those of [`admit`](Self::admit).
    pub fn admit_at(
        &self,
        place: &Place<'_>,
        token: &str,
        kinds: &[KeyKind],
        class: Class,
    ) -> Result<Call> {
        let hash = (place.hash_with(token), class);
        let now = self.clock().now();
        let known = self.keyring().keys.get(&hash);
        let known = known.filter(|known| kinds.contains(&known.kind) && known.is_valid_at(now));
        if let Some(known) = known {
            let standing = self.take(&known, now)?;
            if self.keyring().generation(self.store(), now)? == known.generation {
                return Ok(self.call(known, standing, now));
            }
            self.keyring().keys.invalidate(&hash);
            // Its allowance is taken already.
            let known = self.look_up(place, token, hash, kinds, now)?;
            return Ok(self.call(known, standing, now));
        }
        let known = self.look_up(place, token, hash, kinds, now)?;
        let standing = self.take(&known, now)?;
        Ok(self.call(known, standing, now))
    }

    fn look_up(
        &self,
        place: &Place<'_>,
        token: &str,
        key: (TokenHash, Class),
        kinds: &[KeyKind],
        now: Timestamp,
    ) -> Result<Arc<Known>> {
        let (hash, class) = (TokenHash::of(token), key.1);
        let known = self.store().read(|conn| {
            // The generation first: a key revoked after it is read will be noticed by it.
            let generation = api_keys::generation(conn)?;
            let (kind, caller) = resolve(conn, &hash, place, kinds, now)?;
            let tenant = Tenant {
                agent: caller
                    .agent
                    .as_ref()
                    .filter(|_| class.is_per_agent())
                    .map(|agent| agent.id.clone()),
                workspace: caller.workspace_id.clone(),
            };
            let allowance = self.meter().allowance(&tenant, class);
            Ok(Arc::new(Known {
                generation,
                kind,
                hash,
                place: place.kept(),
                used: Arc::new(Used {
                    key: caller.key_id.clone(),
                    at: AtomicI64::new(0),
                    noted: AtomicBool::new(false),
                }),
                caller: Arc::new(caller),
                tenant,
                class,
                allowance,
            }))
        })?;
        self.keyring().keys.insert(key, known.clone());
        Ok(known)
    }

    /// Takes a call from the allowance of a known key.
    fn take(&self, known: &Known, now: Timestamp) -> Result<Option<Standing>> {
        let counted = || Counted {
            tenant: known.tenant.clone(),
            class: known.class,
            day: now.day(),
        };
        self.meter()
            .take_from(&known.allowance, counted, now, |counted| {
                self.store().read(|conn| usage::calls(conn, counted))
            })
    }

    fn call(&self, known: Arc<Known>, standing: Option<Standing>, now: Timestamp) -> Call {
        known.used.at.store(now.as_micros(), Ordering::Relaxed);
        if !known.used.noted.swap(true, Ordering::Relaxed) {
            self.meter().note_use(known.used.clone());
        }
        Call {
            admission: Admission::of_caller(self, known.clone()),
            standing,
            once: Arc::new(CountedOnce {
                app: self.clone(),
                counted: Counted {
                    tenant: known.tenant.clone(),
                    class: known.class,
                    day: now.day(),
                },
                written: AtomicBool::new(false),
            }),
            known,
            client_name: None,
        }
    }
}

/// The caller that a token makes its holder in a place, and the kind of its key.
///
/// # Errors
/// `Unauthenticated`, `Forbidden` where the key does not reach, or those of the store.
pub(in crate::domain) fn resolve(
    conn: &Connection,
    hash: &TokenHash,
    place: &Place<'_>,
    kinds: &[KeyKind],
    now: Timestamp,
) -> Result<(KeyKind, Caller)> {
    let (principal, grant) = match api_keys::find_valid(conn, hash)? {
        Some(principal) => (principal, None),
        None => {
            let found = access_tokens::find_grant(conn, hash, now)?;
            let (principal, grant) = found.ok_or_else(unauthenticated)?;
            (principal, Some(grant))
        }
    };
    if !kinds.contains(&principal.kind) {
        return Err(unauthenticated());
    }
    let Acting {
        workspace,
        agent,
        role,
        installation,
    } = place.resolve(conn, &principal)?;
    let blocked = workspaces::is_blocked(conn, &workspace)?;
    let caller = Caller {
        key_id: principal.key_id,
        owner: principal.owner,
        workspace_id: workspace,
        agent,
        grant,
        role,
        blocked,
        installation,
        cache: CallerCache::default(),
    };
    Ok((principal.kind, caller))
}

/// The one answer to a missing, unknown, revoked or foreign key: it tells nothing about which.
#[must_use]
pub fn unauthenticated() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid or missing API key")
}
