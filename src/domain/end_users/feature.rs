//! What end users keep in the [`App`].

use tokio::sync::Notify;

use crate::{
    domain::tenancy::{app::App, features::Features, write_tx::Change},
    kernel::{Result, ids::EndUserId},
};

/// Wakes the worker that does what is due for end users.
#[derive(Default)]
struct Work(Notify);

/// Called with an end user's id and row before that is erased, to erase what other areas keep of it.
pub(in crate::domain) type BeforeErasure = fn(&Change<'_>, &EndUserId, i64) -> Result<()>;

/// The hooks of the areas above.
pub(super) struct Hooks(pub(super) Vec<BeforeErasure>);

/// Adds the worker's wake-up and the hooks of the areas above.
pub(in crate::domain) fn register(features: &mut Features, hooks: Vec<BeforeErasure>) {
    features.add(Work::default());
    features.add(Hooks(hooks));
}

impl App {
    /// Wakes the worker that does what is due for end users.
    pub(in crate::domain) fn end_user_work(&self) -> &Notify {
        &self.feature::<Work>().0
    }
}
