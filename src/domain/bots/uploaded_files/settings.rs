//! Settings of files.

use serde::{Deserialize, Serialize};

/// Settings of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum size of a file, in bytes.
    pub max_file_bytes: u64,
    /// Maximum size of a file that is indexed, in bytes.
    pub max_indexed_bytes: u64,
    /// Maximum number of passages of a file.
    pub max_passages: u64,
    /// Maximum time between two pieces of an upload, in seconds.
    pub upload_idle_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_file_bytes: 1024 * 1024 * 1024,
            max_indexed_bytes: 10 * 1024 * 1024,
            max_passages: 5_000,
            upload_idle_seconds: 60,
        }
    }
}
