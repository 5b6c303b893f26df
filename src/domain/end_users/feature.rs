//! State that end users register in the [`App`], and hooks of the areas above.

use tokio::sync::Notify;

use crate::{
    domain::tenancy::{app::App, features::Features, write_tx::WriteTx},
    kernel::{Result, ids::EndUserId},
};

/// Wake-up of the maintenance worker.
#[derive(Default)]
struct WorkerWakeUp(Notify);

/// Hook that deletes the data of other areas before an end user is erased. Its arguments are the id and the row of the
/// end user.
pub(in crate::domain) type BeforeErasure = fn(&WriteTx<'_>, &EndUserId, i64) -> Result<()>;

/// Hooks of the areas above.
pub(super) struct ErasureHooks(pub(super) Vec<BeforeErasure>);

/// Registers the wake-up of the worker and the hooks of the areas above.
pub(in crate::domain) fn register(features: &mut Features, hooks: Vec<BeforeErasure>) {
    features.add(WorkerWakeUp::default());
    features.add(ErasureHooks(hooks));
}

impl App {
    /// Returns the wake-up of the maintenance worker.
    pub(in crate::domain) fn end_user_worker_wake_up(&self) -> &Notify {
        &self.feature::<WorkerWakeUp>().0
    }
}
