//! Scripts of integrations (`extractScript`, `fallbackHandlerScript`, `linkTemplateScript`): VRL that runs in worker
//! processes, where its memory and its time can be limited.
//!
//! [`Scripts`] keeps a few worker processes: this program in a hidden mode (`worker`), which confines itself before
//! it compiles anything. A worker starts with the first script, ends when it is idle or its input closes, and is
//! replaced when a script breaks a limit. The scripts of one source use all workers but one, so that they cannot
//! block the scripts of all others.

mod bounds;
mod compiler;
mod frame;
mod pool;
mod process;
mod worker;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::{
    bounds::{ExceededLimit, MAX_SOURCE_BYTES},
    pool::Scripts,
    worker::{WorkerLimits, run_worker},
};

/// Maximum time that a script runs.
pub const MAX_RUN_TIME: Duration = Duration::from_millis(100);

/// Time after which a caller should retry a script that no worker could run.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The reason why a script has no result. The texts are for the script's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ScriptError {
    /// The script is too long or nested too deeply to be compiled. No worker sees it.
    #[serde(skip)]
    #[error(transparent)]
    Bounds(#[from] ExceededLimit),
    /// The script does not compile.
    #[error("the script cannot be compiled: {0}")]
    Compile(String),
    /// The script failed or aborted.
    #[error("the script failed: {0}")]
    Failed(String),
    /// The script ran for too long.
    #[error("the script ran for longer than {MAX_RUN_TIME:?}")]
    TimedOut,
    /// The script needs too much memory.
    #[error("the script needs more than its memory of {0} bytes (runtime.script_memory_bytes)")]
    Memory(usize),
    /// The input is too large.
    #[error("the input of the script has more than {0} bytes (runtime.script_input_bytes)")]
    Input(usize),
    /// The output is too large.
    #[error("the output of the script has more than {0} bytes (runtime.script_output_bytes)")]
    Output(usize),
    /// Too many scripts wait to run.
    #[error("too many scripts wait to run: at most {0} may (runtime.script_queue)")]
    Busy(usize),
    /// No worker can run the script now; the script is not the cause.
    #[error("the script cannot be run: {0}")]
    Unavailable(String),
}

impl ScriptError {
    /// True if the same script may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_))
    }
}
