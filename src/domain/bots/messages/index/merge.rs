//! Writing what messages are found by into the file: a little with each transaction, in the order of
//! the trees, so that what stands side by side is written together.

use std::{collections::HashSet, ops::Bound};

use imbl::OrdSet;
use rusqlite::{Connection, named_params, params};

use super::{
    Op,
    keys::{Keys, Of, OfAgent, OfTag},
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

/// How far the trees are written: the last row of the one that is being written, none at its start.
#[derive(Debug, Clone)]
pub(super) enum Progress {
    Conversations(Option<Of>),
    Users(Option<Of>),
    Agents(Option<OfAgent>),
    Tags(Option<OfTag>),
    Done,
}

/// What the running transaction takes away, which memory still has.
#[derive(Debug, Default)]
pub(super) struct Gone<'a> {
    messages: HashSet<i64>,
    /// The tags that messages have no longer.
    tags: HashSet<(i64, &'a str, &'a str)>,
}

impl<'a> Gone<'a> {
    /// What these take away.
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

/// Writes up to `rows` more rows of `keys`, but for what is `gone`; gives how far that is.
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

/// Notes that the file has what messages up to this one are found by.
pub(super) fn done(conn: &Connection, until: i64) -> Result<()> {
    conn.prepare_cached(DONE)?
        .execute(named_params! {":until": until})?;
    Ok(())
}

/// As [`some`], by a statement that takes a conversation or a user, and a message.
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

/// Writes what comes after `after` as long as some are `left`; gives the last one, or none if there are
/// no more.
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
