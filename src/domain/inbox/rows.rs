//! Stores inboxes and the requests that they received.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use super::{Verdict, verify::verify_request};
use crate::{
    domain::{
        end_users,
        tenancy::{app::App, audit::Actor, write_tx::WriteTx},
    },
    kernel::{Error, Result, Rule, Timestamp, Violation, ids::EndUserId},
};

/// Maximum length of a name.
const NAME_MAX: usize = 64;

/// A request to an inbox.
#[derive(Debug, Clone)]
pub struct InboxRequest {
    /// HTTP method: `POST` or `PUT`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names in lower case, with their values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A stored request.
#[derive(Debug, Clone)]
pub struct StoredRequest {
    /// HTTP method: `POST` or `PUT`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names in lower case, with their values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, truncated to `inbox.max_body_bytes`.
    pub body: Vec<u8>,
    /// True if the body was truncated.
    pub truncated: bool,
    /// Result of the signature check.
    pub verdict: Verdict,
    /// HTTP status of the response.
    pub status: u16,
    /// Time of arrival.
    pub received_at: Timestamp,
}

/// An inbox with its requests.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Name of the inbox.
    pub name: String,
    /// HTTP status that it answers with.
    pub status: u16,
    /// The stored requests, newest first.
    pub requests: Vec<StoredRequest>,
}

/// An inbox in a list.
#[derive(Debug, Clone)]
pub struct InboxSummary {
    /// Name of the inbox.
    pub name: String,
    /// Number of stored requests.
    pub requests: u32,
    /// Time of last use.
    pub used_at: Timestamp,
}

const TOUCH_INBOX: &str = "
    INSERT INTO inboxes (name, status, used_at) VALUES (:name, 200, :now)
    ON CONFLICT (name) DO UPDATE SET used_at = :now
    RETURNING seq, status";

const DELETE_OLD_INBOXES: &str = "
    DELETE FROM inboxes WHERE seq IN (
        SELECT seq FROM inboxes ORDER BY used_at > :now, used_at DESC, seq DESC
        LIMIT -1 OFFSET :max)";

const INSERT: &str = "
    INSERT INTO inbox_requests
        (inbox_seq, method, path, headers, body, truncated, verdict, status, received_at,
         end_user_id)
    VALUES
        (:inbox, :method, :path, :headers, :body, :truncated, :verdict, :status, :now,
         :end_user_id)";

const DELETE_OLD_REQUESTS: &str = "
    DELETE FROM inbox_requests WHERE seq IN (
        SELECT seq FROM inbox_requests WHERE inbox_seq = :inbox
        ORDER BY seq DESC LIMIT -1 OFFSET :max)";

/// Stores a request, unless it is about an end user that was erased recently.
///
/// # Errors
/// `Invalid` for an invalid name, errors of the store.
pub async fn store_request(app: &App, name: &str, incoming: InboxRequest) -> Result<StoredRequest> {
    check_name(name)?;
    let name = name.to_owned();
    let parts = app.clone();
    let stored = app.run_write_tx_as(Actor::System, move |tx| {
        let settings = parts.inbox_settings();
        let (inbox, status) = touch_inbox(tx.conn, &name, tx.now, settings.max_inboxes)?;
        let verdict = verify_request(tx.conn, parts.sealer(), &name, &incoming, tx.now)?;
        let end_user = find_end_user(&incoming.body);
        let mut body = incoming.body;
        let truncated = body.len() > settings.max_body_bytes;
        body.truncate(settings.max_body_bytes);
        let received = StoredRequest {
            method: incoming.method,
            path: incoming.path,
            headers: incoming.headers,
            body,
            truncated,
            verdict,
            status,
            received_at: tx.now,
        };
        let erased = match &end_user {
            Some(end_user) => end_users::was_recently_erased(tx.conn, end_user)?,
            None => false,
        };
        if !erased {
            insert_request(tx.conn, inbox, &received, end_user.as_ref())?;
            tx.conn
                .prepare_cached(DELETE_OLD_REQUESTS)?
                .execute(named_params! {":inbox": inbox, ":max": settings.max_requests})?;
        }
        Ok(received)
    });
    stored.await
}

fn insert_request(
    conn: &Connection,
    inbox: i64,
    received: &StoredRequest,
    end_user: Option<&EndUserId>,
) -> Result<()> {
    conn.prepare_cached(INSERT)?.execute(named_params! {
        ":inbox": inbox,
        ":method": received.method,
        ":path": received.path,
        ":headers": json!(received.headers).to_string(),
        ":body": received.body,
        ":truncated": received.truncated,
        ":verdict": json!(received.verdict).to_string(),
        ":status": received.status,
        ":now": received.received_at,
        ":end_user_id": end_user,
    })?;
    Ok(())
}

/// Returns the end user that a message is about: its first tag, or the `end_user_id` of its data.
fn find_end_user(body: &[u8]) -> Option<EndUserId> {
    let message: Value = serde_json::from_slice(body).ok()?;
    let tag = message.pointer("/tags/0");
    let id = tag.or_else(|| message.pointer("/data/end_user_id"))?;
    id.as_str().map(Into::into)
}

const ERASE: &str = "DELETE FROM inbox_requests WHERE end_user_id = :end_user_id";

