//! What service integrations keep in the [`App`].

use super::{SecretNames, Settings};
use crate::domain::tenancy::{app::App, features::Features};

/// Adds the names of secret members and the settings.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(SecretNames::new(&settings.secret_names));
    features.add(settings);
}

impl App {
    /// Names of the members of a configuration that are secret.
    pub(in crate::domain) fn secret_names(&self) -> &SecretNames {
        self.feature()
    }

    /// Settings of service integrations.
    #[must_use]
    pub fn service_integration_settings(&self) -> &Settings {
        self.feature()
    }
}
