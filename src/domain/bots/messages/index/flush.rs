//! Flush of a memtable to the index tables: some rows with each transaction, in key order, so that rows on
//! the same page are written together.

use std::{collections::HashSet, ops::Bound};

use imbl::OrdSet;
use rusqlite::{Connection, named_params, params};

use super::{
    Op,
    memtable::{Keys, Of, OfAgent, OfTag},
};
use crate::kernel::Result;

const OF_CONVERSATION: &str = "
    INSERT OR IGNORE INTO messages_of_conversation (conversation_seq, seq) VALUES (?, ?)";
const OF_USER: &str = "INSERT OR IGNORE INTO messages_of_user (user_seq, seq) VALUES (?, ?)";
const OF_AGENT: &str = "
    INSERT OR IGNORE INTO messages_of_agent (agent_seq, incoming, created_at, seq)
    VALUES (?, ?, ?, ?)";
const TAG: &str = "
    INSERT OR IGNORE INTO message_tags (agent_seq, name, value, of_seq) VALUES (?, ?, ?, ?)";
const DONE: &str = "UPDATE messages_indexed SET until = :until WHERE until < :until";

/// Position of a flush: the index table that it writes now, and the last key in it; `None` at its start.
#[derive(Debug, Clone)]
pub(super) enum Progress {
    Conversations(Option<Of>),
    Users(Option<Of>),
    Agents(Option<OfAgent>),
    Tags(Option<OfTag>),
    Done,
}

/// Tombstones: messages and tags that the running transaction deletes and the memtables still have.
#[derive(Debug, Default)]
pub(super) struct Gone<'a> {
    messages: HashSet<i64>,
    /// Tags that messages no longer have: message, name, value.
    tags: HashSet<(i64, &'a str, &'a str)>,
}

impl<'a> Gone<'a> {
    /// Collects the tombstones of some operations.
    pub(super) fn by(ops: &'a [Op]) -> Self {
        let mut gone = Self::default();
        for op in ops {
            match op {
                Op::Add(_) => {}
                Op::Remove(entry) => {
                    gone.messages.insert(entry.seq);
                }
                Op::Retag(entry, new) => {
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

    fn has_tag(&self, seq: i64, name: &str, value: &str) -> bool {
        self.messages.contains(&seq)
            || (!self.tags.is_empty() && self.tags.contains(&(seq, name, value)))
    }
}

/// Writes up to `rows` more index rows of `keys`, except for tombstones; returns the new position.
pub(super) fn step(
    conn: &Connection,
    keys: &Keys,
    mut progress: Progress,
    rows: usize,
    gone: &Gone<'_>,
) -> Result<Progress> {
    let mut left = rows;
    while left > 0 {
        progress = match progress {
            Progress::Conversations(after) => {
                let set = &keys.conversations;
                let last = pairs(conn, OF_CONVERSATION, set, after, &mut left, gone)?;
                last.map_or(Progress::Users(None), |last| {
                    Progress::Conversations(Some(last))
                })
            }
            Progress::Users(after) => {
                let last = pairs(conn, OF_USER, &keys.users, after, &mut left, gone)?;
                last.map_or(Progress::Agents(None), |last| Progress::Users(Some(last)))
            }
            Progress::Agents(after) => {
                let mut insert = conn.prepare_cached(OF_AGENT)?;
                some(&keys.agents, after, &mut left, |&(side, at, seq)| {
                    if !gone.messages.contains(&seq) {
                        let (of, incoming) = side.parts();
                        insert.execute(params![of, incoming, at, seq])?;
                    }
                    Ok(())
                })?
                .map_or(Progress::Tags(None), |last| Progress::Agents(Some(last)))
            }
            Progress::Tags(after) => {
                let mut insert = conn.prepare_cached(TAG)?;
                some(&keys.tags, after, &mut left, |(of, tag, seq)| {
                    let (name, value) = tag.parts();
                    if !gone.has_tag(*seq, name, value) {
                        insert.execute(params![of, name, value, seq])?;
                    }
                    Ok(())
                })?
                .map_or(Progress::Done, |last| Progress::Tags(Some(last)))
            }
            Progress::Done => return Ok(Progress::Done),
        };
    }
    Ok(progress)
}

/// Records that the index tables have all messages up to this row.
pub(super) fn done(conn: &Connection, until: i64) -> Result<()> {
    conn.prepare_cached(DONE)?
        .execute(named_params! {":until": until})?;
    Ok(())
}

/// Writes a range of a set like [`some`], with a statement that takes a conversation or a user, and a
/// message.
fn pairs(
    conn: &Connection,
    sql: &str,
    set: &OrdSet<Of>,
    after: Option<Of>,
    left: &mut usize,
    gone: &Gone<'_>,
) -> Result<Option<Of>> {
    let mut insert = conn.prepare_cached(sql)?;
    some(set, after, left, |&(of, seq)| {
        if !gone.messages.contains(&seq) {
            insert.execute(params![of, seq])?;
        }
        Ok(())
    })
}

/// Writes keys after `after` while `left` is positive; returns the last one written, or `None` at the end of
/// the set.
fn some<K: Ord + Clone>(
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
