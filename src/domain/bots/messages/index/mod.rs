//! What messages are found by: their conversation, their user, their bot and the time, their tags.
//!
//! Each of these is a table of its own in the file. Were a message to write its row in each with
//! itself, nearly each row would have a page written for it alone: with many conversations, no two
//! messages that come at a time are neighbours. So a message writes only itself. What it is found by
//! is kept in memory until there are many, and then written by [`merge`] in the order of the tables.
//! Nothing depends on that memory: `messages_indexed` says which messages the tables have, and at the
//! start the others are read from their rows.
//!
//! Whoever looks for messages takes [`Index::recent`] before reading the file. What is in neither is
//! not committed; what is in both, or is gone from the file, is for the reader to see: memory only says
//! where to look, and the row of a message what is true.

mod keys;
mod merge;
mod recent;

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use rusqlite::{Connection, Row};

pub(in crate::domain) use self::{
    keys::Entry,
    recent::{Found, Recent, Unindexed},
};
use self::{
    keys::Keys,
    merge::{Gone, Progress},
};
use crate::{
    domain::bots::tags::Tags,
    kernel::Result,
    store::{CommitHook, Store},
};

/// How many rows of the tables are written with a transaction, beside five for each four that it adds:
/// so the file keeps up with whatever is written, and no transaction waits long for it.
const ROWS: usize = 8;

/// A change of what messages are found by.
#[derive(Debug, Clone)]
pub(in crate::domain) enum Op {
    /// A new message.
    Add(Entry),
    /// A message that is deleted.
    Remove(Entry),
    /// A message, and the tags that it has now.
    Retag(Entry, Tags),
}

/// What messages are found by, as far as the file does not have it.
pub(in crate::domain) struct Index {
    /// How many messages are only in memory before they are written.
    limit: usize,
    /// Whether this process writes them: a command beside a server leaves that to the server.
    writes: bool,
    recent: RwLock<Recent>,
    writer: Mutex<Writer>,
}

/// What only the writer's thread uses.
#[derive(Default)]
struct Writer {
    /// What the changes of the running transaction do.
    staged: Vec<Op>,
    /// The newest message.
    last: i64,
    /// What is being written, until it all is.
    merge: Option<Merge>,
    /// How far that is when the running transaction is committed.
    next: Option<Progress>,
}

struct Merge {
    /// The newest message of it.
    until: i64,
    progress: Progress,
}

/// The columns that [`entry`] reads, in its order.
pub(super) const COLUMNS: &str =
    "seq, agent_seq, conversation_seq, user_seq, incoming, created_at, tags";

impl Index {
    /// The index of this database, with what the file does not have of it.
    pub(in crate::domain) fn load(store: &Store, limit: usize) -> Result<Self> {
        let mut keys = Keys::default();
        let last = store.read(|conn| {
            let mut last = 0;
            let later = format!(
                "SELECT {COLUMNS} FROM messages WHERE seq > (SELECT until FROM messages_indexed)"
            );
            let mut statement = conn.prepare(&later)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let entry = entry(row)?;
                last = entry.seq;
                keys.add(&entry);
            }
            Ok(last)
        })?;
        Ok(Self {
            limit,
            writes: store.is_server(),
            recent: RwLock::new(Recent::new(keys)),
            writer: Mutex::new(Writer {
                last,
                ..Writer::default()
            }),
        })
    }

    /// What the file may not have yet: to be taken before the file is read.
    pub(in crate::domain) fn recent(&self) -> Recent {
        self.recent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes what a change has done in the transaction that is running. To be called last in a job, so
    /// that nothing stays of one that is rolled back.
    pub(in crate::domain) fn stage(&self, ops: Vec<Op>) {
        if !ops.is_empty() {
            self.writer().staged.extend(ops);
        }
    }

    /// What the transaction has done so far that is running.
    fn staged<T>(&self, look: impl FnOnce(&[Op]) -> T) -> T {
        look(&self.writer().staged)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitHook for Index {
    /// Writes some of what is to be written, with the transaction that is about to end.
    fn before_commit(&self, conn: &Connection) -> Result<()> {
        let mut writer = self.writer();
        let Some(merge) = &writer.merge else {
            return Ok(());
        };
        let gone = Gone::by(&writer.staged);
        let added = writer.staged.iter().map(|op| match op {
            Op::Add(entry) => entry.rows(),
            Op::Remove(_) | Op::Retag(..) => 0,
        });
        let rows = ROWS + added.sum::<usize>() * 5 / 4;
        let recent = self.recent();
        let next = merge::step(conn, recent.older(), merge.progress.clone(), rows, &gone)?;
        if matches!(next, Progress::Done) {
            merge::done(conn, merge.until)?;
        }
        writer.next = Some(next);
        Ok(())
    }

    /// The transaction is durable.
    fn committed(&self) {
        let mut writer = self.writer();
        let staged = mem::take(&mut writer.staged);
        let next = writer.next.take();
        if staged.is_empty() && next.is_none() {
            return;
        }
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for op in &staged {
            recent.apply(op);
            if let Op::Add(entry) = op {
                writer.last = writer.last.max(entry.seq);
            }
        }
        match (next, &mut writer.merge) {
            (Some(Progress::Done), merge) => {
                *merge = None;
                recent.forget_older();
            }
            (Some(progress), Some(merge)) => merge.progress = progress,
            _ => {}
        }
        if self.writes && writer.merge.is_none() && recent.len() >= self.limit {
            recent.age();
            writer.merge = Some(Merge {
                until: writer.last,
                progress: Progress::Conversations(None),
            });
        }
    }

    /// The transaction is lost.
    fn lost(&self) {
        let mut writer = self.writer();
        writer.staged.clear();
        writer.next = None;
    }
}

/// Reads [`COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        agent_seq: row.get(1)?,
        conversation_seq: row.get(2)?,
        user_seq: row.get(3)?,
        incoming: row.get(4)?,
        created_at: row.get(5)?,
        tags: Tags::parse(row.get_ref(6)?.as_str()?)?,
    })
}
