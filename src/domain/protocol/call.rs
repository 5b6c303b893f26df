//! Calls of an integration whose answer somebody waits for.

use serde_json::Value;

use super::{
    answer::{Answer, Failed},
    ask::{Ask, ask},
    receiver::Receiver,
};
use crate::{
    domain::{context::Domain, declared::not_installed},
    kernel::{Error, Kind, Result, ids::EventId},
};

/// Calls an installed integration, and returns what it answered, with whatever status.
///
/// # Errors
/// [`Failed`] if there is no answer, or those of the store.
pub(in crate::domain) async fn call(
    domain: &Domain,
    (agent_seq, installation_seq): (i64, i64),
    operation: &'static str,
    kind: &str,
    body: &Value,
) -> Result<std::result::Result<Answer, Failed>> {
    let receiver = domain
        .store()
        .read(|conn| Receiver::installation(conn, domain.sealer(), agent_seq, installation_seq))?;
    let receiver = receiver.ok_or_else(|| not_installed("that is asked"))?;
    let question = Ask {
        operation,
        kind: kind.to_owned(),
        body: body.to_string(),
        id: EventId::new_uuid().to_string(),
        timeout: domain.settings().deliveries.call_timeout(),
    };
    Ok(ask(domain, &receiver, question).await)
}

/// Calls an installed integration for the object that it answers.
///
/// # Errors
/// `Runtime` with what the integration complains of, or those of the store.
pub(in crate::domain) async fn call_for(
    domain: &Domain,
    installation: (i64, i64),
    operation: &'static str,
    kind: &str,
    body: &Value,
) -> Result<Value> {
    let answer = call(domain, installation, operation, kind, body).await?;
    let answer = answer
        .and_then(Answer::good)
        .map_err(|failed| runtime_error(failed.text))?;
    if answer.body.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&answer.body)
        .map_err(|_| runtime_error(format!("The answer of {operation} is no JSON")))
}

/// The error of code that failed, with what it says.
pub(in crate::domain) fn runtime_error(text: String) -> Error {
    Error::new(Kind::Runtime, text)
}
