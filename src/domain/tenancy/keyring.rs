//! Keys that were used a moment ago, so that a call of theirs costs no database work.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use moka::sync::Cache;
use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    api_keys::{self, KeyKind},
    auth_scope,
    request_auth::{self, Caller},
    usage::Tenant,
};
use crate::{
    domain::shared::limits::{Allowance, Class},
    kernel::{Result, Timestamp, ids::ApiKeyId, secret::TokenHash},
    store::Store,
};

/// How many valid keys are kept in memory.
const KEYS_KEPT: u64 = 10_000;

/// Valid keys by the hash of their value and what they are used for. One is trusted only while the generation of the keys is
/// the one it was read in, so a key revoked by any process is refused at the next call.
pub(in crate::domain) struct Keyring {
    pub(in crate::domain) keys: Cache<(TokenHash, Class), Arc<Known>>,
    generation: AtomicI64,
    /// When the generation was last read: it is read anew when another process has changed
    /// something, and at the latest after a second.
    read_at: RwLock<Option<(u64, i64)>>,
    /// Tells those who wait that the generation has moved.
    moved: watch::Sender<()>,
}

impl Default for Keyring {
    fn default() -> Self {
        Self {
            keys: Cache::new(KEYS_KEPT),
            generation: AtomicI64::new(-1),
            read_at: RwLock::default(),
            moved: watch::Sender::new(()),
        }
    }
}

impl Keyring {
    /// Notes the generation that a change of this process has left.
    pub(in crate::domain) fn note(&self, generation: i64) {
        let before = self.generation.fetch_max(generation, Ordering::Relaxed);
        if before < generation {
            self.moved.send_replace(());
        }
    }

    /// Notices from now on that the generation moves.
    pub(in crate::domain) fn moves(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }

    /// Forgets all keys: when some of them end has changed.
    pub(in crate::domain) fn forget(&self) {
        self.keys.invalidate_all();
    }

    /// The generation now, as every process has left it.
    pub(in crate::domain) fn generation(&self, store: &Store, now: Timestamp) -> Result<i64> {
        // The signal first: what is raised after it is read will be noticed by it.
        let read_at = Some((store.outside_changes(), now.as_seconds()));
        if *self.read_at.read().unwrap_or_else(PoisonError::into_inner) != read_at {
            self.note(store.read(api_keys::generation)?);
            *self.read_at.write().unwrap_or_else(PoisonError::into_inner) = read_at;
        }
        Ok(self.generation.load(Ordering::Relaxed))
    }
}

pub(in crate::domain) struct Known {
    pub(in crate::domain) generation: i64,
    pub(in crate::domain) kind: KeyKind,
    /// Of the token.
    pub(in crate::domain) hash: TokenHash,
    /// Where it is used.
    pub(in crate::domain) place: auth_scope::Owned,
    pub(in crate::domain) caller: Arc<Caller>,
    pub(in crate::domain) tenant: Tenant,
    pub(in crate::domain) used: Arc<Used>,
    pub(in crate::domain) class: Class,
    pub(in crate::domain) allowance: Arc<Allowance>,
}

impl Known {
    /// Whether it has not ended by itself. API keys never do.
    pub(in crate::domain) fn is_valid_at(&self, now: Timestamp) -> bool {
        let grant = self.caller.grant.as_ref();
        grant.is_none_or(|grant| now < grant.expires_at)
    }

    /// Resolves the caller anew.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden` where a new call would be refused, or those of the store.
    pub(in crate::domain) fn resolve_again(
        &self,
        conn: &Connection,
        now: Timestamp,
    ) -> Result<Caller> {
        let kinds = [self.kind];
        let (_, caller) =
            request_auth::resolve(conn, &self.hash, &self.place.as_place(), &kinds, now)?;
        Ok(caller)
    }
}

/// When a key was last used, and whether that is noted for writing.
pub(in crate::domain) struct Used {
    pub(in crate::domain) key: ApiKeyId,
    pub(in crate::domain) at: AtomicI64,
    pub(in crate::domain) noted: AtomicBool,
}

impl Used {
    /// One use, to be written down.
    pub(in crate::domain) fn once(key: ApiKeyId, at: Timestamp) -> Self {
        Self {
            key,
            at: AtomicI64::new(at.as_micros()),
            noted: AtomicBool::new(true),
        }
    }

    /// The key and its last use, which is no longer noted for writing.
    pub(in crate::domain) fn take(&self) -> (ApiKeyId, Timestamp) {
        self.noted.store(false, Ordering::Relaxed);
        let at = Timestamp::from_micros(self.at.load(Ordering::Relaxed));
        (self.key.clone(), at)
    }
}
