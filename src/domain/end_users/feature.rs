//! State that end users register in the [`App`], hooks of the areas above, and the renderer of the dialect.

use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::EndUser;
use crate::{
    domain::tenancy::{app::App, features::Features, write_tx::WriteTx},
    kernel::{Error, Result, ids::EndUserId},
};

/// Wake-up of the maintenance worker.
#[derive(Default)]
struct WorkerWakeUp(Notify);

/// Hook that deletes the data of other areas before an end user is erased. Its arguments are the id and the row of the
/// end user.
pub(in crate::domain) type BeforeErasure = fn(&WriteTx<'_>, &EndUserId, i64) -> Result<()>;

/// Hooks of the areas above.
pub(super) struct ErasureHooks(pub(super) Vec<BeforeErasure>);

/// Function of the dialect that renders an end user as JSON. Webhooks contain the end user as the API shows it, and the
/// dialect has the wire type.
pub type EndUserRenderer = fn(&EndUser) -> serde_json::Result<Box<RawValue>>;

/// The registered renderer.
struct Renderer(EndUserRenderer);

/// Registers the wake-up of the worker, the renderer, and the hooks of the areas above.
pub(in crate::domain) fn register(
    features: &mut Features,
    renderer: EndUserRenderer,
    hooks: Vec<BeforeErasure>,
) {
    features.add(WorkerWakeUp::default());
    features.add(Renderer(renderer));
    features.add(ErasureHooks(hooks));
}

impl App {
    /// Returns the wake-up of the maintenance worker.
    pub(in crate::domain) fn end_user_worker_wake_up(&self) -> &Notify {
        &self.feature::<WorkerWakeUp>().0
    }

    /// Renders an end user as the vendor's API shows it, without sensitive metadata.
    pub(super) fn render_end_user(&self, end_user: &EndUser) -> Result<Box<RawValue>> {
        let render = self.feature::<Renderer>().0;
        render(end_user).map_err(|error| Error::internal("an end user cannot be written", error))
    }
}
