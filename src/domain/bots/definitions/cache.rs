//! An in-memory cache of definitions. The key includes the revision, so an entry never goes stale.

use std::sync::Arc;

use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::de::DeserializeOwned;

use super::{BotDefinition, IntegrationDefinition};
use crate::kernel::{
    Error, Result,
    ids::{AgentId, IntegrationId},
};

/// Capacity of the cache, in definitions of each kind.
const CAPACITY: usize = 10_000;

/// The cache of definitions.
pub(in crate::domain) struct DefinitionCache {
    bots: Cache<(AgentId, i64), Arc<BotDefinition>>,
    integrations: Cache<(IntegrationId, i64), Arc<IntegrationDefinition>>,
    empty_definition: Arc<BotDefinition>,
}

impl Default for DefinitionCache {
    fn default() -> Self {
        Self {
            bots: Cache::new(CAPACITY),
            integrations: Cache::new(CAPACITY),
            empty_definition: Arc::default(),
        }
    }
}

const BOT_REVISION: &str = "SELECT revision FROM bots WHERE agent_seq = :seq";
const BOT: &str = "SELECT revision, definition FROM bots WHERE agent_seq = :seq";

const INTEGRATION_REVISION: &str = "SELECT id, revision FROM integrations WHERE seq = :seq";
const INTEGRATION: &str = "SELECT revision, definition FROM integrations WHERE seq = :seq";

impl DefinitionCache {
    /// Returns the definition of a bot; an empty one if the agent has no bot row yet. `complete` adds the definitions of
    /// its plugins, which have the same revision.
    pub(in crate::domain) fn get_bot_definition(
        &self,
        conn: &Connection,
        (id, seq): (&AgentId, i64),
        complete: impl FnOnce(BotDefinition) -> Result<BotDefinition>,
    ) -> Result<Arc<BotDefinition>> {
        let revision = conn
            .prepare_cached(BOT_REVISION)?
            .query_row(named_params! {":seq": seq}, |row| row.get(0))
            .optional()?;
        let Some(revision) = revision else {
            return Ok(self.empty_definition.clone());
        };
        if let Some(known) = self.bots.get(&(id.clone(), revision)) {
            return Ok(known);
        }
        let (revision, definition) = read_definition(conn, BOT, seq)?;
        let definition = Arc::new(complete(definition)?);
        self.bots
            .insert((id.clone(), revision), Arc::clone(&definition));
        Ok(definition)
    }

    /// Returns the definition of the integration in this row.
    pub(in crate::domain) fn get_integration_definition(
        &self,
        conn: &Connection,
        seq: i64,
    ) -> Result<Arc<IntegrationDefinition>> {
        let (id, revision): (IntegrationId, i64) = conn
            .prepare_cached(INTEGRATION_REVISION)?
            .query_row(named_params! {":seq": seq}, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if let Some(known) = self.integrations.get(&(id.clone(), revision)) {
            return Ok(known);
        }
        let (revision, definition) = read_definition(conn, INTEGRATION, seq)?;
        let definition = Arc::new(definition);
        self.integrations
            .insert((id, revision), Arc::clone(&definition));
        Ok(definition)
    }
}

/// Reads the revision and the definition of a row in one statement, so that they belong together.
fn read_definition<T: DeserializeOwned>(
    conn: &Connection,
    sql: &str,
    seq: i64,
) -> Result<(i64, T)> {
    let (revision, text): (i64, String) = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":seq": seq}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let definition = serde_json::from_str(&text)
        .map_err(|error| Error::internal("a stored definition cannot be read", error))?;
    Ok((revision, definition))
}
