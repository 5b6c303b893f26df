//! A hook into every transaction of the writer.

use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use crate::kernel::Result;

/// A participant in the writer's transactions. It collects the writes that each job of a transaction would
/// otherwise make separately. All methods run on the writer's thread.
pub trait CommitHook: Send + Sync {
    /// Writes the collected rows of this transaction.
    ///
    /// # Errors
    /// Any error rolls back the whole transaction.
    fn before_commit(&self, connection: &Connection) -> Result<()>;

    /// Called after the commit is durable, before any caller gets its answer.
    fn after_commit(&self);

    /// Called after the transaction, with all collected writes, was rolled back.
    fn after_rollback(&self);
}

/// The hook, once it is set.
#[derive(Default)]
pub(super) struct HookSlot(OnceLock<Arc<dyn CommitHook>>);

impl HookSlot {
    /// Sets the hook. Later calls have no effect.
    pub(super) fn set(&self, hook: Arc<dyn CommitHook>) {
        let _ = self.0.set(hook);
    }

    pub(super) fn before_commit(&self, connection: &Connection) -> Result<()> {
        self.0
            .get()
            .map_or(Ok(()), |hook| hook.before_commit(connection))
    }

    pub(super) fn after_commit(&self) {
        if let Some(hook) = self.0.get() {
            hook.after_commit();
        }
    }

    pub(super) fn after_rollback(&self) {
        if let Some(hook) = self.0.get() {
            hook.after_rollback();
        }
    }
}
