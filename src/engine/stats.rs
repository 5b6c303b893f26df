//! State and counters of the engines, for `/metrics`.

use super::EngineKind;

/// State and counters of the engines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Loaded programs.
    pub warm: Vec<WarmProgram>,
    /// Number of successful calls, by embedded engine and Node.js.
    pub answered: [u64; 2],
    /// Number of failed calls, by embedded engine and Node.js.
    pub failed: [u64; 2],
    /// Number of programs loaded, by embedded engine and Node.js.
    pub loaded: [u64; 2],
    /// Number of log lines dropped because the queue was full.
    pub dropped_lines: u64,
}

/// A loaded program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmProgram {
    /// Id of the program.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// Engine that runs the program.
    pub engine: EngineKind,
    /// Memory at the last measurement, in bytes.
    pub memory: u64,
    /// Number of calls since the program was first loaded; a reload does not reset it.
    pub calls: u64,
    /// Number of calls in progress.
    pub running: usize,
    /// Process id, if the program runs in a child process.
    pub pid: Option<u32>,
}
