//! The memtable: index entries of new messages, in memory.

use std::{fmt, ops::Bound, sync::Arc};

use imbl::OrdSet;

use crate::domain::bots::tags::Tags;

/// The index entry of one message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::domain) struct IndexEntry {
    /// Row id of the message.
    pub(in crate::domain) seq: i64,
    /// Row id of the agent.
    pub(in crate::domain) agent_seq: i64,
    /// Row id of the conversation.
    pub(in crate::domain) conversation_seq: i64,
    /// Row id of the user who wrote it; `None` if the bot did.
    pub(in crate::domain) user_seq: Option<i64>,
    /// True if an integration created it.
    pub(in crate::domain) incoming: bool,
    /// Time of creation, in microseconds.
    pub(in crate::domain) created_at: i64,
    /// Tags.
    pub(in crate::domain) tags: Tags,
}

impl IndexEntry {
    /// Returns the number of index rows that a flush writes for this entry.
    pub(super) fn row_count(&self) -> usize {
        2 + usize::from(self.user_seq.is_some()) + self.tags.iter().count()
    }
}

/// Conversation or user, and message.
pub(super) type OwnerKey = (i64, i64);
/// Agent with direction, time of creation, and message.
pub(super) type AgentKey = (AgentDirection, i64, i64);
/// Agent, tag and message.
pub(super) type TagKey = (i64, TagPair, i64);

/// An agent and a direction, packed in one integer: twice the agent's row id, plus one for incoming messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AgentDirection(i64);

impl AgentDirection {
    const fn new(agent_seq: i64, incoming: bool) -> Self {
        Self(agent_seq * 2 + incoming as i64)
    }

    /// Returns the row id of the agent, and true for incoming messages.
    pub(super) const fn parts(self) -> (i64, bool) {
        (self.0 >> 1, self.0 & 1 == 1)
    }
}

/// A tag, with name and value in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagPair {
    text: Arc<str>,
    /// Length of the name in bytes.
    name_bytes: usize,
}

impl TagPair {
    fn new(name: &str, value: &str) -> Self {
        Self {
            text: [name, value].concat().into(),
            name_bytes: name.len(),
        }
    }

    /// Returns the name and the value.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.name_bytes)
    }
}

/// Index entries of messages, in one sorted set for each key. The sets are persistent: a clone is cheap and
/// does not see later changes.
#[derive(Clone, Default)]
pub(super) struct Memtable {
    pub(super) conversations: OrdSet<OwnerKey>,
    pub(super) users: OrdSet<OwnerKey>,
    pub(super) agents: OrdSet<AgentKey>,
    pub(super) tags: OrdSet<TagKey>,
}

impl Memtable {
    /// Returns the number of messages.
    pub(super) fn len(&self) -> usize {
        self.conversations.len()
    }

    pub(super) fn insert(&mut self, entry: &IndexEntry) {
        let seq = entry.seq;
        self.conversations.insert((entry.conversation_seq, seq));
        if let Some(user) = entry.user_seq {
            self.users.insert((user, seq));
        }
        self.agents.insert(agent_key(entry));
        for tag in tag_keys(entry.agent_seq, seq, &entry.tags) {
            self.tags.insert(tag);
        }
    }

    pub(super) fn remove(&mut self, entry: &IndexEntry) {
        let seq = entry.seq;
        self.conversations.remove(&(entry.conversation_seq, seq));
        if let Some(user) = entry.user_seq {
            self.users.remove(&(user, seq));
        }
        self.agents.remove(&agent_key(entry));
        for tag in tag_keys(entry.agent_seq, seq, &entry.tags) {
            self.tags.remove(&tag);
        }
    }

    /// Replaces the tags of a message, if this memtable has the message.
    pub(super) fn retag(&mut self, old: &IndexEntry, new: &Tags) {
        if self.agents.contains(&agent_key(old)) {
            self.remove(old);
            self.insert(&IndexEntry {
                tags: new.clone(),
                ..old.clone()
            });
        }
    }

    /// Finds the messages of a conversation before a row, newest first.
    pub(super) fn find_by_conversation(&self, seq: i64, before: i64) -> impl Iterator<Item = i64> {
        let found = self.conversations.range((seq, i64::MIN)..(seq, before));
        found.rev().map(|&(_, message)| message)
    }

    /// Finds the messages of a user.
    pub(super) fn find_by_user(&self, seq: i64) -> impl Iterator<Item = i64> {
        let found = self.users.range((seq, i64::MIN)..=(seq, i64::MAX));
        found.map(|&(_, message)| message)
    }

    /// Finds the messages of an agent since `from` (microseconds) and before a time and row, newest first.
    pub(super) fn find_by_agent(
        &self,
        seq: i64,
        incoming: bool,
        from: i64,
        (at, before): (i64, i64),
    ) -> impl Iterator<Item = i64> {
        let side = AgentDirection::new(seq, incoming);
        let from = (side, from, i64::MIN);
        let found = self.agents.range(from..(side, at, before));
        found.rev().map(|&(.., message)| message)
    }

    /// Finds the messages of an agent that have this tag, before a row, newest first.
    pub(super) fn find_by_tag<'a>(
        &'a self,
        agent_seq: i64,
        name: &str,
        value: &str,
        before: i64,
    ) -> impl Iterator<Item = i64> + use<'a> {
        let tag = TagPair::new(name, value);
        let from = (agent_seq, tag.clone(), i64::MIN);
        let found = self.tags.range(from..(agent_seq, tag, before));
        found.rev().map(|&(.., message)| message)
    }

    /// Lists up to `limit` distinct values that a tag of an agent has after the value `after`, in their order.
    pub(super) fn list_tag_values(
        &self,
        agent_seq: i64,
        (name, after): (&str, &str),
        limit: usize,
    ) -> Vec<String> {
        let after = (agent_seq, TagPair::new(name, after), i64::MAX);
        let mut values: Vec<String> = Vec::new();
        // Tags whose names begin with this name lie between its values.
        for (agent, tag, _) in self.tags.range((Bound::Excluded(after), Bound::Unbounded)) {
            if *agent != agent_seq || !tag.text.starts_with(name) || values.len() == limit {
                break;
            }
            let (found, value) = tag.parts();
            if found == name && values.last().is_none_or(|last| last != value) {
                values.push(value.to_owned());
            }
        }
        values
    }
}

impl fmt::Debug for Memtable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages", self.len())
    }
}

fn agent_key(entry: &IndexEntry) -> AgentKey {
    let side = AgentDirection::new(entry.agent_seq, entry.incoming);
    (side, entry.created_at, entry.seq)
}

fn tag_keys(agent_seq: i64, seq: i64, tags: &Tags) -> impl Iterator<Item = TagKey> {
    tags.iter()
        .map(move |(name, value)| (agent_seq, TagPair::new(name, value), seq))
}
