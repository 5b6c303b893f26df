//! The settings of the store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Settings of the database file, of its durability and of its capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The database file. Its directory must exist. Default: `parlance.db`.
    pub path: PathBuf,
    /// The durability of a commit. Default: `full`.
    pub synchronous: Synchronous,
    /// Maximum number of jobs that share one commit; at least 1. Default: 256.
    pub batch_size: usize,
    /// Maximum number of jobs that wait for the writer; further ones are refused; at least 1. Default: 4096.
    pub queue_depth: usize,
    /// Maximum number of concurrent scans; at least 1. Default: 4.
    pub scan_connections: u32,
    /// Length of the write-ahead log, in bytes, at which it is copied into the database. On a small disk it
    /// is copied before it takes a quarter of the free space. Default: 32 MiB.
    pub log_bytes: u64,
    /// Maximum time, in milliseconds, that a statement waits for another process's lock, and a read for a
    /// free connection. Default: 5000.
    pub busy_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: PathBuf::from("parlance.db"),
            synchronous: Synchronous::Full,
            batch_size: 256,
            queue_depth: 4096,
            scan_connections: 4,
            log_bytes: 32 * 1024 * 1024,
            busy_timeout_ms: 5000,
        }
    }
}

/// The durability of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// A commit waits until the disk has the data: an acknowledged write survives a power failure.
    Full,
    /// A commit waits until the operating system has the data: an acknowledged write survives a crash of the
    /// program, but a power failure can lose the last moments.
    Normal,
}

impl Synchronous {
    /// The value of SQLite's `synchronous` pragma.
    pub(super) const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}
