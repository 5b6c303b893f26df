//! What webhooks keep in the [`App`].

use super::{Doorbell, Settings};
use crate::domain::tenancy::{app::App, features::Features, write_tx::Change};

/// Adds the dispatcher's doorbell and the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(Doorbell::default());
    features.add(settings);
}

impl App {
    /// What connects changes with the dispatcher of webhooks.
    #[must_use]
    pub fn webhooks(&self) -> &Doorbell {
        self.feature()
    }

    /// Settings of webhooks.
    #[must_use]
    pub fn webhook_settings(&self) -> &Settings {
        self.feature()
    }
}

impl Change<'_> {
    /// Wakes the dispatcher once this change is committed: there is something to deliver.
    pub(in crate::domain) fn wake_dispatcher(&self) {
        self.wake(|app| app.webhooks().wake());
    }

    /// Has the dispatcher drop what it holds of erased messages, once this change is committed.
    pub(in crate::domain) fn erases_messages(&self) {
        self.wake(|app| app.webhooks().messages_erased());
    }
}
