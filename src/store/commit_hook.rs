//! What takes part in every transaction of the writer.

use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use crate::kernel::Result;

/// Sums up what the jobs of one transaction would otherwise each write by themselves. All of it is
/// called on the writer's thread.
pub trait CommitHook: Send + Sync {
    /// Writes what this transaction's jobs have left to write.
    ///
    /// # Errors
    /// Any: then nothing of the transaction is kept.
    fn before_commit(&self, connection: &Connection) -> Result<()>;

    /// The transaction is durable. Nobody has been told yet.
    fn committed(&self);

    /// The transaction is lost, and with it everything that was left to write.
    fn lost(&self);
}

/// The hook, once there is one.
#[derive(Default)]
pub(super) struct Hook(OnceLock<Arc<dyn CommitHook>>);

impl Hook {
    /// Sets it. The first one stays.
    pub(super) fn set(&self, hook: Arc<dyn CommitHook>) {
        let _ = self.0.set(hook);
    }

    pub(super) fn before_commit(&self, connection: &Connection) -> Result<()> {
        self.0
            .get()
            .map_or(Ok(()), |hook| hook.before_commit(connection))
    }

    pub(super) fn committed(&self) {
        if let Some(hook) = self.0.get() {
            hook.committed();
        }
    }

    pub(super) fn lost(&self) {
        if let Some(hook) = self.0.get() {
            hook.lost();
        }
    }
}
