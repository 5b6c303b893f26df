//! The message index: finds messages by conversation, by user, by agent and time, and by tag. It is an LSM
//! tree over SQLite.
//!
//! Each of these keys has an index table. Writing every index row with each insert dirties about one page per
//! row, because messages that arrive together rarely have neighbouring keys. So an insert writes only the row
//! of the message, and its index entry goes into a memtable. When the memtable is full, [`flush`] flushes it
//! to the index tables in key order, some rows with each transaction. A crash loses nothing:
//! `messages_indexed` has the last indexed row, and [`MessageIndex::load`] rebuilds the memtable from the later
//! messages.
//!
//! Only `bots::messages` knows that there are memtables beside the index tables: its functions read both and
//! delete from both. A reader takes [`MessageIndex::snapshot`] before its connection reads. A message in
//! neither is not committed. A message can be in both, or can be deleted already, so a reader must join the
//! rows of the messages: the index only yields candidates.

mod check;
mod flush;
mod memtable;
mod memtable_set;
mod snapshot;
mod write_batch;

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use rusqlite::{Connection, Row};

pub(in crate::domain) use self::{
    check::INDEX_FAULTS, memtable::IndexEntry, snapshot::IndexSnapshot,
};
use self::{
    flush::{FlushCursor, Tombstones},
    memtable::Memtable,
    memtable_set::MemtableSet,
};
pub(super) use self::{
    snapshot::{Candidates, ListOrder},
    write_batch::IndexWriteBatch,
};
use crate::{
    domain::bots::tags::Tags,
    kernel::Result,
    store::{CommitHook, Store},
};

/// Number of index rows that each transaction flushes, in addition to five for each four that it adds. So the
/// flush keeps up with the inserts and delays no transaction for long.
const ROWS_PER_COMMIT: usize = 8;

/// A change of the index.
#[derive(Debug, Clone)]
pub(in crate::domain) enum IndexOp {
    /// Insert of a message.
    Insert(IndexEntry),
    /// Delete of a message.
    Delete(IndexEntry),
    /// New tags of a message.
    Retag(IndexEntry, Tags),
}

/// The memtables, and the state of the flush.
pub(in crate::domain) struct MessageIndex {
    /// Number of messages in the active memtable that starts a flush.
    flush_threshold: usize,
    /// True if this process flushes. A command that runs beside a server leaves that to the server.
    flush_enabled: bool,
    memtables: RwLock<MemtableSet>,
    writer: Mutex<WriterState>,
}

/// The state that only the writer's thread uses.
#[derive(Default)]
struct WriterState {
    /// Operations of the running transaction.
    staged: Vec<IndexOp>,
    /// Row id of the newest message.
    newest_seq: i64,
    /// Running flush.
    flush: Option<Flush>,
    /// Position of the flush once the running transaction is committed.
    next_cursor: Option<FlushCursor>,
}

struct Flush {
    /// Row id of the newest message in the flushing memtable.
    until_seq: i64,
    cursor: FlushCursor,
}

/// Columns that [`entry_from_row`] reads, in this order.
pub(super) const COLUMNS: &str =
    "seq, agent_seq, conversation_seq, user_seq, incoming, created_at, tags";

/// Selects a row for each message of the agent `?1`: from the index table, and from the messages that are in a
/// memtable. While a flush runs, a message can have two.
pub(super) const ROWS_OF_AGENT: &str = "
    SELECT 1 FROM messages_of_agent WHERE agent_seq = ?1 UNION ALL
    SELECT 1 FROM messages
    WHERE seq > (SELECT until FROM messages_indexed) AND agent_seq = ?1";

