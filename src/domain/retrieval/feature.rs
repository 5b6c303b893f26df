//! What connectors, folders and answers keep in the [`App`].

use super::{
    answers,
    connectors::{self, RefreshLocks},
    folders::{self, Folders},
};
use crate::domain::tenancy::{app::App, features::Features};

/// Adds the folders, the locks of refreshes and the settings.
pub(in crate::domain) fn register(
    features: &mut Features,
    connectors: connectors::Settings,
    folders: folders::Settings,
    answers: answers::Settings,
) {
    features.add(Folders::new(&connectors.folder));
    features.add(RefreshLocks::default());
    features.add(connectors);
    features.add(folders);
    features.add(answers);
}

impl App {
    /// The folders that are served as connectors.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        self.feature()
    }

    /// Keeps refreshes of one authorization apart.
    pub(in crate::domain) fn refreshes(&self) -> &RefreshLocks {
        self.feature()
    }

    /// Settings of connectors.
    #[must_use]
    pub fn connector_settings(&self) -> &connectors::Settings {
        self.feature()
    }

    /// Settings of folders.
    #[must_use]
    pub fn folder_settings(&self) -> &folders::Settings {
        self.feature()
    }

    /// Settings of answers.
    #[must_use]
    pub fn answer_settings(&self) -> &answers::Settings {
        self.feature()
    }
}
