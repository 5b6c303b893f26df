//! The commit hook: work that the jobs of one transaction share, done once per commit. It writes the request counts,
//! runs the hooks of other areas (such as the message index), and reads the key generation.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use rusqlite::Connection;

use super::{
    api_keys,
    keyring::Keyring,
    usage::{self, UsageKey},
};
use crate::{kernel::Result, store::CommitHook};

/// Commit hook of the writer.
pub(in crate::domain) struct CommitBatch {
    keyring: Arc<Keyring>,
    /// Hooks of the areas above.
    hooks: Vec<Arc<dyn CommitHook>>,
    /// Requests counted in the current transaction.
    calls: Mutex<HashMap<UsageKey, u64>>,
    /// Key generation at the end of the current transaction.
    generation: AtomicI64,
}

impl CommitBatch {
    pub(in crate::domain) fn new(keyring: Arc<Keyring>, hooks: Vec<Arc<dyn CommitHook>>) -> Self {
        Self {
            keyring,
            hooks,
            calls: Mutex::default(),
            generation: AtomicI64::new(-1),
        }
    }

    /// Counts a request in the current transaction. Call it last in a job, so that a job that is rolled back counts
    /// nothing.
    pub(in crate::domain) fn count_request(&self, counted: &UsageKey) {
        let mut calls = self.lock_calls();
        match calls.get_mut(counted) {
            Some(calls) => *calls += 1,
            None => drop(calls.insert(counted.clone(), 1)),
        }
    }

    fn lock_calls(&self) -> MutexGuard<'_, HashMap<UsageKey, u64>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitHook for CommitBatch {
    fn before_commit(&self, connection: &Connection) -> Result<()> {
        let mut calls = self.lock_calls();
        if !calls.is_empty() {
            usage::add_calls(connection, calls.drain())?;
        }
        drop(calls);
        for hook in &self.hooks {
            hook.before_commit(connection)?;
        }
        let generation = api_keys::read_generation(connection)?;
        self.generation.store(generation, Ordering::Relaxed);
        Ok(())
    }

    fn after_commit(&self) {
        self.hooks.iter().for_each(|hook| hook.after_commit());
        self.keyring
            .advance_generation(self.generation.load(Ordering::Relaxed));
    }

    fn after_rollback(&self) {
        self.lock_calls().clear();
        self.hooks.iter().for_each(|hook| hook.after_rollback());
    }
}
