//! What is known of the engines, for `/metrics`.

use super::EngineKind;

/// The state of the engines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// What is loaded.
    pub warm: Vec<Warm>,
    /// Calls that were answered, by embedded engine and Node.js.
    pub answered: [u64; 2],
    /// Calls that failed, by embedded engine and Node.js.
    pub failed: [u64; 2],
    /// Programs that were loaded, by embedded engine and Node.js.
    pub loaded: [u64; 2],
    /// Log lines that nobody took in time.
    pub dropped_lines: u64,
}

/// A loaded program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warm {
    /// The program's id.
    pub program: String,
    /// Its version.
    pub version: String,
    /// What it runs in.
    pub engine: EngineKind,
    /// The memory it had when it was last measured, in bytes.
    pub memory: u64,
    /// Calls since it was loaded.
    pub calls: u64,
    /// Calls that run now.
    pub running: usize,
    /// The process, if it runs in one.
    pub pid: Option<u32>,
}
