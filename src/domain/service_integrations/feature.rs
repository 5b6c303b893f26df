//! Settings and state that service integrations register in the [`App`].

use super::{SecretNames, Settings};
use crate::domain::tenancy::{app::App, features::Features};

/// Registers the names of secret members, and the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(SecretNames::new(&settings.secret_names));
    features.add(settings);
}

impl App {
    /// Returns the names of secret members of a configuration.
    pub(in crate::domain) fn secret_names(&self) -> &SecretNames {
        self.feature()
    }

    /// Returns the settings of service integrations.
    #[must_use]
    pub fn service_integration_settings(&self) -> &Settings {
        self.feature()
    }
}
