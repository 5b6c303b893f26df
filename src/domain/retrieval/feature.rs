//! Settings and state that connectors, folders and answers register in the [`App`].

use super::{
    answers,
    connectors::{self, RefreshLocks},
    folders::{self, Folders},
};
use crate::domain::tenancy::{app::App, features::Features};

/// Registers the folders, the locks of token refreshes, and the settings.
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
    /// Returns the folders that are served as connectors.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        self.feature()
    }

    /// Returns the locks that prevent concurrent refreshes of one authorization.
    pub(in crate::domain) fn refresh_locks(&self) -> &RefreshLocks {
        self.feature()
    }

    /// Returns the settings of connectors.
    #[must_use]
    pub fn connector_settings(&self) -> &connectors::Settings {
        self.feature()
    }

    /// Returns the settings of folders.
    #[must_use]
    pub fn folder_settings(&self) -> &folders::Settings {
        self.feature()
    }

    /// Returns the settings of answers.
    #[must_use]
    pub fn answer_settings(&self) -> &answers::Settings {
        self.feature()
    }
}
