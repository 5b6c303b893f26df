//! The runtime protocol: a request to a bot or an installed integration, and its response (botpress.md §5). The
//! request goes to the receiver's URL, or to its code through the engine. No lock is held during a call, because
//! receivers call this server in turn.

mod answer;
mod ask;
mod asked;
mod call;
mod failures;
mod metrics;
mod program;
mod receiver;
mod shown;
mod tokens;

pub use self::{answer::Answer, failures::Seen, metrics::Metrics};
pub(in crate::domain) use self::{
    answer::{Cause, Failed},
    ask::{Ask, ask},
    asked::Asked,
    call::{Question, call, call_for, runtime_error},
    failures::Failures,
    program::Programs,
    receiver::Receiver,
    shown::{event, message, state},
};
