//! Flush of a memtable to the index tables: some rows with each transaction, in key order, so that rows on
//! the same page are written together.

use std::{collections::HashSet, ops::Bound};

use imbl::OrdSet;
use rusqlite::{Connection, named_params, params};

use super::{
    IndexOp,
    memtable::{AgentKey, Memtable, OwnerKey, TagKey},
};
use crate::kernel::Result;

const INSERT_BY_CONVERSATION: &str = "
    INSERT OR IGNORE INTO messages_of_conversation (conversation_seq, seq) VALUES (?, ?)";
const INSERT_BY_USER: &str = "INSERT OR IGNORE INTO messages_of_user (user_seq, seq) VALUES (?, ?)";
const INSERT_BY_AGENT: &str = "
    INSERT OR IGNORE INTO messages_of_agent (agent_seq, incoming, created_at, seq)
    VALUES (?, ?, ?, ?)";
const INSERT_TAG: &str = "
    INSERT OR IGNORE INTO message_tags (agent_seq, name, value, of_seq) VALUES (?, ?, ?, ?)";
const SET_UNTIL: &str = "UPDATE messages_indexed SET until = :until WHERE until < :until";

/// Position of a flush: the index table that it writes now, and the last key in it; `None` at its start.
#[derive(Debug, Clone)]
pub(super) enum FlushCursor {
    Conversations(Option<OwnerKey>),
    Users(Option<OwnerKey>),
    Agents(Option<AgentKey>),
    Tags(Option<TagKey>),
    Done,
}

/// Tombstones: messages and tags that the running transaction deletes and the memtables still have.
#[derive(Debug, Default)]
pub(super) struct Tombstones<'a> {
    messages: HashSet<i64>,
    /// Tags that messages no longer have: message, name, value.
    tags: HashSet<(i64, &'a str, &'a str)>,
}

impl<'a> Tombstones<'a> {
    /// Collects the tombstones of some operations.
    pub(super) fn from_ops(ops: &'a [IndexOp]) -> Self {
        let mut gone = Self::default();
        for op in ops {
            match op {
                IndexOp::Insert(_) => {}
                IndexOp::Delete(entry) => {
                    gone.messages.insert(entry.seq);
                }
                IndexOp::Retag(entry, new) => {
                    let old = entry.tags.iter();
                    let unset = old.filter(|tag| new.iter().all(|other| other != *tag));
                    gone.tags.extend(
                        unset.map(|(name, value)| (entry.seq, name.as_str(), value.as_str())),
                    );
                }
            }
        }
        gone
    }

    fn covers_tag(&self, seq: i64, name: &str, value: &str) -> bool {
        self.messages.contains(&seq)
            || (!self.tags.is_empty() && self.tags.contains(&(seq, name, value)))
    }
}

/// Writes up to `rows` more index rows of `keys`, except for tombstones; returns the new position.
pub(super) fn flush_step(
    conn: &Connection,
    keys: &Memtable,
    mut progress: FlushCursor,
    rows: usize,
    gone: &Tombstones<'_>,
) -> Result<FlushCursor> {
    let mut left = rows;
    while left > 0 {
        progress = match progress {
            FlushCursor::Conversations(after) => {
                let set = &keys.conversations;
                let last = flush_pairs(conn, INSERT_BY_CONVERSATION, set, after, &mut left, gone)?;
                last.map_or(FlushCursor::Users(None), |last| {
                    FlushCursor::Conversations(Some(last))
                })
            }
            FlushCursor::Users(after) => {
                let last = flush_pairs(conn, INSERT_BY_USER, &keys.users, after, &mut left, gone)?;
                last.map_or(FlushCursor::Agents(None), |last| {
                    FlushCursor::Users(Some(last))
                })
            }
            FlushCursor::Agents(after) => {
                let mut insert = conn.prepare_cached(INSERT_BY_AGENT)?;
                flush_range(&keys.agents, after, &mut left, |&(side, at, seq)| {
                    if !gone.messages.contains(&seq) {
                        let (of, incoming) = side.parts();
                        insert.execute(params![of, incoming, at, seq])?;
                    }
                    Ok(())
                })?
                .map_or(FlushCursor::Tags(None), |last| {
                    FlushCursor::Agents(Some(last))
                })
            }
            FlushCursor::Tags(after) => {
                let mut insert = conn.prepare_cached(INSERT_TAG)?;
                flush_range(&keys.tags, after, &mut left, |(of, tag, seq)| {
                    let (name, value) = tag.parts();
                    if !gone.covers_tag(*seq, name, value) {
                        insert.execute(params![of, name, value, seq])?;
                    }
                    Ok(())
                })?
                .map_or(FlushCursor::Done, |last| FlushCursor::Tags(Some(last)))
            }
            FlushCursor::Done => return Ok(FlushCursor::Done),
        };
    }
    Ok(progress)
}

/// Records that the index tables have all messages up to this row.
pub(super) fn set_indexed_until(conn: &Connection, until: i64) -> Result<()> {
    conn.prepare_cached(SET_UNTIL)?
        .execute(named_params! {":until": until})?;
    Ok(())
}

/// Writes a range of a set like [`flush_range`], with a statement that takes a conversation or a user, and a
/// message.
fn flush_pairs(
    conn: &Connection,
    sql: &str,
    set: &OrdSet<OwnerKey>,
    after: Option<OwnerKey>,
    left: &mut usize,
    gone: &Tombstones<'_>,
) -> Result<Option<OwnerKey>> {
    let mut insert = conn.prepare_cached(sql)?;
    flush_range(set, after, left, |&(of, seq)| {
        if !gone.messages.contains(&seq) {
            insert.execute(params![of, seq])?;
        }
        Ok(())
    })
}

/// Writes keys after `after` while `left` is positive; returns the last one written, or `None` at the end of
/// the set.
fn flush_range<K: Ord + Clone>(
    set: &OrdSet<K>,
    after: Option<K>,
    left: &mut usize,
    mut write: impl FnMut(&K) -> Result<()>,
) -> Result<Option<K>> {
    let from = match after {
        Some(last) => Bound::Excluded(last),
        None => Bound::Unbounded,
    };
    for key in set.range((from, Bound::Unbounded)) {
        write(key)?;
        *left -= 1;
        if *left == 0 {
            return Ok(Some(key.clone()));
        }
    }
    Ok(None)
}
