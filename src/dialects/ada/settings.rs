//! Settings of the Ada dialect: where the vendor's pages are silent, users decide.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::domain::end_users::MetadataUpdate;
use crate::domain::platform_integrations::Lifetimes;

/// What users may want otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What `metadata` in a PATCH of an end user does to the stored one.
    pub metadata_update: MetadataUpdate,
    /// After how many hours an end user goes that was made by POST and is in no conversation; 0 is
    /// never. It holds for those that are made from then on.
    pub purge_unused_end_users_after_hours: u64,
    /// How long the code is valid that an installation's integration takes tokens for, in seconds.
    pub oauth_code_seconds: u64,
    /// How long an access token of an installation is valid, in seconds.
    pub oauth_access_token_seconds: u64,
    /// How long a refresh token of an installation is valid, in seconds.
    pub oauth_refresh_token_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metadata_update: MetadataUpdate::Merge,
            // ada.md §3.2
            purge_unused_end_users_after_hours: 24,
            // ada.md §2.5
            oauth_code_seconds: 300,
            oauth_access_token_seconds: 3600,
            oauth_refresh_token_seconds: 30 * 86_400,
        }
    }
}

impl Settings {
    /// How long codes and tokens are valid.
    pub(super) const fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            code: Duration::from_secs(self.oauth_code_seconds),
            access_token: Duration::from_secs(self.oauth_access_token_seconds),
            refresh_token: Duration::from_secs(self.oauth_refresh_token_seconds),
        }
    }
}
