//! Reads and writes the rows of a bot's plugins.

use rusqlite::{Connection, Row, named_params};
use serde_json::{Map, Value};

use super::{Bindings, BotPlugin};
use crate::{
    domain::tenancy::{bounds::Bound, sealed_columns::SealedColumn, write_tx::WriteTx},
    kernel::{Error, Result, ids::AgentId},
    store::Sealer,
};

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "plugins",
    setting: "bot_plugins",
    limit: |bounds| bounds.bot_plugins,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM bot_plugins WHERE agent_seq = ?1",
};

const EXISTS: &str = "SELECT 1 FROM bot_plugins WHERE agent_seq = :seq";

/// True if a bot has plugins.
pub(in crate::domain) fn has_plugins(conn: &Connection, agent_seq: i64) -> Result<bool> {
    let mut statement = conn.prepare_cached(EXISTS)?;
    Ok(statement.exists(named_params! {":seq": agent_seq})?)
}

const ALIASES: &str = "SELECT alias FROM bot_plugins WHERE agent_seq = :seq";

/// Lists the aliases of a bot's plugins.
pub(in crate::domain) fn list_aliases(conn: &Connection, agent_seq: i64) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(ALIASES)?;
    let rows = statement.query_map(named_params! {":seq": agent_seq}, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const LIST: &str = "
    SELECT bot_plugins.*, packages.id, packages.name, packages.version, packages.title,
           packages.description, packages.visibility, packages.readme IS NOT NULL AS has_readme
    FROM bot_plugins JOIN packages ON packages.seq = bot_plugins.package_seq
    WHERE bot_plugins.agent_seq = :seq
    ORDER BY bot_plugins.alias";

/// Lists the plugins of a bot by alias.
pub(in crate::domain) fn list_of_bot(
    conn: &Connection,
    sealer: &Sealer,
    (seq, id): (i64, &AgentId),
) -> Result<Vec<BotPlugin>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! {":seq": seq}, |row| {
        Ok(from_row(row, sealer, id))
    })?;
    rows.map(|row| row?).collect()
}

fn from_row(row: &Row<'_>, sealer: &Sealer, bot: &AgentId) -> Result<BotPlugin> {
    let alias: String = row.get("alias")?;
    let sealed: Option<Vec<u8>> = row.get("configuration")?;
    let configuration = match sealed {
        Some(sealed) => open_configuration(sealer, &row_id(bot, &alias), &sealed)?,
        None => Map::new(),
    };
    Ok(BotPlugin {
        id: row.get("id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        enabled: row.get("enabled")?,
        title: row.get("title")?,
        description: row.get("description")?,
        visibility: row.get("visibility")?,
        has_readme: row.get("has_readme")?,
        configuration,
        bindings: parse_bindings(row)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        package_seq: row.get("package_seq")?,
        alias,
    })
}

pub(super) fn parse_bindings(row: &Row<'_>) -> Result<Bindings> {
    let bindings: String = row.get("bindings")?;
    serde_json::from_str(&bindings)
        .map_err(|error| Error::internal("the bindings of a plugin cannot be read", error))
}

fn row_id(bot: &AgentId, alias: &str) -> String {
    format!("{bot}/{alias}")
}

fn open_configuration(sealer: &Sealer, row_id: &str, sealed: &[u8]) -> Result<Map<String, Value>> {
    let opened = SealedColumn::BotPluginConfiguration
        .open(sealer, row_id, sealed)
        .map_err(|error| Error::internal("a sealed configuration cannot be decrypted", error))?;
    serde_json::from_slice(&opened)
        .map_err(|error| Error::internal("a sealed configuration is not a JSON object", error))
}

const UPSERT: &str = "
    INSERT INTO bot_plugins
        (agent_seq, alias, package_seq, enabled, configuration, bindings, created_at, updated_at)
    VALUES
        (:seq, :alias, :package_seq, :enabled, :configuration, :bindings, :created_at, :now)
    ON CONFLICT (agent_seq, alias) DO UPDATE SET
        package_seq = excluded.package_seq, enabled = excluded.enabled,
        configuration = excluded.configuration, bindings = excluded.bindings,
        updated_at = excluded.updated_at";

/// Writes a plugin of a bot. `known` is true if the bot has one with this alias.
pub(super) fn write(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    (seq, id): (i64, &AgentId),
    plugin: &BotPlugin,
    known: bool,
) -> Result<()> {
    if !known {
        BOUND.require(tx, seq)?;
    }
    let configuration = Value::Object(plugin.configuration.clone()).to_string();
    let row_id = row_id(id, &plugin.alias);
    let sealed =
        SealedColumn::BotPluginConfiguration.seal(sealer, &row_id, configuration.as_bytes());
    let bindings = serde_json::to_string(&plugin.bindings)
        .map_err(|error| Error::internal("bindings cannot be serialized", error))?;
    tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":seq": seq,
        ":alias": plugin.alias,
        ":package_seq": plugin.package_seq,
        ":enabled": plugin.enabled,
        ":configuration": sealed,
        ":bindings": bindings,
        ":created_at": plugin.created_at,
        ":now": tx.now,
    })?;
    Ok(())
}

const REMOVE: &str = "DELETE FROM bot_plugins WHERE agent_seq = :seq AND alias = :alias";

/// Removes a plugin from a bot.
pub(super) fn remove(conn: &Connection, agent_seq: i64, alias: &str) -> Result<()> {
    conn.prepare_cached(REMOVE)?
        .execute(named_params! {":seq": agent_seq, ":alias": alias})?;
    Ok(())
}
