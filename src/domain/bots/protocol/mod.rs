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
    bot_request::{BotRequest, send_request},
    call::{ProgramCall, call_and_parse, call_integration, runtime_error},
    failures::RecentFailures,
    payloads::{event_payload, message_payload},
    program::ProgramCache,
    receiver::Receiver,
    request_ref::RequestRef,
    response::{CallFailure, CallReach, FailureCause},
};
pub use self::{failures::CodeFailure, metrics::Metrics, response::CallResponse};
