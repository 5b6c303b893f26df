//! Settings that the test inbox registers in the [`App`].

use super::Settings;
use crate::domain::tenancy::{app::App, features::Features};

/// Registers the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(settings);
}

impl App {
    /// Returns the settings of the test inbox.
    #[must_use]
    pub fn inbox_settings(&self) -> &Settings {
        self.feature()
    }
}
