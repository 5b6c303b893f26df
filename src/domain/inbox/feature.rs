//! What the test inbox keeps in the [`App`].

use super::Settings;
use crate::domain::tenancy::{app::App, features::Features};

/// Adds the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(settings);
}

impl App {
    /// Settings of the test inbox.
    #[must_use]
    pub fn inbox_settings(&self) -> &Settings {
        self.feature()
    }
}
