//! Waits until the integrations of a bot have answered to their first `register` after a save.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use crate::{
    domain::tenancy::app::App,
    kernel::{Result, clock::with_timeout},
};

const IS_WAITING: &str = "
    SELECT 1 FROM bot_deliveries
    WHERE agent_seq = :agent_seq AND operation = 'register' AND attempts = 0";

fn is_waiting(conn: &Connection, agent_seq: i64) -> Result<bool> {
    let mut statement = conn.prepare_cached(IS_WAITING)?;
    Ok(statement.exists(named_params! {":agent_seq": agent_seq})?)
}

/// Waits until no installation of a bot waits for its first `register`, or until the time for it is up
/// (`bots.registration_wait_seconds`).
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn wait_for_first_attempts(app: &App, agent_seq: i64) -> Result<()> {
    let attempts = async {
        loop {
            let stored = app.outcomes_stored().notified();
            tokio::pin!(stored);
            // It begins before the read, so no outcome is missed.
            stored.as_mut().enable();
            if !app.store().read(|conn| is_waiting(conn, agent_seq))? {
                return Ok(());
            }
            stored.await;
        }
    };
    let limit = Duration::from_secs(app.bot_settings().registration_wait_seconds);
    // After the time the installations are still pending.
    with_timeout(limit, attempts).await.unwrap_or(Ok(()))
}
