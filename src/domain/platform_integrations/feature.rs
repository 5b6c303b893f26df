//! State that platform integrations register in the [`App`].

use tokio::sync::Notify;

use crate::domain::tenancy::{app::App, features::Features};

/// Wake-up of the worker that sends uninstall notifications.
#[derive(Default)]
struct UninstallWakeUp(Notify);

/// Registers the wake-up of the worker.
pub(in crate::domain) fn register(features: &mut Features) {
    features.add(UninstallWakeUp::default());
}

impl App {
    /// Returns the wake-up of the worker that sends uninstall notifications.
    #[must_use]
    pub fn uninstall_wake_up(&self) -> &Notify {
        &self.feature::<UninstallWakeUp>().0
    }
}
