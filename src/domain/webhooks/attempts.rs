//! Reads the recorded delivery attempts, for the operator.

use rusqlite::{Connection, named_params};

use super::endpoints::load_any_endpoint;
use crate::{
    domain::tenancy::app::App,
    kernel::{
        Result, Rule, Timestamp, Violation,
        ids::{WebhookAttemptId, WebhookEndpointId, WebhookMessageId},
    },
};

/// One attempt to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the attempt.
    pub id: WebhookAttemptId,
    /// Id of the message.
    pub message_id: WebhookMessageId,
    /// Event type of the message.
    pub event_type: String,
    /// The address that was called, redacted.
    pub url: String,
    /// True if the operator requested the attempt.
    pub manual: bool,
    /// True if the endpoint answered with 2xx.
    pub succeeded: bool,
    /// HTTP status of the response, if there was one.
    pub status: Option<u16>,
    /// The beginning of the response body.
    pub response: Vec<u8>,
    /// The error, if there was no response.
    pub error: Option<String>,
    /// Start time of the attempt.
    pub started_at: Timestamp,
    /// Duration of the attempt, in milliseconds.
    pub duration_ms: u64,
}

/// A page of attempts.
#[derive(Debug, Clone)]
pub struct EndpointAttempts {
    /// The attempts, newest first.
    pub items: Vec<Attempt>,
    /// Id of the first attempt on the next page, if there is one.
    pub next: Option<WebhookAttemptId>,
}

const LIST: &str = "
    SELECT attempts.*, messages.id AS message_id, messages.event_type
    FROM webhook_attempts AS attempts
    JOIN webhook_messages AS messages ON messages.seq = attempts.message_seq
    WHERE attempts.endpoint_seq = :endpoint
      AND attempts.seq <= coalesce(
          (SELECT seq FROM webhook_attempts WHERE id = :from), 9223372036854775807)
    ORDER BY attempts.seq DESC LIMIT :limit";

const EXISTS: &str = "
    SELECT EXISTS (SELECT 1 FROM webhook_attempts WHERE endpoint_seq = :endpoint AND id = :from)";

/// Returns a page of attempts at an endpoint of any agent, newest first, beginning with `from`.
///
/// # Errors
/// `NotFound` if there is no such endpoint, `Invalid` if `from` is not one of its attempts, errors of the store.
pub async fn list_attempts(
    app: &App,
    id: WebhookEndpointId,
    from: Option<WebhookAttemptId>,
    limit: u32,
) -> Result<EndpointAttempts> {
    let read = move |conn: &Connection| {
        let endpoint = load_any_endpoint(conn, &id)?.seq;
        if let Some(from) = &from {
            let known: bool = conn.prepare_cached(EXISTS)?.query_row(
                named_params! {":endpoint": endpoint, ":from": from},
                |row| row.get(0),
            )?;
            if !known {
                let rule = Rule::Other("must be the id of an attempt".to_owned());
                return Err(Violation::query("cursor", rule).into());
            }
        }
        let mut statement = conn.prepare_cached(LIST)?;
        let rows = statement.query_map(
            named_params! {":endpoint": endpoint, ":from": from, ":limit": limit + 1},
            |row| {
                Ok(Attempt {
                    id: row.get("id")?,
                    message_id: row.get("message_id")?,
                    event_type: row.get("event_type")?,
                    url: row.get("url")?,
                    manual: row.get("manual")?,
                    succeeded: row.get("succeeded")?,
                    status: row.get("status")?,
                    response: row.get("response")?,
                    error: row.get("error")?,
                    started_at: row.get("started_at")?,
                    duration_ms: row.get::<_, i64>("duration_ms")?.unsigned_abs(),
                })
            },
        )?;
        let mut items: Vec<Attempt> = rows.collect::<rusqlite::Result<_>>()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = items.get(limit).map(|attempt| attempt.id.clone());
        items.truncate(limit);
        Ok(EndpointAttempts { items, next })
    };
    app.store().scan(read).await
}
