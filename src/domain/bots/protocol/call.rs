//! Calls of an integration whose answer somebody waits for. How one fails stands in the logs of the
//! integration and the bot too.

use serde_json::Value;

use super::{
    answer::{Answer, Cause, Failed},
    ask::{Ask, ask},
    asked::Asked,
    receiver::Receiver,
};
use crate::{
    domain::{bots::author::not_installed, tenancy::app::App},
    kernel::{Error, Kind, Result, ids::EventId},
};

/// What an installed integration is asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) struct Question<'a> {
    /// The bot's row and that of the installation.
    pub(in crate::domain) place: (i64, i64),
    pub(in crate::domain) operation: &'static str,
    /// The type of the action; else the operation.
    pub(in crate::domain) kind: &'a str,
    pub(in crate::domain) body: &'a Value,
}

/// Calls an installed integration, and returns what it answered, with whatever status.
///
/// # Errors
/// [`Failed`] if there is no answer, or those of the store.
pub(in crate::domain) async fn call(
    app: &App,
    question: Question<'_>,
) -> Result<std::result::Result<Answer, Failed>> {
    let (asked, answer) = put(app, question).await?;
    let failed = match &answer {
        Ok(answer) => answer.is_error().then(|| answer.failure()),
        Err(failed) => Some(failed.clone()),
    };
    // Whoever calls the built-in chat with a mistake learns of it in the answer; its code has not failed.
    let is_of_caller = asked.is_built_in && answer.as_ref().is_ok_and(|answer| answer.status < 500);
    match failed {
        Some(failed) if is_of_caller => asked.record(app, failed).await,
        Some(failed) => asked.report(app, failed).await,
        None => {}
    }
    Ok(answer)
}

/// Calls an installed integration for what `read` finds in its answer.
///
/// # Errors
/// `Runtime` with what the integration or `read` complains of, or those of the store.
pub(in crate::domain) async fn call_for<T>(
    app: &App,
    question: Question<'_>,
    read: impl FnOnce(Value) -> std::result::Result<T, String>,
) -> Result<T> {
    let (asked, answer) = put(app, question).await?;
    let found = match answer.and_then(Answer::good) {
        Ok(answer) => parsed(&answer, question.operation)
            .and_then(read)
            .map_err(|why| Failed::new(Cause::Code, false, why)),
        Err(failed) => Err(failed),
    };
    match found {
        Ok(found) => Ok(found),
        Err(failed) => {
            let why = failed.text.clone();
            asked.report(app, failed).await;
            Err(runtime_error(why))
        }
    }
}

fn parsed(answer: &Answer, operation: &str) -> std::result::Result<Value, String> {
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    let parsed = serde_json::from_str(&answer.body);
    parsed.map_err(|_| format!("The answer of {operation} is no JSON"))
}

async fn put(
    app: &App,
    question: Question<'_>,
) -> Result<(Asked, std::result::Result<Answer, Failed>)> {
    let (agent_seq, installation_seq) = question.place;
    let receiver = app
        .store()
        .read(|conn| Receiver::installation(conn, app.sealer(), agent_seq, installation_seq))?;
    let receiver = receiver.ok_or_else(|| not_installed("that is asked"))?;
    let asked = Asked::of(&receiver, question.operation, question.kind);
    let question = Ask {
        operation: question.operation,
        kind: question.kind.to_owned(),
        body: question.body.to_string(),
        id: EventId::new_uuid().to_string(),
        timeout: app.delivery_settings().call_timeout(),
    };
    Ok((asked, ask(app, &receiver, question).await))
}

/// The error of code that failed, with what it says.
pub(in crate::domain) fn runtime_error(text: String) -> Error {
    Error::new(Kind::Runtime, text)
}
