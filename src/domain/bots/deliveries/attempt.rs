//! One delivery attempt: loads the delivery in its present state and calls the receiver.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::queue::LaneKey;
use crate::{
    domain::{
        bots::{
            protocol::{self, BotRequest, CallFailure, FailureCause, Receiver, RequestRef},
            workflows,
        },
        tenancy::app::App,
    },
    kernel::{Result, Timestamp},
};

/// Outcome of an attempt.
pub(super) struct AttemptOutcome {
    pub(super) key: LaneKey,
    pub(super) seq: i64,
    pub(super) ended_at: Timestamp,
    pub(super) result: AttemptResult,
}

/// Kind of outcome.
pub(super) enum AttemptResult {
    /// The delivery or its object no longer exists.
    Gone,
    Called(AttemptedCall),
    /// The server failed to load the delivery, or panicked; this counts as a failed attempt.
    LoadFailed,
}

/// A call that was made, and its result.
pub(super) struct AttemptedCall {
    pub(super) request_ref: RequestRef,
    pub(super) result: std::result::Result<(), CallFailure>,
}

/// Attempts a delivery.
pub(super) async fn run_attempt(app: &App, key: LaneKey, seq: i64) -> AttemptOutcome {
    // Without this, a panic would block the ordering key for ever.
    let came = match AssertUnwindSafe(deliver(app, seq)).catch_unwind().await {
        Ok(Ok(Some(tried))) => AttemptResult::Called(tried),
        Ok(Ok(None)) => AttemptResult::Gone,
        Ok(Err(error)) => {
            tracing::error!(seq, ?error, "a delivery cannot be loaded");
            AttemptResult::LoadFailed
        }
        Err(_) => {
            tracing::error!(seq, "a delivery panicked");
            AttemptResult::LoadFailed
        }
    };
    AttemptOutcome {
        key,
        seq,
        ended_at: app.clock().now(),
        result: came,
    }
}

async fn deliver(app: &App, seq: i64) -> Result<Option<AttemptedCall>> {
    let loaded = app.store().read(|conn| load_delivery(conn, app, seq))?;
    let Some((receiver, ask)) = loaded else {
        return Ok(None);
    };
    let asked = RequestRef::new(&receiver, ask.operation, &ask.kind);
    let answer = protocol::send_request(app, &receiver, ask).await;
    let result = match answer {
        // Any response of the code proves that it runs; only the SDK has to understand a ping.
        Ok(_) if asked.operation == PING => Ok(()),
        Err(failed) if asked.operation == PING && failed.cause == FailureCause::Code => Ok(()),
        answer => answer.and_then(|answer| answer.into_success()).map(|_| ()),
    };
    if let Err(failed) = &result {
        let retried = failed.is_transient;
        app.recent_failures()
            .record_call(app, &asked, (failed, retried));
    }
    Ok(Some(AttemptedCall {
        request_ref: asked,
        result,
    }))
}

const FIND: &str = "
    SELECT agent_seq, installation_seq, operation, event_seq, message_seq, payload
    FROM bot_deliveries WHERE seq = :seq";

struct Row {
    agent_seq: i64,
    installation_seq: Option<i64>,
    operation: String,
    event_seq: Option<i64>,
    message_seq: Option<i64>,
    payload: Option<String>,
}

/// Loads the receiver and the request of a delivery; `None` if there is nothing to deliver any more.
fn load_delivery(conn: &Connection, app: &App, seq: i64) -> Result<Option<(Receiver, BotRequest)>> {
    let row = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":seq": seq}, |row| {
            Ok(Row {
                agent_seq: row.get("agent_seq")?,
                installation_seq: row.get("installation_seq")?,
                operation: row.get("operation")?,
                event_seq: row.get("event_seq")?,
                message_seq: row.get("message_seq")?,
                payload: row.get("payload")?,
            })
        })
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    if let Some(event) = row.event_seq
        && workflows::is_stale_round(conn, seq, event)?
    {
        return Ok(None);
    }
    let sealer = app.sealer();
    let receiver = match row.installation_seq {
        Some(installation) => {
            Receiver::load_installation(conn, sealer, row.agent_seq, installation)?
        }
        None => Receiver::load_bot(conn, sealer, row.agent_seq)?,
    };
    let (Some(receiver), Some(operation)) = (receiver, parse_operation(&row.operation)) else {
        return Ok(None);
    };
    let reader = receiver.integration.as_ref();
    let reader = reader.map(|integration| integration.name.as_str());
    let shown = match (row.event_seq, row.message_seq) {
        (Some(event), _) => protocol::event_payload(conn, app, &receiver.agent, event)?,
        (None, Some(message)) => {
            protocol::message_payload(conn, app, &receiver.agent, reader, message)?
        }
        (None, None) => None,
    };
    let timeout = app.delivery_settings().timeout();
    let ask = match (shown, row.payload) {
        (Some(shown), _) => BotRequest {
            operation,
            kind: shown.kind,
            body: shown.body.to_string(),
            id: shown.id,
            timeout,
        },
        (None, Some(body)) => BotRequest {
            operation,
            kind: operation.to_owned(),
            body,
            id: format!("delivery_{seq}"),
            timeout,
        },
        (None, None) => return Ok(None),
    };
    Ok(Some((receiver, ask)))
}

const PING: &str = "ping";

/// Returns the static name of an operation that deliveries use.
pub(super) fn parse_operation(name: &str) -> Option<&'static str> {
    let known = [
        "event_received",
        "message_created",
        PING,
        "register",
        "unregister",
    ];
    known.into_iter().find(|known| *known == name)
}
