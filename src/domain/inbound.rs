//! Requests from outside to the webhooks of integrations (botpress.md §5 "Inbound webhooks"). Whoever
//! knows the address may send one: the integration itself has to tell whom it trusts.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::json;

pub use super::protocol::Answer;
use super::{
    context::Domain,
    protocol::{self, Failed},
};
use crate::kernel::{Error, Kind, Result};

/// The operation of the runtime protocol.
const OPERATION: &str = "webhook_received";

/// When it makes sense to send what could not be taken again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// `GET`, `POST`, …
    pub method: String,
    /// What follows the webhook's id: `/` or more.
    pub path: String,
    /// What follows the `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
}

const FIND: &str = "
    SELECT agent_seq, seq FROM bot_integrations WHERE webhook_id = :webhook_id AND enabled";

/// The bot's row and that of the installation.
type Place = (i64, i64);

fn find(conn: &Connection, webhook_id: &str) -> Result<Option<Place>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":webhook_id": webhook_id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

/// Gives a request to the installation with this webhook, and returns what it answers.
///
/// # Errors
/// `NotFound`, `Runtime` or `Unavailable` if the integration does not answer, or those of the store.
pub async fn receive(domain: &Domain, webhook_id: &str, request: &Incoming) -> Result<Answer> {
    let found = domain.store().read(|conn| find(conn, webhook_id))?;
    let place = found.ok_or_else(|| Error::not_found("There is no such webhook"))?;
    give(domain, place, request).await
}

async fn give(domain: &Domain, place: Place, request: &Incoming) -> Result<Answer> {
    let body = json!({"req": {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
    }});
    let answer = protocol::call(domain, place, OPERATION, OPERATION, &body).await?;
    answer.map_err(not_taken)
}

/// Whoever sent the request may send it again, if that makes sense.
fn not_taken(failed: Failed) -> Error {
    let kind = if failed.may_pass {
        Kind::Unavailable {
            retry_after: failed.retry_after.unwrap_or(RETRY_AFTER),
        }
    } else {
        Kind::Runtime
    };
    Error::new(kind, failed.text)
}
