//! The settings of the engine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the database is opened and how much it takes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The database file. Its directory must exist. Default: `parlance.db`.
    pub path: PathBuf,
    /// What a commit waits for. Default: `full`.
    pub synchronous: Synchronous,
    /// The most jobs that share one commit; at least 1. Default: 256.
    pub batch_size: usize,
    /// The most jobs that wait for the writer; one more is refused; at least 1. Default: 4096.
    pub queue_depth: usize,
    /// How many scans run at the same time; at least 1. Default: 4.
    pub scan_connections: u32,
    /// How long the write-ahead log may become until it is copied into the database, in bytes; on a
    /// small disk it is copied before it takes a quarter of the room. Default: 32 MiB.
    pub log_bytes: u64,
    /// How long, in milliseconds, a statement waits for another process's lock, and a read for a
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

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// Until the disk has it: an acknowledged write survives a power cut.
    Full,
    /// Until the operating system has it: an acknowledged write survives a crash of the program,
    /// but the last moments before a power cut can be lost.
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
