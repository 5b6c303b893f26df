//! Settings of running code.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::Limits;

/// Settings of running code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Engine that runs bundles.
    pub engine: EngineChoice,
    /// Memory of a program, in bytes. A call that exceeds it fails, and the program is reloaded.
    pub memory_bytes: usize,
    /// Stack of a program, in bytes (embedded engine).
    pub stack_bytes: usize,
    /// Maximum time that the code of a call runs, in milliseconds, without waiting. The same limit applies to loading
    /// a bundle.
    pub cpu_ms: u64,
    /// Maximum time of a call, including waiting, in seconds.
    pub timeout_seconds: u64,
    /// Maximum number of concurrent calls of a program. A call that a handler causes and waits for counts too.
    pub concurrency: usize,
    /// Maximum size of a call's response, in bytes.
    pub max_answer_bytes: usize,
    /// Maximum number of open requests (`fetch`) of a program, in the embedded engine. Further requests wait.
    pub max_fetches: usize,
    /// Time without a call after which a program is dropped from memory, in seconds.
    pub idle_seconds: u64,
    /// Maximum number of programs in memory. Beyond it, the program that was unused for the longest time is dropped.
    pub max_warm: usize,
    /// Maximum size of a bundle's source map, in bytes. Stack traces are translated with the map; 0 turns this off.
    pub source_map_bytes: usize,
    /// Node.js executable: a path, or a name that is looked up in `PATH`.
    pub node_path: String,
    /// True if Node.js may run the bundles that the embedded engine cannot load. `[outbound]` does not apply to the
    /// requests of such a child, so the default is true only in profile `dev`.
    pub node_fallback: Option<bool>,
    /// User id that Node.js runs as, with the group of the same number. Only a server that runs as root can set it;
    /// with 0, Node.js runs as the server's user.
    pub node_uid: u32,
    /// Memory of a script (VRL), in bytes.
    pub script_memory_bytes: usize,
    /// Maximum size of a script's input, in bytes: a request to a shared webhook, as JSON.
    pub script_input_bytes: usize,
    /// Maximum size of a script's output, in bytes.
    pub script_output_bytes: usize,
    /// Number of processes that run scripts. The scripts of one source use all but one of them.
    pub script_workers: usize,
    /// Maximum number of scripts that run or wait. The scripts of one source may be a quarter of them.
    pub script_queue: usize,
    /// Time without a script after which a process that runs scripts ends, in seconds.
    pub script_idle_seconds: u64,
    /// Executable of the helper processes, if it is not the running one (in tests).
    #[serde(skip)]
    pub executable: Option<PathBuf>,
}

/// Choice of the engine that runs bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// The embedded engine, and Node.js for bundles that it cannot run, if `node_fallback` allows that.
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
            executable: None,
        }
    }
}

impl Settings {
    /// Returns the limits of a program that has none of its own.
    #[must_use]
    pub fn default_limits(&self) -> Limits {
        Limits {
            memory: self.memory_bytes,
            stack: self.stack_bytes,
            cpu: Duration::from_millis(self.cpu_ms),
            wall: Duration::from_secs(self.timeout_seconds),
            concurrency: self.concurrency,
            response_bytes: self.max_answer_bytes,
            max_fetches: self.max_fetches,
        }
    }

    pub(super) const fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}
