//! Removes installations and notifies their integrations.
//!
//! The installation and its tokens are deleted at once, independent of the integration's answer. The same
//! transaction inserts an uninstall notification. It is deleted when the integration has answered or after the
//! last failed attempt.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::{info, warn};
use url::Url;

use super::{installation_not_found, rows::open_secret};
use crate::{
    domain::{
        App,
        tenancy::{
            agents::{self, Agent},
            audit::{self, Actor, NewAuditRecord},
            operator::OperatorContext,
        },
    },
    kernel::{
        Error, Result, Timestamp,
        clock::{sleep_real_time, system_now},
        ids::{AgentId, InstallationId},
        mac::hmac_sha256,
    },
    net::outbound::OutboundRequest,
};

/// Waits after each failed attempt, in seconds. The attempt after the last wait is the last one.
// wire: unpublished (ada.md §2.6); the schedule of Ada's webhooks, without its jitter
const RETRY_WAITS: [u64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
/// Maximum time between checks for due notifications.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// Pause after an error of the store.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Maximum time for an integration to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum number of notifications sent at the same time.
const MAX_CONCURRENT: u32 = 32;
/// Maximum number of bytes read from a response.
const RESPONSE_MAX: usize = 1024;
/// Maximum length of a stored error, in characters.
const ERROR_MAX: usize = 300;

/// Returns the longest wait between two attempts.
pub(super) fn longest_wait() -> Duration {
    Duration::from_secs(RETRY_WAITS.into_iter().max().unwrap_or(0))
}

const FIND: &str = "
    SELECT i.name, i.client_secret, p.uninstallation_url FROM platform_installations AS i
    JOIN platform_integrations AS p ON p.id = i.integration_id
    WHERE i.agent_id = :agent_id AND i.id = :id";

const DELETE_INSTALLATION: &str = "
    DELETE FROM platform_installations WHERE agent_id = :agent_id AND id = :id";

const INSERT: &str = "
    INSERT INTO platform_uninstalls
        (installation_id, agent_id, name, url, client_secret, attempts, next_attempt_at,
         created_at)
    VALUES (:installation_id, :agent_id, :name, :url, :client_secret, 0, :now, :now)";

/// Removes an installation of an agent, on behalf of the operator. Its tokens are invalid at once.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `NotFound` if the agent has no such installation, errors
/// of the store.
pub async fn uninstall(operator: &OperatorContext, agent: Agent, id: InstallationId) -> Result<()> {
    operator
        .run_write_tx(move |tx| {
            let found = tx.conn.prepare_cached(FIND)?.query_row(
                named_params! {":agent_id": agent.id, ":id": id},
                |row| {
                    let name: String = row.get("name")?;
                    let secret: Vec<u8> = row.get("client_secret")?;
                    let url: String = row.get("uninstallation_url")?;
                    Ok((name, secret, url))
                },
            );
            let (name, secret, url) = found.optional()?.ok_or_else(installation_not_found)?;
            tx.run_after_commit(|app| app.uninstall_wake_up().notify_one());
            tx.conn.prepare_cached(INSERT)?.execute(named_params! {
                ":installation_id": id,
                ":agent_id": agent.id,
                ":name": name,
                ":url": url,
                ":client_secret": secret,
                ":now": tx.now,
            })?;
            tx.conn
                .prepare_cached(DELETE_INSTALLATION)?
                .execute(named_params! {":agent_id": agent.id, ":id": id})?;
            audit::record(
                tx,
                &NewAuditRecord {
                    workspace: Some(&agent.workspace_id),
                    action: "platform_installation.delete",
                    resource_id: id.as_str(),
                    resource_name: Some(&name),
                },
            )
        })
        .await
}

/// A pending uninstall notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UninstallNotification {
    /// Id of the removed installation.
    pub installation_id: InstallationId,
    /// Name of the removed installation.
    pub name: String,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Time of the next attempt.
    pub next_attempt_at: Timestamp,
    /// Error of the last attempt.
    pub last_error: Option<String>,
}

const LIST: &str = "
    SELECT * FROM platform_uninstalls WHERE agent_id = :agent_id ORDER BY seq";

