//! Immediate retries: after a deployment, failed deliveries do not wait for their next attempt.

use std::sync::{Mutex, PoisonError};

use rusqlite::named_params;

use super::queue::ReceiverKey;
use crate::{domain::tenancy::write_tx::WriteTx, kernel::Result};

/// Receivers whose retries the dispatcher must start now.
#[derive(Default)]
pub(in crate::domain) struct RetryRequests(Mutex<Vec<ReceiverKey>>);

impl RetryRequests {
    /// Adds receivers after the commit of their change.
    pub(in crate::domain) fn add(&self, receivers: Vec<ReceiverKey>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(receivers);
    }

    /// Takes all receivers that were added since the last call.
    pub(super) fn take_all(&self) -> Vec<ReceiverKey> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const RETRY_BOT: &str = "
    UPDATE bot_deliveries SET due_at = :now, attempts = 0
    WHERE agent_seq = :agent_seq AND installation_seq IS NULL AND attempts > 0";

/// After a redeploy, makes the bot's failed deliveries due now, with a full set of attempts.
pub(in crate::domain) fn retry_bot_now(tx: &WriteTx<'_>, agent_seq: i64) -> Result<()> {
    let waited = tx
        .conn
        .prepare_cached(RETRY_BOT)?
        .execute(named_params! {":agent_seq": agent_seq, ":now": tx.now})?;
    if waited > 0 {
        tx.retry_deliveries_now((agent_seq, 0));
    }
    Ok(())
}

const RETRY_INTEGRATION: &str = "
    UPDATE bot_deliveries SET due_at = :now, attempts = 0
    WHERE attempts > 0
      AND installation_seq IN (SELECT seq FROM bot_integrations WHERE integration_seq = :seq)
    RETURNING agent_seq, installation_seq";

/// After an update of an integration, makes the failed deliveries to its installations due now.
pub(in crate::domain) fn retry_integration_now(tx: &WriteTx<'_>, seq: i64) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(RETRY_INTEGRATION)?;
    let parameters = named_params! {":seq": seq, ":now": tx.now};
    let waited = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    for receiver in waited {
        tx.retry_deliveries_now(receiver?);
    }
    Ok(())
}
