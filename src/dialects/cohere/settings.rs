//! Settings of the Cohere dialect: behaviour that the vendor does not define.

use serde::{Deserialize, Serialize};

/// Settings of the Cohere dialect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True to return `service_auth.type` (the way the token is passed) with connectors, as for clients
    /// before version 5 (cohere.md §1).
    pub show_service_auth: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            show_service_auth: true,
        }
    }
}
