//! Settings of the Ada dialect: where the vendor's pages are silent, users decide.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::platform_integrations::Lifetimes;

/// What users may want otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long the code is valid that an installation's integration takes tokens for, in seconds.
    pub oauth_code_seconds: u64,
    /// How long an access token of an installation is valid, in seconds.
    pub oauth_access_token_seconds: u64,
    /// How long a refresh token of an installation is valid, in seconds.
    pub oauth_refresh_token_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        // ada.md §2.5
        Self {
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
