//! The reasons why a call has no response.

use std::time::Duration;

use super::Exception;

/// The reason why a call has no response. The texts are for the developer of the code. They contain no environment
/// variable of the program, unless the code itself puts it into an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The code throws an exception while it is loaded.
    #[error("the code cannot be loaded: {0}")]
    Load(Exception),
    /// The engine lacks a module, a global or a feature that the code needs.
    #[error("{0}")]
    Missing(String),
    /// `handler` threw, or its promise was rejected.
    #[error("the handler failed: {0}")]
    Thrown(Exception),
    /// The value that `handler` returned is not a response, or is too large.
    #[error("the handler's answer cannot be used: {0}")]
    BadAnswer(String),
    /// The call took too long, including waiting.
    #[error("the call took longer than {0:?}")]
    TimedOut(Duration),
    /// The code of the call ran for too long without waiting.
    #[error("the code ran for longer than {0:?} without waiting for anything")]
    CpuTime(Duration),
    /// The code needs too much memory.
    #[error("the code needs more than {0} bytes of memory")]
    Memory(usize),
    /// The maximum number of calls of this program is running.
    #[error("{0} calls of this program run already")]
    Busy(usize),
    /// The maximum number of programs is loaded, and all are in use.
    #[error("{0} programs run already")]
    Full(usize),
    /// The runtime ended during the call, possibly because of another call.
    #[error("the runtime stopped: {0}")]
    Stopped(String),
    /// The runtime failed recently and is not restarted yet.
    #[error("{last}; it is retried in {retry_in:?}")]
    Backoff {
        /// The last failure.
        last: Box<EngineError>,
        /// Time until the next start.
        retry_in: Duration,
    },
}

/// Maximum length of an error text from the code, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Truncates a text from the code to the maximum length.
pub(super) fn truncate_text(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.shrink_to_fit();
        text.push('…');
    }
    text
}

impl EngineError {
    /// True if the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Load(_) | Self::Missing(_) | Self::Thrown(_) | Self::BadAnswer(_) => false,
            Self::TimedOut(_)
            | Self::CpuTime(_)
            | Self::Memory(_)
            | Self::Busy(_)
            | Self::Full(_)
            | Self::Stopped(_) => true,
            Self::Backoff { last, .. } => last.is_transient(),
        }
    }

    /// Returns the exception, if one is the reason.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        match self {
            Self::Load(exception) | Self::Thrown(exception) => Some(exception),
            Self::Backoff { last, .. } => last.exception(),
            _ => None,
        }
    }

    /// Returns the exception for changes, if one is the direct reason.
    pub(super) fn exception_mut(&mut self) -> Option<&mut Exception> {
        match self {
            Self::Load(exception) | Self::Thrown(exception) => Some(exception),
            _ => None,
        }
    }
}
