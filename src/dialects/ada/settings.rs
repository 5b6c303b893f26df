//! Settings of the Ada dialect: behaviour that the vendor's pages do not define.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::domain::end_users::MetadataUpdate;
use crate::domain::platform_integrations::TokenLifetimes;

/// Settings of the Ada dialect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Effect of `metadata` in a PATCH of an end user on the stored metadata.
    pub metadata_update: MetadataUpdate,
    /// Hours after which an end user that was created by POST and takes part in no conversation is purged; 0
    /// is never. Applies to end users created from then on.
    pub purge_unused_end_users_after_hours: u64,
    /// Lifetime of the code that an integration exchanges for the tokens of an installation, in seconds.
    pub oauth_code_seconds: u64,
    /// Lifetime of an access token of an installation, in seconds.
    pub oauth_access_token_seconds: u64,
    /// Lifetime of a refresh token of an installation, in seconds.
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
    /// Returns the lifetimes of codes and tokens.
    pub(super) const fn lifetimes(&self) -> TokenLifetimes {
        TokenLifetimes {
            code: Duration::from_secs(self.oauth_code_seconds),
            access_token: Duration::from_secs(self.oauth_access_token_seconds),
            refresh_token: Duration::from_secs(self.oauth_refresh_token_seconds),
        }
    }
}
