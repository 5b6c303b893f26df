//! The active memtable, and the one that is being flushed.

use super::{IndexOp, memtable::Memtable};

/// The memtables; a clone is a snapshot.
#[derive(Debug, Clone)]
pub(super) struct MemtableSet {
    /// Active memtable, which receives new messages.
    active: Memtable,
    /// Frozen memtable that is being flushed; only deletes and changes of tags still modify it.
    flushing: Memtable,
}

impl MemtableSet {
    pub(super) fn new(active: Memtable) -> Self {
        Self {
            active,
            flushing: Memtable::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.active.len()
    }

    pub(super) const fn active(&self) -> &Memtable {
        &self.active
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
}
