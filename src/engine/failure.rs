//! Why a call has no answer.

use std::time::Duration;

use super::Exception;

/// Why a call has no answer. The texts are for the developer of the code; they hold no variable of
/// its, but what the code itself put into an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The code fails while it is loaded.
    #[error("the code cannot be loaded: {0}")]
    Load(Exception),
    /// The code needs what the engine does not have: a module, a global, a feature.
    #[error("{0}")]
    Missing(String),
    /// `handler` threw, or its promise was rejected.
    #[error("the handler failed: {0}")]
    Thrown(Exception),
    /// `handler` answered with something else than a response.
    #[error("the handler's answer cannot be used: {0}")]
    BadAnswer(String),
    /// The call took too long.
    #[error("the call took longer than {0:?}")]
    TimedOut(Duration),
    /// The code of the call ran for too long.
    #[error("the code ran for longer than {0:?} without waiting for anything")]
    CpuTime(Duration),
    /// The code needs too much memory.
    #[error("the code needs more than {0} bytes of memory")]
    Memory(usize),
    /// As many calls run as may.
    #[error("{0} calls of this program run already")]
    Busy(usize),
    /// As many programs as may be are loaded, and all are in use.
    #[error("{0} programs run already")]
    Full(usize),
    /// The runtime ended under the call, be it by the fault of another one.
    #[error("the runtime stopped: {0}")]
    Stopped(String),
    /// The runtime failed a moment ago and is started anew only in a while.
    #[error("{last}; it is tried again in {retry_in:?}")]
    Backoff {
        /// How it failed.
        last: Box<Failure>,
        /// When it is tried again.
        retry_in: Duration,
    },
}

/// The longest text that is kept of what the code says of an error, in bytes.
const LONGEST: usize = 16 * 1024;

/// A text of the code, as far as it is kept.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.shrink_to_fit();
        text.push('…');
    }
    text
}

impl Failure {
    /// Whether the same call may well go through later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Load(_) | Self::Missing(_) | Self::Thrown(_) | Self::BadAnswer(_) => false,
            Self::TimedOut(_)
            | Self::CpuTime(_)
            | Self::Memory(_)
            | Self::Busy(_)
            | Self::Full(_)
            | Self::Stopped(_) => true,
            Self::Backoff { last, .. } => last.may_pass(),
        }
    }

    /// The exception, if that is why.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        match self {
            Self::Load(exception) | Self::Thrown(exception) => Some(exception),
            Self::Backoff { last, .. } => last.exception(),
            _ => None,
        }
    }

    /// The exception, to be changed.
    pub(super) fn exception_mut(&mut self) -> Option<&mut Exception> {
        match self {
            Self::Load(exception) | Self::Thrown(exception) => Some(exception),
            _ => None,
        }
    }
}