impl MessageIndex {
    /// Opens the index of a database, and loads the messages that the index tables do not have into the
    /// memtable.
    pub(in crate::domain) fn load(store: &Store, limit: usize) -> Result<Self> {
        let mut keys = Memtable::default();
        let last = store.read(|conn| {
            let mut last = 0;
            let later = format!(
                "SELECT {COLUMNS} FROM messages WHERE seq > (SELECT until FROM messages_indexed)"
            );
            let mut statement = conn.prepare(&later)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let entry = entry_from_row(row)?;
                last = entry.seq;
                keys.insert(&entry);
            }
            Ok(last)
        })?;
        Ok(Self {
            flush_threshold: limit,
            flush_enabled: store.is_server(),
            memtables: RwLock::new(MemtableSet::new(keys)),
            writer: Mutex::new(WriterState {
                newest_seq: last,
                ..WriterState::default()
            }),
        })
    }

    /// Returns a snapshot for a reader. Take it before the connection reads: a flush empties a memtable as soon as
    /// the index tables have its entries.
    pub(in crate::domain) fn snapshot(&self) -> IndexSnapshot {
        IndexSnapshot::new(self.clone_memtables())
    }

    fn clone_memtables(&self) -> MemtableSet {
        self.memtables
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds the operations of a change to the running transaction. Call it last in a job, so that a job that
    /// is rolled back adds nothing.
    fn stage(&self, ops: Vec<IndexOp>) {
        if !ops.is_empty() {
            self.lock_writer().staged.extend(ops);
        }
    }

    /// Calls `look` with the operations of the running transaction.
    fn with_staged<T>(&self, look: impl FnOnce(&[IndexOp]) -> T) -> T {
        look(&self.lock_writer().staged)
    }

    fn lock_writer(&self) -> MutexGuard<'_, WriterState> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitHook for MessageIndex {
    /// Flushes some rows as part of the transaction that is about to commit.
    fn before_commit(&self, conn: &Connection) -> Result<()> {
        let mut writer = self.lock_writer();
        let Some(merge) = &writer.flush else {
            return Ok(());
        };
        let gone = Tombstones::from_ops(&writer.staged);
        let added = writer.staged.iter().map(|op| match op {
            IndexOp::Insert(entry) => entry.row_count(),
            IndexOp::Delete(_) | IndexOp::Retag(..) => 0,
        });
        let rows = ROWS_PER_COMMIT + added.sum::<usize>() * 5 / 4;
        let recent = self.clone_memtables();
        let next = flush::flush_step(conn, recent.flushing(), merge.cursor.clone(), rows, &gone)?;
        if matches!(next, FlushCursor::Done) {
            flush::set_indexed_until(conn, merge.until_seq)?;
        }
        writer.next_cursor = Some(next);
        Ok(())
    }

    /// Applies the operations of the committed transaction to the memtables, and starts or ends a flush.
    fn after_commit(&self) {
        let mut writer = self.lock_writer();
        let staged = mem::take(&mut writer.staged);
        let next = writer.next_cursor.take();
        if staged.is_empty() && next.is_none() {
            return;
        }
        let mut recent = self
            .memtables
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for op in &staged {
            recent.apply(op);
            if let IndexOp::Insert(entry) = op {
                writer.newest_seq = writer.newest_seq.max(entry.seq);
            }
        }
        match (next, &mut writer.flush) {
            (Some(FlushCursor::Done), merge) => {
                *merge = None;
                recent.drop_flushed();
            }
            (Some(progress), Some(merge)) => merge.cursor = progress,
            _ => {}
        }
        if self.flush_enabled && writer.flush.is_none() && recent.len() >= self.flush_threshold {
            recent.rotate();
            writer.flush = Some(Flush {
                until_seq: writer.newest_seq,
                cursor: FlushCursor::Conversations(None),
            });
        }
    }

    /// Discards the operations of a transaction that was rolled back.
    fn after_rollback(&self) {
        let mut writer = self.lock_writer();
        writer.staged.clear();
        writer.next_cursor = None;
    }
}

/// Reads an index entry from [`COLUMNS`].
pub(super) fn entry_from_row(row: &Row<'_>) -> rusqlite::Result<IndexEntry> {
    Ok(IndexEntry {
        seq: row.get(0)?,
        agent_seq: row.get(1)?,
        conversation_seq: row.get(2)?,
        user_seq: row.get(3)?,
        incoming: row.get(4)?,
        created_at: row.get(5)?,
        tags: Tags::parse(row.get_ref(6)?.as_str()?)?,
    })
}
