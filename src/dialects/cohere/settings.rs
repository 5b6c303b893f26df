//! Settings of the Cohere dialect: where the vendor is silent, users decide.

use serde::{Deserialize, Serialize};

/// What users may want otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether connectors are shown with the way their token is passed, `service_auth.type`, as to
    /// clients before version 5 (cohere.md §1).
    pub show_service_auth: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            show_service_auth: true,
        }
    }
}
