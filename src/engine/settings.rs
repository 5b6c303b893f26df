//! Settings of running code.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::Limits;

/// Settings of running code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What runs bundles.
    pub engine: EngineChoice,
    /// The memory of a program, in bytes. Beyond it the call fails and the program is loaded anew.
    pub memory_bytes: usize,
    /// The stack of a program, in bytes (embedded engine).
    pub stack_bytes: usize,
    /// How long the code of a call may run, in milliseconds, without the time it waits. Loading a
    /// bundle may take as long.
    pub cpu_ms: u64,
    /// How long a call may take with all its waiting, in seconds.
    pub timeout_seconds: u64,
    /// The most calls of a program at the same time. A call that a handler causes, and waits for,
    /// counts too.
    pub concurrency: usize,
    /// The longest answer of a call, in bytes.
    pub max_answer_bytes: usize,
    /// The most requests of a program (`fetch`) that are open at the same time, in the embedded engine.
    /// Further ones wait.
    pub max_fetches: usize,
    /// After how many seconds without a call a program is dropped from memory.
    pub idle_seconds: u64,
    /// The most programs in memory. Beyond it the one unused for longest is dropped.
    pub max_warm: usize,
    /// The largest source map of a bundle that stacks are translated with, in bytes; with 0 none is.
    pub source_map_bytes: usize,
    /// The Node.js program: a path, or a name that is looked for in PATH.
    pub node_path: String,
    /// Whether bundles that the embedded engine cannot load may run in Node.js. `[outbound]` does
    /// not bind what such a child sends, so by default only in profile `dev`.
    pub node_fallback: Option<bool>,
    /// The user that Node.js runs as, by number, with the group of the same number. Only a server that
    /// runs as root can have one; with 0, Node.js runs as the server does.
    pub node_uid: u32,
    /// The memory of a script (VRL), in bytes.
    pub script_memory_bytes: usize,
    /// The most that a script is given, in bytes: a request to a shared webhook, as JSON.
    pub script_input_bytes: usize,
    /// The most that a script may make, in bytes.
    pub script_output_bytes: usize,
    /// The processes that run scripts. Those of one source use all but one of them.
    pub script_workers: usize,
    /// The most scripts that run or wait to, a quarter of them of one source.
    pub script_queue: usize,
    /// After how many seconds without a script a process that runs them ends.
    pub script_idle_seconds: u64,
    /// This program, for its helper processes, where the running one is another: in tests.
    #[serde(skip)]
    pub program: Option<PathBuf>,
}

/// What runs bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// The embedded engine; Node.js for what that lacks, if `node_fallback` allows.
    Auto,
    /// Only the embedded engine.
    Embedded,
    /// Only Node.js.
    Node,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: EngineChoice::Auto,
            memory_bytes: 128 * 1024 * 1024,
            stack_bytes: 1024 * 1024,
            cpu_ms: 5000,
            timeout_seconds: 60,
            concurrency: 64,
            max_answer_bytes: 10 * 1024 * 1024,
            max_fetches: 64,
            idle_seconds: 300,
            max_warm: 256,
            source_map_bytes: 16 * 1024 * 1024,
            node_path: "node".to_owned(),
            node_fallback: None,
            node_uid: 0,
            script_memory_bytes: 64 * 1024 * 1024,
            script_input_bytes: 16 * 1024 * 1024,
            script_output_bytes: 1024 * 1024,
            script_workers: 2,
            script_queue: 1024,
            script_idle_seconds: 60,
            program: None,
        }
    }
}

impl Settings {
    /// The limits of a program that has none of its own.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            memory: self.memory_bytes,
            stack: self.stack_bytes,
            cpu: Duration::from_millis(self.cpu_ms),
            wall: Duration::from_secs(self.timeout_seconds),
            concurrency: self.concurrency,
            answer: self.max_answer_bytes,
            fetches: self.max_fetches,
        }
    }

    pub(super) const fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}
