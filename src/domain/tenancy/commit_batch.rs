//! What the changes of one transaction have in common, written and read once for all of them: the
//! counts of their calls, what their messages are found by, and the generation of the keys.

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
    usage::{self, Counted},
};
use crate::{kernel::Result, store::CommitHook};

/// Takes part in every transaction of the writer.
pub(in crate::domain) struct Tally {
    keyring: Arc<Keyring>,
    /// Hooks of the areas above.
    hooks: Vec<Arc<dyn CommitHook>>,
    /// The calls of the transaction that is running.
    calls: Mutex<HashMap<Counted, u64>>,
    /// The generation that it leaves.
    generation: AtomicI64,
}

impl Tally {
    pub(in crate::domain) fn new(keyring: Arc<Keyring>, hooks: Vec<Arc<dyn CommitHook>>) -> Self {
        Self {
            keyring,
            hooks,
            calls: Mutex::default(),
            generation: AtomicI64::new(-1),
        }
    }

    /// Counts a call with the transaction that is running. To be called last in a job, so that
    /// nothing is counted for one that is rolled back.
    pub(in crate::domain) fn count(&self, counted: &Counted) {
        let mut calls = self.calls();
        match calls.get_mut(counted) {
            Some(calls) => *calls += 1,
            None => drop(calls.insert(counted.clone(), 1)),
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Counted, u64>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitHook for Tally {
    fn before_commit(&self, connection: &Connection) -> Result<()> {
        let mut calls = self.calls();
        if !calls.is_empty() {
            usage::add(connection, calls.drain())?;
        }
        drop(calls);
        for hook in &self.hooks {
            hook.before_commit(connection)?;
        }
        let generation = api_keys::generation(connection)?;
        self.generation.store(generation, Ordering::Relaxed);
        Ok(())
    }

    fn committed(&self) {
        self.hooks.iter().for_each(|hook| hook.committed());
        self.keyring.note(self.generation.load(Ordering::Relaxed));
    }

    fn lost(&self) {
        self.calls().clear();
        self.hooks.iter().for_each(|hook| hook.lost());
    }
}
