//! Settings and state that webhooks register in the [`App`].

use super::{Doorbell, Settings};
use crate::domain::tenancy::{app::App, features::Features, write_tx::WriteTx};

/// Registers the doorbell of the dispatcher, and the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(Doorbell::default());
    features.add(settings);
}

impl App {
    /// Returns the doorbell of the dispatcher of webhooks.
    #[must_use]
    pub fn webhook_doorbell(&self) -> &Doorbell {
        self.feature()
    }

    /// Returns the settings of webhooks.
    #[must_use]
    pub fn webhook_settings(&self) -> &Settings {
        self.feature()
    }
}

impl WriteTx<'_> {
    /// Wakes the dispatcher after the commit: there is a delivery.
    pub(in crate::domain) fn wake_webhook_dispatcher(&self) {
        self.wake_after_commit(|app| app.webhook_doorbell().wake());
    }

    /// Makes the dispatcher drop the erased messages that it has in memory, after the commit.
    pub(in crate::domain) fn invalidate_leases(&self) {
        self.wake_after_commit(|app| app.webhook_doorbell().invalidate_leases());
    }
}
