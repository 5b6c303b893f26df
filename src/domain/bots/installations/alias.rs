//! Aliases: the names of installations in their bot. Rows have the name of the integration; a bot sees the alias
//! instead, and callers may use both (botpress-today.md §2.3).

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::kernel::Result;

/// Returns an SQL expression for the alias of the integration with this name in a bot; the name if it has none. Among
/// several versions, the one that gets the messages decides.
pub(in crate::domain) fn alias_sql(agent_seq: &str, name: &str) -> String {
    format!(
        "coalesce((
            SELECT bot_integrations.alias FROM bot_integrations
            JOIN integrations ON integrations.seq = bot_integrations.integration_seq
            WHERE bot_integrations.agent_seq = {agent_seq} AND bot_integrations.removed_at IS NULL
              AND integrations.name = {name}
            ORDER BY bot_integrations.enabled DESC, integrations.version_order DESC LIMIT 1), {name})"
    )
}

const FIND_NAME: &str = "
    SELECT integrations.name
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.alias = :alias";

/// Returns the name of the integration with this alias in a bot; the text itself if it is no alias.
pub(in crate::domain) fn resolve_alias(
    conn: &Connection,
    agent_seq: i64,
    alias: &str,
) -> Result<String> {
    let parameters = named_params! {":agent_seq": agent_seq, ":alias": alias};
    let found = conn
        .prepare_cached(FIND_NAME)?
        .query_row(parameters, |row| row.get(0));
    Ok(found.optional()?.unwrap_or_else(|| alias.to_owned()))
}

/// Replaces the alias in `alias:event` by the name of the integration.
pub(in crate::domain) fn resolve_alias_prefix(
    conn: &Connection,
    agent_seq: i64,
    kind: &str,
) -> Result<String> {
    let Some((alias, event)) = kind.split_once(':') else {
        return Ok(kind.to_owned());
    };
    let name = resolve_alias(conn, agent_seq, alias)?;
    Ok(format!("{name}:{event}"))
}
