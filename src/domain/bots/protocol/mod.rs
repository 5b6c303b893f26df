//! The runtime protocol: a request to a bot or an installed integration, and its response (botpress.md §5). The
//! request goes to the receiver's URL, or to its code through the engine. No lock is held during a call, because
//! receivers call this server in turn.

mod bot_request;
mod call;
mod failures;
mod metrics;
mod payloads;
mod program;
mod receiver;
mod request_ref;
mod response;
mod tokens;

pub(in crate::domain) use self::{
    bot_request::{BotRequest, ask},
    call::{IntegrationCall, call, call_for, runtime_error},
    failures::RecentFailures,
    payloads::{event, message, state},
    program::ProgramCache,
    receiver::Receiver,
    request_ref::RequestRef,
    response::{CallFailure, FailureCause},
};
pub use self::{failures::CodeFailure, metrics::Metrics, response::CallResponse};
