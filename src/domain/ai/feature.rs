//! Settings and state that AI registers in the [`App`].

use super::{Settings, concurrency::ModelSlots, results::ResultCache};
use crate::domain::tenancy::{app::App, features::Features};

/// Registers the settings, the slots of the model server and the results of repeatable requests.
pub(in crate::domain) fn register(features: &mut Features, settings: Settings) {
    features.add(ModelSlots::new(settings.concurrency));
    features.add(ResultCache::default());
    features.add(settings);
}

impl App {
    /// Returns the settings of AI.
    #[must_use]
    pub fn ai_settings(&self) -> &Settings {
        self.feature()
    }

    /// Returns the slots of the model server.
    pub(super) fn model_slots(&self) -> &ModelSlots {
        self.feature()
    }

    /// Returns the results of requests that clients may repeat.
    pub(super) fn ai_results(&self) -> &ResultCache {
        self.feature()
    }
}
