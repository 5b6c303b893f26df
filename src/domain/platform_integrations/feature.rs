//! What platform integrations keep in the [`App`].

use tokio::sync::Notify;

use crate::domain::tenancy::{app::App, features::Features};

/// Wakes the worker that tells integrations of removed installations.
#[derive(Default)]
struct Farewells(Notify);

/// Adds the worker's wake-up.
pub(in crate::domain) fn register(features: &mut Features) {
    features.add(Farewells::default());
}

impl App {
    /// Is notified when an integration has to be told that an installation was removed.
    #[must_use]
    pub fn farewells(&self) -> &Notify {
        &self.feature::<Farewells>().0
    }
}
