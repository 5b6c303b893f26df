//! Where conversations go through, in memory: that never changes, and it is asked with every message.
//!
//! With many more conversations than are kept, nearly every message brings one that is not there: this
//! cache takes that at the cost of one insertion, where those of `moka` keep books beside.

use std::sync::Arc;

use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::kernel::{Result, ids::ConversationId};

/// Of how many conversations it is kept in memory.
const KEPT: usize = 10_000;

/// What a conversation goes through.
pub(in crate::domain) struct Route {
    agent_seq: i64,
    /// The row of the conversation.
    pub(in crate::domain) seq: i64,
    /// The name of the integration.
    pub(in crate::domain) integration: String,
    /// The channel of that integration.
    pub(in crate::domain) channel: String,
}

const ROUTE: &str = "
    SELECT seq, integration, channel FROM conversations WHERE id = :id AND agent_seq = :agent_seq";

/// The routes that are in memory. That one is there does not say that its conversation still is.
pub(in crate::domain) struct Routes(Cache<ConversationId, Arc<Route>>);

impl Default for Routes {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Routes {
    /// The route of a conversation of this bot, if it has or had one with this id. `conn` is not in a
    /// transaction, which may yet be lost.
    pub(in crate::domain) fn of(
        &self,
        conn: &Connection,
        agent_seq: i64,
        id: &ConversationId,
    ) -> Result<Option<Arc<Route>>> {
        if let Some(known) = self.0.get(id) {
            return Ok((known.agent_seq == agent_seq).then_some(known));
        }
        let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
        let found = conn.prepare_cached(ROUTE)?.query_row(parameters, |row| {
            Ok(Route {
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

impl Route {
    /// The integration and the channel, by which tags are declared.
    pub(in crate::domain) fn place(&self) -> (&str, &str) {
        (&self.integration, &self.channel)
    }
}
