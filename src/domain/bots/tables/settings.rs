//! Settings of tables.

use serde::{Deserialize, Serialize};

/// Settings of tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum number of rows that one call reads to find others.
    pub max_scanned_rows: u64,
    /// Maximum time that one call reads rows to find others, in milliseconds.
    pub max_scan_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_scanned_rows: 200_000,
            max_scan_ms: 2_000,
        }
    }
}