/// Deletes the stored requests about an end user.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) fn erase_end_user(
    tx: &WriteTx<'_>,
    end_user: &EndUserId,
    _: i64,
) -> Result<()> {
    tx.conn
        .prepare_cached(ERASE)?
        .execute(named_params! {":end_user_id": end_user})?;
    Ok(())
}

/// Marks an inbox as used, creating it if needed. Returns its `seq` and the status that it answers with.
fn touch_inbox(conn: &Connection, name: &str, now: Timestamp, max: u32) -> Result<(i64, u16)> {
    let used = conn
        .prepare_cached(TOUCH_INBOX)?
        .query_row(named_params! {":name": name, ":now": now}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    conn.prepare_cached(DELETE_OLD_INBOXES)?
        .execute(named_params! {":max": max.max(1), ":now": now})?;
    Ok(used)
}

const FIND: &str = "SELECT seq, status FROM inboxes WHERE name = :name";

const LIST_REQUESTS: &str = "
    SELECT * FROM inbox_requests WHERE inbox_seq = :inbox ORDER BY seq DESC";

/// Returns an inbox. An inbox that was never used is empty.
///
/// # Errors
/// `Invalid` for an invalid name, errors of the store.
pub async fn get(app: &App, name: &str) -> Result<Inbox> {
    check_name(name)?;
    let name = name.to_owned();
    let read = move |conn: &Connection| {
        let found: Option<(i64, u16)> = conn
            .prepare_cached(FIND)?
            .query_row(named_params! {":name": name}, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let mut requests = Vec::new();
        if let Some((inbox, _)) = found {
            let mut statement = conn.prepare_cached(LIST_REQUESTS)?;
            let mut rows = statement.query(named_params! {":inbox": inbox})?;
            while let Some(row) = rows.next()? {
                requests.push(from_row(row)?);
            }
        }
        Ok(Inbox {
            name,
            status: found.map_or(200, |(_, status)| status),
            requests,
        })
    };
    app.store().scan(read).await
}

fn from_row(row: &Row<'_>) -> Result<StoredRequest> {
    let broken = |error| Error::internal("an inbox has a row that cannot be read", error);
    let headers: String = row.get("headers")?;
    let verdict: String = row.get("verdict")?;
    Ok(StoredRequest {
        method: row.get("method")?,
        path: row.get("path")?,
        headers: serde_json::from_str(&headers).map_err(broken)?,
        body: row.get("body")?,
        truncated: row.get("truncated")?,
        verdict: serde_json::from_str(&verdict).map_err(broken)?,
        status: row.get("status")?,
        received_at: row.get("received_at")?,
    })
}

const LIST: &str = "
    SELECT name, used_at,
           (SELECT count(*) FROM inbox_requests WHERE inbox_seq = inboxes.seq) AS requests
    FROM inboxes ORDER BY used_at DESC, seq DESC";

/// Returns all inboxes, most recently used first.
///
/// # Errors
/// Errors of the store.
pub async fn list(app: &App) -> Result<Vec<InboxSummary>> {
    let read = |conn: &Connection| {
        let mut statement = conn.prepare_cached(LIST)?;
        let rows = statement.query_map([], |row| {
            Ok(InboxSummary {
                name: row.get("name")?,
                requests: row.get("requests")?,
                used_at: row.get("used_at")?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    app.store().scan(read).await
}

const SET_STATUS: &str = "UPDATE inboxes SET status = :status WHERE seq = :seq";

/// Sets the status that an inbox answers with.
///
/// # Errors
/// `Invalid` for an invalid name or status, errors of the store.
pub async fn set_status(app: &App, name: &str, status: u16) -> Result<()> {
    check_name(name)?;
    if !(200..=599).contains(&status) {
        let rule = Rule::Other("must be a status from 200 to 599".to_owned());
        return Err(Violation::body(["status"], rule).into());
    }
    let name = name.to_owned();
    let max = app.inbox_settings().max_inboxes;
    let set = app.run_write_tx_as(Actor::System, move |tx| {
        let (seq, _) = touch_inbox(tx.conn, &name, tx.now, max)?;
        tx.conn
            .prepare_cached(SET_STATUS)?
            .execute(named_params! {":seq": seq, ":status": status})?;
        Ok(())
    });
    set.await
}

const CLEAR: &str = "
    DELETE FROM inbox_requests WHERE inbox_seq = (SELECT seq FROM inboxes WHERE name = :name)";

/// Deletes the stored requests of an inbox.
///
/// # Errors
/// `Invalid` for an invalid name, errors of the store.
pub async fn clear(app: &App, name: &str) -> Result<()> {
    check_name(name)?;
    let name = name.to_owned();
    let cleared = app.run_write_tx_as(Actor::System, move |tx| {
        tx.conn
            .prepare_cached(CLEAR)?
            .execute(named_params! {":name": name})?;
        Ok(())
    });
    cleared.await
}

/// Checks the name of an inbox.
///
/// # Errors
/// `Invalid` if the name is empty, too long or has other characters than letters, digits, `-` and `_`.
pub fn check_name(name: &str) -> Result<()> {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if letters && (1..=NAME_MAX).contains(&name.len()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the name of an inbox has 1 to {NAME_MAX} letters, digits, - or _"
    )))
}
