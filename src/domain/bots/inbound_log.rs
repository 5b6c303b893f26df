//! Logs unreadable webhook requests to the integration's log. The integration's developer does not see the
//! response that the sender gets.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    inbound::{WebhookInstallation, WebhookReceiver},
    manage::logs::{self, LogLevel},
};
use crate::{
    domain::tenancy::{app::App, audit::Actor},
    kernel::{Error, Kind, Result, ids::IntegrationId},
};

/// Logs the refusal of a request if its body is the cause.
///
/// # Errors
/// Errors of the store.
pub async fn log_unreadable_request(
    app: &App,
    receiver: &WebhookReceiver,
    error: &Error,
) -> Result<()> {
    if !matches!(error.kind(), Kind::UnsupportedMedia | Kind::Invalid) {
        return Ok(());
    }
    let text = format!("A request to the webhook was refused: {}", error.message());
    let (receiver, settings) = (receiver.clone(), app.clone());
    let noted = app.run_write_tx_as(Actor::System, move |tx| {
        let Some(id) = find_integration(tx.conn, &receiver)? else {
            return Ok(());
        };
        let settings = settings.bot_settings();
        logs::record_for_integration(tx, settings, &id, LogLevel::Error, &text)
    });
    noted.await
}

const OF_INSTALLATION: &str = "
    SELECT integrations.id FROM bot_integrations
    JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent AND bot_integrations.seq = :seq";

const NEWEST_INSTALLED: &str = "
    SELECT integrations.id FROM integrations
    WHERE integrations.workspace_id = :workspace_id AND integrations.name = :name AND EXISTS (
        SELECT 1 FROM bot_integrations
        WHERE bot_integrations.integration_seq = integrations.seq AND bot_integrations.enabled)
    ORDER BY integrations.version_order DESC, integrations.seq LIMIT 1";

/// Returns the integration that receives the request: for a shared webhook, its newest installed version.
fn find_integration(
    conn: &Connection,
    receiver: &WebhookReceiver,
) -> Result<Option<IntegrationId>> {
    let found = match receiver {
        WebhookReceiver::Installation(WebhookInstallation((agent, seq))) => conn
            .prepare_cached(OF_INSTALLATION)?
            .query_row(named_params! {":agent": agent, ":seq": seq}, |row| {
                row.get(0)
            }),
        WebhookReceiver::Shared(webhook) => conn.prepare_cached(NEWEST_INSTALLED)?.query_row(
            named_params! {":workspace_id": webhook.workspace, ":name": webhook.name},
            |row| row.get(0),
        ),
    };
    Ok(found.optional()?)
}
