//! Cache of recently used keys. A request with a cached key reads nothing from the database.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use quick_cache::sync::Cache;
use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    api_keys::{self, KeyKind},
    auth_scope,
    request_auth::{self, Principal},
    usage::Tenant,
};
use crate::{
    domain::shared::rate_limits::{ApiClass, RateLimiter},
    kernel::{Result, Timestamp, ids::ApiKeyId, secret::TokenHash},
    store::Store,
};

/// Maximum number of cached keys.
const MAX_CACHED_KEYS: usize = 10_000;

/// Cached valid keys, by token hash and API class. An entry is valid only while the key generation equals the one in
/// which it was read, so a key that any process revokes is rejected at the next request.
pub(in crate::domain) struct Keyring {
    pub(in crate::domain) keys: Cache<(TokenHash, ApiClass), Arc<CachedKey>>,
    generation: AtomicI64,
    /// External change number of the store and second at the last read of the generation. It is read again after a
    /// change by another process, and at least once a second.
    last_read: RwLock<Option<(u64, i64)>>,
    /// Notifies subscribers of a new generation.
    changes: watch::Sender<()>,
}

impl Default for Keyring {
    fn default() -> Self {
        Self {
            keys: Cache::new(MAX_CACHED_KEYS),
            generation: AtomicI64::new(-1),
            last_read: RwLock::default(),
            changes: watch::Sender::new(()),
        }
    }
}

impl Keyring {
    /// Records the generation after a write of this process.
    pub(in crate::domain) fn advance_generation(&self, generation: i64) {
        let before = self.generation.fetch_max(generation, Ordering::Relaxed);
        if before < generation {
            self.changes.send_replace(());
        }
    }

    /// Subscribes to changes of the generation.
    pub(in crate::domain) fn subscribe(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Removes all keys: their expiry times may have changed.
    pub(in crate::domain) fn clear(&self) {
        self.keys.clear();
    }

    /// Returns the current generation, including changes of other processes.
    pub(in crate::domain) fn current_generation(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<i64> {
        // Read the change number first: a later change then causes another read.
        let read_at = Some((store.external_change_number(), now.as_seconds()));
        if *self
            .last_read
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            != read_at
        {
            self.advance_generation(store.read(api_keys::read_generation)?);
            *self
                .last_read
                .write()
                .unwrap_or_else(PoisonError::into_inner) = read_at;
        }
        Ok(self.generation.load(Ordering::Relaxed))
    }
}

pub(in crate::domain) struct CachedKey {
    pub(in crate::domain) generation: i64,
    pub(in crate::domain) kind: KeyKind,
    /// Hash of the token.
    pub(in crate::domain) hash: TokenHash,
    /// Scope in which the key is used.
    pub(in crate::domain) scope: auth_scope::OwnedAuthScope,
    pub(in crate::domain) principal: Arc<Principal>,
    pub(in crate::domain) tenant: Tenant,
    pub(in crate::domain) key_use: Arc<KeyUse>,
    pub(in crate::domain) class: ApiClass,
    pub(in crate::domain) limiter: Arc<RateLimiter>,
}

impl CachedKey {
    /// True until the token expires; API keys do not expire.
    pub(in crate::domain) fn is_valid_at(&self, now: Timestamp) -> bool {
        let grant = self.principal.grant.as_ref();
        grant.is_none_or(|grant| now < grant.expires_at)
    }

    /// Resolves the principal again.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden` if a new request would be refused, and errors of the store.
    pub(in crate::domain) fn resolve_again(
        &self,
        conn: &Connection,
        now: Timestamp,
    ) -> Result<Principal> {
        let kinds = [self.kind];
        let (_, principal) =
            request_auth::resolve(conn, &self.hash, &self.scope.as_scope(), &kinds, now)?;
        Ok(principal)
    }
}

/// Time of the last use of a key, and a flag that is true while it is queued for writing.
pub(in crate::domain) struct KeyUse {
    pub(in crate::domain) key: ApiKeyId,
    pub(in crate::domain) last_used_at: AtomicI64,
    pub(in crate::domain) is_queued: AtomicBool,
}

impl KeyUse {
    /// Returns a use that is already queued for writing.
    pub(in crate::domain) fn new_queued(key: ApiKeyId, at: Timestamp) -> Self {
        Self {
            key,
            last_used_at: AtomicI64::new(at.as_micros()),
            is_queued: AtomicBool::new(true),
        }
    }

    /// Returns the key and its last use, and clears the queued flag.
    pub(in crate::domain) fn take_for_write(&self) -> (ApiKeyId, Timestamp) {
        self.is_queued.store(false, Ordering::Relaxed);
        let at = Timestamp::from_micros(self.last_used_at.load(Ordering::Relaxed));
        (self.key.clone(), at)
    }
}
