//! Deletes messages together with their index entries.

use rusqlite::{OptionalExtension, named_params};

use super::index::{self, IndexOp};
use crate::{
    domain::tenancy::write_tx::WriteTx,
    kernel::{Result, ids::EndUserId},
};

/// Deletes a message and its index entry.
pub(super) fn delete_row(tx: &WriteTx<'_>, seq: i64) -> Result<()> {
    let sql = format!(
        "DELETE FROM messages WHERE seq = :seq RETURNING {}",
        index::COLUMNS
    );
    let entry = tx
        .conn
        .prepare_cached(&sql)?
        .query_row(named_params! {":seq": seq}, index::entry_from_row)
        .optional()?;
    if let Some(entry) = entry {
        tx.index_write_batch().push(IndexOp::Delete(entry));
    }
    Ok(())
}

/// Deletes the messages of a conversation that only the memtables index. Triggers delete the others. Call it
/// before the conversation is deleted.
pub(in crate::domain) fn delete_unindexed_of_conversation(
    tx: &WriteTx<'_>,
    seq: i64,
) -> Result<()> {
    let found = tx.index_write_batch().find_by_conversation(seq);
    delete_rows(tx, found, "conversation_seq", seq, usize::MAX).map(drop)
}

/// Deletes the messages of a user that only the memtables index. Call it before the user is deleted.
pub(in crate::domain) fn delete_unindexed_of_user(
    tx: &WriteTx<'_>,
    _: &EndUserId,
    seq: i64,
) -> Result<()> {
    let found = tx.index_write_batch().find_by_user(seq);
    delete_rows(tx, found, "user_seq", seq, usize::MAX).map(drop)
}

/// Deletes up to `limit` messages of an agent that only the memtables index; returns their number.
pub(in crate::domain) fn delete_unindexed_of_agent(
    tx: &WriteTx<'_>,
    seq: i64,
    limit: usize,
) -> Result<usize> {
    let found = tx.index_write_batch().find_by_agent(seq);
    delete_rows(tx, found, "agent_seq", seq, limit)
}

/// Deletes up to `limit` of the messages in `found` whose row has `of` in `column`; returns their number.
fn delete_rows(
    tx: &WriteTx<'_>,
    found: Vec<i64>,
    column: &str,
    of: i64,
    limit: usize,
) -> Result<usize> {
    let is_one = format!("SELECT 1 FROM messages WHERE seq = :seq AND {column} = :of");
    let mut erased = 0;
    for seq in found {
        if erased == limit {
            break;
        }
        let mut is_one = tx.conn.prepare_cached(&is_one)?;
        if is_one.exists(named_params! {":seq": seq, ":of": of})? {
            delete_row(tx, seq)?;
            erased += 1;
        }
    }
    Ok(erased)
}
