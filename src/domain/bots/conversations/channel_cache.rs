//! An in-memory cache of each conversation's integration and channel. They never change, and every message
//! needs them.
//!
//! With many more conversations than cache entries, nearly every message adds an entry.

use std::sync::Arc;

use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::kernel::{Result, ids::ConversationId};

/// Capacity of the cache, in conversations.
const CAPACITY: usize = 10_000;

/// The integration and the channel of a conversation.
pub(in crate::domain) struct ConversationChannel {
    agent_seq: i64,
    pub(in crate::domain) seq: i64,
    /// Name of the integration.
    pub(in crate::domain) integration: String,
    /// Channel of that integration.
    pub(in crate::domain) channel: String,
}

const FIND_CHANNEL: &str = "
    SELECT seq, integration, channel FROM conversations WHERE id = :id AND agent_seq = :agent_seq";

/// The cache. An entry does not prove that its conversation still exists.
pub(in crate::domain) struct ChannelCache(Cache<ConversationId, Arc<ConversationChannel>>);

impl Default for ChannelCache {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl ChannelCache {
    /// Returns the entry of a conversation, or `None` if this bot never had a conversation with this id.
    /// `conn` must not be in a transaction: the cache would keep rows that are rolled back later.
    pub(in crate::domain) fn get_or_load(
        &self,
        conn: &Connection,
        agent_seq: i64,
        id: &ConversationId,
    ) -> Result<Option<Arc<ConversationChannel>>> {
        if let Some(known) = self.0.get(id) {
            return Ok((known.agent_seq == agent_seq).then_some(known));
        }
        let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
        let found = conn
            .prepare_cached(FIND_CHANNEL)?
            .query_row(parameters, |row| {
                Ok(ConversationChannel {
                    agent_seq,
                    seq: row.get(0)?,
                    integration: row.get(1)?,
                    channel: row.get(2)?,
                })
            });
        let Some(found) = found.optional()? else {
            return Ok(None);
        };
        let route = Arc::new(found);
        self.0.insert(id.clone(), route.clone());
        Ok(Some(route))
    }
}

impl ConversationChannel {
    /// Returns the integration and the channel, which declare tags.
    pub(in crate::domain) fn channel_key(&self) -> (&str, &str) {
        (&self.integration, &self.channel)
    }
}
