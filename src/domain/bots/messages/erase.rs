//! Deletes messages together with their index entries. No foreign key leads from a message to its conversation, user
//! or agent: code that deletes one of them deletes its messages first.

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

const DELETE_OF_CONVERSATION: &str = "
    DELETE FROM messages WHERE seq IN
        (SELECT seq FROM messages_of_conversation WHERE conversation_seq = :seq)";

/// Deletes all messages of a conversation.
pub(in crate::domain) fn delete_by_conversation(tx: &WriteTx<'_>, seq: i64) -> Result<()> {
    let unindexed = tx.index_write_batch().find_by_conversation(seq);
    delete_rows(tx, unindexed, "conversation_seq", seq, usize::MAX)?;
    tx.conn
        .prepare_cached(DELETE_OF_CONVERSATION)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}

const DELETE_OF_USER: &str = "
    DELETE FROM messages WHERE seq IN (SELECT seq FROM messages_of_user WHERE user_seq = :seq)";

/// Deletes all messages of a user.
pub(in crate::domain) fn delete_by_user(tx: &WriteTx<'_>, _: &EndUserId, seq: i64) -> Result<()> {
    let unindexed = tx.index_write_batch().find_by_user(seq);
    delete_rows(tx, unindexed, "user_seq", seq, usize::MAX)?;
    tx.conn
        .prepare_cached(DELETE_OF_USER)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}

const DELETE_OF_AGENT: &str = "
    DELETE FROM messages WHERE seq IN (
        SELECT seq FROM messages_of_agent WHERE agent_seq = :seq LIMIT :limit)";

/// Deletes up to `limit` messages of an agent, and returns their number. It is 0 only if none is left.
pub(in crate::domain) fn delete_by_agent(tx: &WriteTx<'_>, seq: i64, limit: u16) -> Result<usize> {
    let unindexed = tx.index_write_batch().find_by_agent(seq);
    match delete_rows(tx, unindexed, "agent_seq", seq, limit.into())? {
        0 => Ok(tx
            .conn
            .prepare_cached(DELETE_OF_AGENT)?
            .execute(named_params! {":seq": seq, ":limit": limit})?),
        deleted => Ok(deleted),
    }
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
    let mut deleted = 0;
    for seq in found {
        if deleted == limit {
            break;
        }
        let mut is_one = tx.conn.prepare_cached(&is_one)?;
        if is_one.exists(named_params! {":seq": seq, ":of": of})? {
            delete_row(tx, seq)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}
