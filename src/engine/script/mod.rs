//! Scripts of integrations (`extractScript`, `fallbackHandlerScript`, `linkTemplateScript`): VRL that
//! runs outside of this process, where its memory and its time can be taken back.
//!
//! [`Scripts`] keeps a few worker processes: this program in a hidden mode (`worker`), which limits
//! itself before it compiles anything. A worker starts with the first script, ends when it is idle or
//! its input closes, and is replaced when a script breaks a limit. Scripts of one source use all
//! workers but one, so that nobody's scripts hold up all others.

mod bounds;
mod frame;
mod language;
mod pool;
mod process;
mod worker;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::{
    bounds::{Exceeded, LONGEST},
    pool::Scripts,
    worker::{Worker, serve},
};

/// How long a script may run.
pub const TIME: Duration = Duration::from_millis(100);

/// When it makes sense to try again what nothing could run.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a script has no result. The texts are for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ScriptError {
    /// It is too long or nested too deep to be compiled. No worker sees it.
    #[serde(skip)]
    #[error(transparent)]
    Bounds(#[from] Exceeded),
    /// It is no script.
    #[error("the script cannot be compiled: {0}")]
    Compile(String),
    /// It failed, or aborted.
    #[error("the script failed: {0}")]
    Failed(String),
    /// It took too long.
    #[error("the script ran for longer than {TIME:?}")]
    TimedOut,
    /// It needs too much memory.
    #[error("the script needs more than its memory of {0} bytes (runtime.script_memory_bytes)")]
    Memory(usize),
    /// Its input is too large.
    #[error("the script is given more than {0} bytes (runtime.script_input_bytes)")]
    Input(usize),
    /// Its output is too large.
    #[error("the script makes more than {0} bytes (runtime.script_output_bytes)")]
    Output(usize),
    /// Too many scripts wait to run.
    #[error("too many scripts wait to run: at most {0} may (runtime.script_queue)")]
    Busy(usize),
    /// Nothing can run it now, by no fault of its own.
    #[error("the script cannot be run: {0}")]
    Unavailable(String),
}

impl ScriptError {
    /// True if the same script may well run later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_))
    }
}
