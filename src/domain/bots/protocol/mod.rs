//! The runtime protocol: one operation, asked of a bot or of an integration that is installed in one,
//! and its answer (botpress.md §5). It goes to the receiver's url, or to its code through the
//! engine; nothing is locked meanwhile, because a receiver that works calls this server.

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
