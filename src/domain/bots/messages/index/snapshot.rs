//! A snapshot of the index for readers.

use super::{memtable::Memtable, memtable_set::MemtableSet};

/// A snapshot of the index: pass it to a function of `bots::messages` with a connection that had not read before it
/// was taken.
#[derive(Debug, Clone)]
pub(in crate::domain) struct IndexSnapshot(MemtableSet);

/// List order of messages that are found by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain::bots::messages) enum ListOrder {
    /// By row.
    Row,
    /// By time of creation, then by row.
    Time,
}

/// Messages that the memtables have under a key. Their rows decide, since they can be changed or deleted already.
pub(in crate::domain::bots::messages) struct Candidates<'a> {
    /// Row ids of each memtable, newest first.
    pub(in crate::domain::bots::messages) parts: [Box<dyn Iterator<Item = i64> + 'a>; 2],
    /// List order of the key.
    pub(in crate::domain::bots::messages) order: ListOrder,
}

impl<'a> Candidates<'a> {
    /// Returns the row ids of all candidates.
    pub(in crate::domain::bots::messages) fn into_rows(self) -> impl Iterator<Item = i64> + 'a {
        self.parts.into_iter().flatten()
    }
}

impl IndexSnapshot {
    pub(super) const fn new(memtables: MemtableSet) -> Self {
        Self(memtables)
    }

    /// Finds the messages of a conversation before a row.
    pub(in crate::domain::bots::messages) fn find_by_conversation(
        &self,
        seq: i64,
        before: i64,
    ) -> Candidates<'_> {
        self.search_both(ListOrder::Row, |keys| {
            Box::new(keys.find_by_conversation(seq, before))
        })
    }

    /// Finds the messages of an agent since `from` (microseconds) and before a time and row.
    pub(in crate::domain::bots::messages) fn find_by_agent(
        &self,
        seq: i64,
        incoming: bool,
        from: i64,
        before: (i64, i64),
    ) -> Candidates<'_> {
        self.search_both(ListOrder::Time, |keys| {
            Box::new(keys.find_by_agent(seq, incoming, from, before))
        })
    }

    /// Finds the messages of an agent that have this tag, before a row.
    pub(in crate::domain::bots::messages) fn find_by_tag<'a>(
        &'a self,
        agent_seq: i64,
        name: &str,
        value: &str,
        before: i64,
    ) -> Candidates<'a> {
        self.search_both(ListOrder::Row, |keys| {
            Box::new(keys.find_by_tag(agent_seq, name, value, before))
        })
    }

    /// Lists the distinct values of a tag of an agent's messages after `after`, up to `limit` of each memtable.
    pub(in crate::domain::bots) fn list_tag_values(
        &self,
        agent_seq: i64,
        (name, after): (&str, &str),
        limit: usize,
    ) -> Vec<String> {
        let tables = [self.0.active(), self.0.flushing()];
        let of_table = |table: &Memtable| table.list_tag_values(agent_seq, (name, after), limit);
        tables.into_iter().flat_map(of_table).collect()
    }

    fn search_both<'a>(
        &'a self,
        order: ListOrder,
        find: impl Fn(&'a Memtable) -> Box<dyn Iterator<Item = i64> + 'a>,
    ) -> Candidates<'a> {
        Candidates {
            parts: [find(self.0.active()), find(self.0.flushing())],
            order,
        }
    }
}
