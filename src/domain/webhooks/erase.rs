//! Erases the messages about an erased end user.

use rusqlite::named_params;

use crate::{
    domain::tenancy::write_tx::WriteTx,
    kernel::{Result, ids::AgentId},
};

const ERASE: &str = "
    DELETE FROM webhook_messages WHERE seq IN (
        WITH RECURSIVE chain (seq, previous_seq, agent_seq) AS (
            SELECT seq, previous_seq, agent_seq FROM webhook_messages
            WHERE seq = :last AND agent_seq = (SELECT seq FROM agents WHERE id = :agent_id)
              AND payload ->> '$.tags[0]' = :tag
            UNION ALL
            SELECT m.seq, m.previous_seq, m.agent_seq
            FROM chain JOIN webhook_messages AS m ON m.seq = chain.previous_seq
            WHERE m.agent_seq = chain.agent_seq AND m.payload ->> '$.tags[0]' = :tag)
        SELECT seq FROM chain)";

/// Deletes the messages of an agent that have this first tag and are linked from `last` by `previous_seq`,
/// delivered or not.
///
/// # Errors
/// Errors of the store.
pub fn erase_message_chain(tx: &WriteTx<'_>, agent: &AgentId, last: i64, tag: &str) -> Result<()> {
    let erased = tx
        .conn
        .prepare_cached(ERASE)?
        .execute(named_params! {":agent_id": agent, ":last": last, ":tag": tag})?;
    if erased > 0 {
        tx.invalidate_leases();
    }
    Ok(())
}