/// Returns the pending uninstall notifications of an agent, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list_uninstall_notifications(
    conn: &Connection,
    agent: &AgentId,
) -> Result<Vec<UninstallNotification>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! {":agent_id": agent}, |row| {
        Ok(UninstallNotification {
            installation_id: row.get("installation_id")?,
            name: row.get("name")?,
            attempts: row.get("attempts")?,
            next_attempt_at: row.get("next_attempt_at")?,
            last_error: row.get("last_error")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A notification that is due.
struct DueNotification {
    id: InstallationId,
    agent: AgentId,
    name: String,
    url: String,
    secret: Vec<u8>,
    attempts: u32,
}

const FIND_DUE: &str = "
    SELECT * FROM platform_uninstalls WHERE next_attempt_at <= :now
    ORDER BY next_attempt_at LIMIT :limit";

const FIND_NEXT: &str = "SELECT min(next_attempt_at) FROM platform_uninstalls";

/// Sends the notifications when they are due, until it is dropped.
pub async fn run(app: App) {
    loop {
        let wait = match deliver_due(&app).await {
            Ok(Some(next)) => next.since(app.clock().now()).min(CHECK_INTERVAL),
            Ok(None) => CHECK_INTERVAL,
            Err(error) => {
                warn!(%error, "uninstall notifications cannot be sent; they are retried");
                // Real time: the product clock may be frozen.
                sleep_real_time(ERROR_PAUSE).await;
                continue;
            }
        };
        tokio::select! {
            () = app.uninstall_wake_up().notified() => {}
            () = app.clock().sleep(wait) => {}
        }
    }
}

/// Sends all due notifications. Returns the time of the next attempt; none if no notification is left.
///
/// # Errors
/// Errors of the store.
async fn deliver_due(app: &App) -> Result<Option<Timestamp>> {
    loop {
        let now = app.clock().now();
        let due = app.store().read(|conn| find_due(conn, now))?;
        if due.is_empty() {
            return app.store().read(|conn| {
                Ok(conn
                    .prepare_cached(FIND_NEXT)?
                    .query_row([], |row| row.get(0))?)
            });
        }
        let attempts = due.into_iter().map(|due| attempt_notification(app, due));
        for outcome in join_all(attempts).await {
            outcome?;
        }
    }
}

fn find_due(conn: &Connection, now: Timestamp) -> Result<Vec<DueNotification>> {
    let mut statement = conn.prepare_cached(FIND_DUE)?;
    let rows = statement.query_map(
        named_params! {":now": now, ":limit": MAX_CONCURRENT},
        |row| {
            Ok(DueNotification {
                id: row.get("installation_id")?,
                agent: row.get("agent_id")?,
                name: row.get("name")?,
                url: row.get("url")?,
                secret: row.get("client_secret")?,
                attempts: row.get("attempts")?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const DELETE_NOTIFICATION: &str = "
    DELETE FROM platform_uninstalls WHERE agent_id = :agent_id AND installation_id = :id";

const POSTPONE: &str = "
    UPDATE platform_uninstalls
    SET attempts = :attempts, next_attempt_at = :next_attempt_at, last_error = :error
    WHERE agent_id = :agent_id AND installation_id = :id";

/// Sends one notification and records the result.
async fn attempt_notification(app: &App, due: DueNotification) -> Result<()> {
    let outcome = send_notification(app, &due).await;
    let attempts = due.attempts + 1;
    let wait = RETRY_WAITS
        .get(due.attempts as usize)
        .copied()
        .map(Duration::from_secs);
    let next = match (&outcome, wait) {
        (Ok(()), _) => {
            info!(installation = %due.id, attempts, "an uninstall notification was delivered");
            None
        }
        (Err(error), Some(wait)) => {
            info!(installation = %due.id, attempts, error, "an uninstall notification failed; it is retried");
            Some(app.clock().now().plus(wait))
        }
        (Err(error), None) => {
            warn!(installation = %due.id, attempts, error, "an uninstall notification failed for the last time");
            None
        }
    };
    app.run_write_tx_as(Actor::System, move |tx| {
        let DueNotification {
            id, agent, name, ..
        } = due;
        let error = outcome.err();
        if let Some(next) = next {
            tx.conn.prepare_cached(POSTPONE)?.execute(named_params! {
                ":agent_id": agent,
                ":id": id,
                ":attempts": attempts,
                ":next_attempt_at": next,
                ":error": error,
            })?;
            return Ok(());
        }
        tx.conn
            .prepare_cached(DELETE_NOTIFICATION)?
            .execute(named_params! {":agent_id": agent, ":id": id})?;
        let action = match error {
            None => "platform_installation.farewell",
            Some(_) => "platform_installation.farewell_failed",
        };
        let workspace = agents::find_by_id(tx.conn, &agent)?.workspace_id;
        audit::record(
            tx,
            &NewAuditRecord {
                workspace: Some(&workspace),
                action,
                resource_id: id.as_str(),
                resource_name: Some(&name),
            },
        )
    })
    .await
}

/// Sends the signed request (ada.md §2.6).
async fn send_notification(app: &App, due: &DueNotification) -> Result<(), String> {
    let request = build_request(app, due).map_err(|error| error.to_string())?;
    let result = app.outbound().send(request).await;
    match result {
        Err(error) => Err(error.to_string().chars().take(ERROR_MAX).collect()),
        // An integration that does not know the installation needs no notification.
        Ok(response) if matches!(response.status, 200..300 | 404 | 410) => Ok(()),
        Ok(response) => Err(format!("it answered {}", response.status)),
    }
}

fn build_request(app: &App, due: &DueNotification) -> Result<OutboundRequest> {
    let secret = open_secret(app.sealer(), &due.id, &due.secret)?;
    let mut url = Url::parse(&due.url)
        .map_err(|error| Error::internal("a validated address cannot be parsed", error))?;
    // wire: seconds; the form of the timestamp is not published
    let timestamp = system_now().as_seconds().to_string();
    let signed = due.url.split(['?', '#']).next().unwrap_or_default();
    let signed = format!("delete\n{signed}\n\n{timestamp}");
    let signature = hmac_sha256(secret.expose().as_bytes(), signed.as_bytes());
    url.query_pairs_mut()
        .append_pair("installation_id", due.id.as_str());
    Ok(OutboundRequest {
        method: "DELETE",
        url: url.into(),
        headers: vec![
            ("x-ada-signature-V2".to_owned(), STANDARD.encode(signature)),
            ("x-ada-timestamp-V2".to_owned(), timestamp),
        ],
        body: Vec::new(),
        timeout: TIMEOUT,
        max_response: RESPONSE_MAX,
    })
}
