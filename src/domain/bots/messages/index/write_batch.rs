//! The memtables as a write transaction sees them.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use super::{
    IndexOp, MessageIndex,
    memtable::{IndexEntry, Memtable},
};
use crate::domain::tenancy::write_tx::WriteTx;

/// The memtables as one change sees them: with its own operations and the earlier ones of its transaction.
pub(in crate::domain) struct IndexWriteBatch {
    index: Option<Arc<MessageIndex>>,
    ops: RefCell<Vec<IndexOp>>,
}

impl IndexWriteBatch {
    /// Creates the view of a change. One without an index must neither create nor delete messages.
    const fn new(index: Option<Arc<MessageIndex>>) -> Self {
        Self {
            index,
            ops: RefCell::new(Vec::new()),
        }
    }

    /// Adds an operation of the change.
    pub(in crate::domain) fn push(&self, op: IndexOp) {
        self.ops.borrow_mut().push(op);
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
        let memtables = index.clone_memtables();
        let in_memory = find(memtables.flushing()).chain(find(memtables.active()));
        let mut found: Vec<i64> = in_memory.collect();
        index.with_staged(|ops| found.extend(ops.iter().filter_map(added)));
        found.extend(self.ops.borrow().iter().filter_map(added));
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl WriteTx<'_> {
    /// Returns the messages that the index tables may not contain yet, as this transaction sees them.
    pub(in crate::domain::bots::messages) fn index_write_batch(&self) -> Rc<IndexWriteBatch> {
        self.get_or_attach(|| {
            let Some(app) = self.app() else {
                return Rc::new(IndexWriteBatch::new(None));
            };
            let index = app.feature::<Arc<MessageIndex>>();
            let batch = Rc::new(IndexWriteBatch::new(Some(index.clone())));
            let ended = batch.clone();
            self.add_end_hook(move || index.stage(ended.ops.take()));
            batch
        })
    }
}
