//! Calls to integrations and bots whose caller waits for the response. Failures are also logged for the integration and
//! the bot.

use std::time::Duration;

use serde_json::Value;

use super::{
    bot_request::{BotRequest, send_request},
    receiver::Receiver,
    request_ref::RequestRef,
    response::{CallFailure, CallReach, CallResponse, FailureCause},
};
use crate::{
    domain::{bots::author::not_installed, tenancy::app::App},
    kernel::{Error, Kind, Result, ids::EventId},
};

/// Time after which a caller repeats a call that this server could not make.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A call to a bot, or to an integration that is installed in it.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) struct ProgramCall<'a> {
    /// Rows of the bot and of the installation; without an installation the bot itself is called.
    pub(in crate::domain) receiver: (i64, Option<i64>),
    pub(in crate::domain) operation: &'static str,
    /// Type of the action; else the operation.
    pub(in crate::domain) kind: &'a str,
    pub(in crate::domain) body: &'a Value,
}

/// Calls an installed integration, and returns its response with any status.
///
/// # Errors
/// [`CallFailure`] in the inner result if there is no response; errors of the store.
pub(in crate::domain) async fn call_integration(
    app: &App,
    question: ProgramCall<'_>,
) -> Result<std::result::Result<CallResponse, CallFailure>> {
    let (asked, answer) = send_call(app, question).await?;
    let failed = match &answer {
        Ok(answer) => answer.is_code_failure().then(|| answer.to_failure()),
        Err(failed) => Some(failed.clone()),
    };
    // A 4xx of the built-in chat is the client's mistake, so the server's log gets no failure.
    let is_of_caller = asked.is_built_in && answer.as_ref().is_ok_and(|answer| answer.status < 500);
    match failed {
        Some(failed) if is_of_caller => asked.log_failure(app, failed).await,
        Some(failed) => asked.report_failure(app, failed).await,
        None => {}
    }
    Ok(answer)
}

/// Calls a program, and parses its response with `read`.
///
/// # Errors
/// `Runtime` with the message of the program or of `read`; `Unavailable` if this server could not run the program; errors
/// of the store.
pub(in crate::domain) async fn call_and_parse<T>(
    app: &App,
    question: ProgramCall<'_>,
    read: impl FnOnce(Value) -> std::result::Result<T, String>,
) -> Result<T> {
    let (asked, answer) = send_call(app, question).await?;
    let found = match answer.and_then(CallResponse::into_success) {
        Ok(answer) => parse_json_body(&answer, question.operation)
            .and_then(read)
            .map_err(|why| CallFailure::new(FailureCause::Code, false, why)),
        Err(failed) => Err(failed),
    };
    match found {
        Ok(found) => Ok(found),
        Err(failed) => {
            let error = to_error(&failed);
            asked.report_failure(app, failed).await;
            Err(error)
        }
    }
}

fn parse_json_body(answer: &CallResponse, operation: &str) -> std::result::Result<Value, String> {
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    let parsed = serde_json::from_str(&answer.body);
    parsed.map_err(|_| format!("The response of {operation} is not JSON"))
}

async fn send_call(
    app: &App,
    question: ProgramCall<'_>,
) -> Result<(RequestRef, std::result::Result<CallResponse, CallFailure>)> {
    let (agent_seq, installation_seq) = question.receiver;
    let receiver = app.store().read(|conn| match installation_seq {
        Some(seq) => Receiver::load_installation(conn, app.sealer(), agent_seq, seq),
        None => Receiver::load_bot(conn, app.sealer(), agent_seq),
    })?;
    let receiver = receiver.ok_or_else(|| match installation_seq {
        Some(_) => not_installed("of this call"),
        None => runtime_error("The bot is blocked or deleted".to_owned()),
    })?;
    let asked = RequestRef::new(&receiver, question.operation, question.kind);
    let question = BotRequest {
        operation: question.operation,
        kind: question.kind.to_owned(),
        body: question.body.to_string(),
        id: EventId::new_uuid().to_string(),
        timeout: app.delivery_settings().call_timeout(),
    };
    Ok((asked, send_request(app, &receiver, question).await))
}

/// Converts a failure. If the code is not the cause, such as when its process was ended from outside, the caller can repeat
/// its request: a bot that would fail for good with it would lose the message that it works on.
fn to_error(failed: &CallFailure) -> Error {
    let is_of_code = !matches!(
        (failed.cause, failed.reach),
        (FailureCause::Other, _) | (FailureCause::Limits, CallReach::NotCalled)
    );
    if is_of_code || !failed.is_transient {
        return runtime_error(failed.text.clone());
    }
    let retry_after = failed.retry_after.unwrap_or(RETRY_AFTER);
    Error::new(Kind::Unavailable { retry_after }, failed.text.clone())
}

/// Returns the error of failed code, with its message.
pub(in crate::domain) fn runtime_error(text: String) -> Error {
    Error::new(Kind::Runtime, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineError;

    #[test]
    fn failures_that_are_not_of_the_code_can_be_repeated() {
        let repeatable = |failure: EngineError| {
            matches!(to_error(&failure.into()).kind(), Kind::Unavailable { .. })
        };
        assert!(repeatable(EngineError::Stopped("it was killed".to_owned())));
        assert!(repeatable(EngineError::Busy(1)));
        assert!(repeatable(EngineError::Full(1)));
        assert!(!repeatable(EngineError::CpuTime(Duration::ZERO)));
        assert!(!repeatable(EngineError::Memory(1)));
        assert!(!repeatable(EngineError::BadAnswer("none".to_owned())));
        let backoff = |last| EngineError::Backoff {
            last: Box::new(last),
            retry_in: Duration::ZERO,
        };
        let stopped = EngineError::Stopped("it was killed".to_owned());
        assert!(repeatable(backoff(stopped)));
        assert!(!repeatable(backoff(EngineError::Missing("a".to_owned()))));
    }
}
