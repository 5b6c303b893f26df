//! The memtables as readers see them, and as a write transaction sees them.

use std::{cell::RefCell, sync::Arc};

use super::{
    IndexOp, MessageIndex,
    memtable::{IndexEntry, Memtable},
};

/// The memtables; a clone is a snapshot.
#[derive(Debug, Clone, Default)]
pub(in crate::domain) struct MemtableSet {
    /// Active memtable, which receives new messages.
    active: Memtable,
    /// Frozen memtable that is being flushed; only deletes and changes of tags still modify it.
    flushing: Memtable,
}

/// Row ids of matching messages, newest first: one iterator for each memtable.
pub(in crate::domain) type MatchingRows<'a> = [Box<dyn Iterator<Item = i64> + 'a>; 2];

impl MemtableSet {
    pub(super) fn new(newer: Memtable) -> Self {
        let older = Memtable::default();
        Self {
            active: newer,
            flushing: older,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.active.len()
    }

    pub(super) const fn flushing(&self) -> &Memtable {
        &self.flushing
    }

    /// Makes the active memtable the one to flush, and starts an empty one.
    pub(super) fn rotate(&mut self) {
        self.flushing = std::mem::take(&mut self.active);
    }

    /// Drops the memtable that is flushed.
    pub(super) fn drop_flushed(&mut self) {
        self.flushing = Memtable::default();
    }

    pub(super) fn apply(&mut self, op: &IndexOp) {
        match op {
            IndexOp::Insert(entry) => self.active.insert(entry),
            IndexOp::Delete(entry) => {
                self.active.remove(entry);
                self.flushing.remove(entry);
            }
            IndexOp::Retag(entry, tags) => {
                self.active.retag(entry, tags);
                self.flushing.retag(entry, tags);
            }
        }
    }

    /// Finds the messages of a conversation before a row.
    pub(in crate::domain) fn find_by_conversation(
        &self,
        seq: i64,
        before: i64,
    ) -> MatchingRows<'_> {
        self.search_both(|keys| Box::new(keys.find_by_conversation(seq, before)))
    }

    /// Finds the messages of an agent since `from` (microseconds) and before a time and row.
    pub(in crate::domain) fn find_by_agent(
        &self,
        seq: i64,
        incoming: bool,
        from: i64,
        before: (i64, i64),
    ) -> MatchingRows<'_> {
        self.search_both(|keys| Box::new(keys.find_by_agent(seq, incoming, from, before)))
    }

    /// Finds the messages of an agent that have this tag, before a row.
    pub(in crate::domain) fn find_by_tag<'a>(
        &'a self,
        agent_seq: i64,
        name: &str,
        value: &str,
        before: i64,
    ) -> MatchingRows<'a> {
        self.search_both(|keys| Box::new(keys.find_by_tag(agent_seq, name, value, before)))
    }

    fn search_both<'a>(
        &'a self,
        find: impl Fn(&'a Memtable) -> Box<dyn Iterator<Item = i64> + 'a>,
    ) -> MatchingRows<'a> {
        [find(&self.active), find(&self.flushing)]
    }
}

/// The memtables as one change sees them: with its own operations and the earlier ones of its transaction.
pub(in crate::domain) struct IndexWriteBatch {
    index: Option<Arc<MessageIndex>>,
    ops: RefCell<Vec<IndexOp>>,
}

impl IndexWriteBatch {
    /// Creates the view of a change without an index, which must neither create nor delete messages.
    pub(in crate::domain) const fn without_index() -> Self {
        Self {
            index: None,
            ops: RefCell::new(Vec::new()),
        }
    }

    pub(in crate::domain) const fn new(index: Arc<MessageIndex>) -> Self {
        Self {
            index: Some(index),
            ops: RefCell::new(Vec::new()),
        }
    }

    /// Adds an operation of the change.
    pub(in crate::domain) fn push(&self, op: IndexOp) {
        self.ops.borrow_mut().push(op);
    }

    /// Takes the operations of the change.
    pub(in crate::domain) fn take_ops(&self) -> Vec<IndexOp> {
        self.ops.take()
    }

    /// Finds the messages of a conversation.
    pub(in crate::domain) fn find_by_conversation(&self, seq: i64) -> Vec<i64> {
        self.search_all(
            |keys| Box::new(keys.find_by_conversation(seq, i64::MAX)),
            |entry| entry.conversation_seq == seq,
        )
    }

    /// Finds the messages of a user.
    pub(in crate::domain) fn find_by_user(&self, seq: i64) -> Vec<i64> {
        self.search_all(
            |keys| Box::new(keys.find_by_user(seq)),
            |entry| entry.user_seq == Some(seq),
        )
    }

    /// Finds the messages of an agent.
    pub(in crate::domain) fn find_by_agent(&self, seq: i64) -> Vec<i64> {
        let end = (i64::MAX, i64::MAX);
        self.search_all(
            |keys| {
                let outgoing = keys.find_by_agent(seq, false, i64::MIN, end);
                Box::new(outgoing.chain(keys.find_by_agent(seq, true, i64::MIN, end)))
            },
            |entry| entry.agent_seq == seq,
        )
    }

    /// Finds the messages of an agent that have this tag; some may have lost it since.
    pub(in crate::domain) fn find_by_tag(
        &self,
        agent_seq: i64,
        name: &str,
        value: &str,
    ) -> Vec<i64> {
        self.search_all(
            |keys| Box::new(keys.find_by_tag(agent_seq, name, value, i64::MAX)),
            // The operation may have changed the tags, so the tag is not checked here.
            |entry| entry.agent_seq == agent_seq,
        )
    }

    fn search_all(
        &self,
        find: impl Fn(&Memtable) -> Box<dyn Iterator<Item = i64> + '_>,
        is_one: impl Fn(&IndexEntry) -> bool,
    ) -> Vec<i64> {
        let Some(index) = &self.index else {
            return Vec::new();
        };
        let added = |op: &IndexOp| match op {
            IndexOp::Insert(entry) | IndexOp::Retag(entry, _) => is_one(entry).then_some(entry.seq),
            IndexOp::Delete(_) => None,
        };
        let recent = index.snapshot_memtables();
        let mut found: Vec<i64> = find(&recent.flushing).chain(find(&recent.active)).collect();
        index.with_staged(|ops| found.extend(ops.iter().filter_map(added)));
        found.extend(self.ops.borrow().iter().filter_map(added));
        found.sort_unstable();
        found.dedup();
        found
    }
}
