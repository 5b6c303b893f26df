//! The definitions that plugins add to a bot. They are made when the definition of the bot is read: from the plugins, and
//! from the entities of the integrations that the plugins are bound to.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{InterfaceBinding, rows::parse_bindings};
use crate::{
    domain::{
        App,
        bots::definitions::{
            BotDefinition, DeclaredSchema, IntegrationDefinition, InterfaceDefinition, Named,
            PluginDefinition,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{AgentId, WorkspaceId},
    },
};

/// Returns the definition of a bot with those of its plugins, from the cache if it is there.
pub(in crate::domain) fn load_bot_definition(
    app: &App,
    conn: &Connection,
    (id, seq): (&AgentId, i64),
) -> Result<Arc<BotDefinition>> {
    let cache = app.definition_cache();
    cache.get_bot_definition(conn, (id, seq), |own| {
        Ok(own.with_plugins(load_definitions(conn, seq)?))
    })
}

const LIST: &str = "
    SELECT bot_plugins.alias, bot_plugins.bindings, packages.definition
    FROM bot_plugins JOIN packages ON packages.seq = bot_plugins.package_seq
    WHERE bot_plugins.agent_seq = :seq
    ORDER BY bot_plugins.alias";

/// Returns the definitions that its plugins add to a bot, under the names `ALIAS#name`.
pub(in crate::domain) fn load_definitions(
    conn: &Connection,
    agent_seq: i64,
) -> Result<BotDefinition> {
    let mut merged = BotDefinition::default();
    let mut statement = conn.prepare_cached(LIST)?;
    let mut rows = statement.query(named_params! {":seq": agent_seq})?;
    while let Some(row) = rows.next()? {
        let (alias, definition): (String, String) = (row.get("alias")?, row.get("definition")?);
        let definition = serde_json::from_str(&definition)
            .map_err(|error| Error::internal("a stored definition cannot be read", error))?;
        let bindings = parse_bindings(row)?;
        let resolved = resolve(conn, agent_seq, definition, &bindings.interfaces)?;
        resolved.add_to_bot(&alias, &mut merged);
    }
    Ok(merged)
}

const FIND_INSTALLED: &str = "
    SELECT integrations.definition
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :seq AND bot_integrations.removed_at IS NULL
      AND (bot_integrations.alias = :key OR integrations.id = :key)
    ORDER BY bot_integrations.alias = :key DESC LIMIT 1";

/// Replaces the references of a plugin by the entities of the bot's integrations. An interface whose installation is gone
/// has its own entities.
pub(super) fn resolve(
    conn: &Connection,
    agent_seq: i64,
    mut plugin: PluginDefinition,
    bindings: &Named<InterfaceBinding>,
) -> Result<PluginDefinition> {
    let mut schemas = EntitySchemas::default();
    for (alias, dependency) in &plugin.dependencies.interfaces {
        let binding = bindings.get(alias);
        let installed = binding.map(|binding| {
            let parameters = named_params! {":seq": agent_seq, ":key": binding.integration_alias};
            let mut statement = conn.prepare_cached(FIND_INSTALLED)?;
            let found = statement
                .query_row(parameters, |row| row.get(0))
                .optional()?;
            parse_definition::<IntegrationDefinition>(found)
        });
        let installed = installed.transpose()?.flatten();
        let key = binding.map(|binding| binding.integration_interface_alias.as_str());
        match installed.as_ref().zip(key) {
            Some((integration, key)) => schemas.add_implementation(alias, integration, key),
            None => schemas.add_interface(alias, find_interface(conn, &dependency.id)?.as_ref()),
        }
    }
    plugin.resolve_references(&|alias, entity| schemas.find(alias, entity));
    Ok(plugin)
}

/// Schemas of entities by the alias of the interface and the name of the entity.
#[derive(Default)]
struct EntitySchemas(BTreeMap<(String, String), DeclaredSchema>);

impl EntitySchemas {
    /// Adds the entities of an integration by which it implements an interface.
    fn add_implementation(&mut self, alias: &str, integration: &IntegrationDefinition, key: &str) {
        let implementation = integration.interfaces.get(key);
        let entities = implementation.map(|implementation| &implementation.entities);
        for (part, name) in entities.into_iter().flatten() {
            if let Some(entity) = integration.entities.get(name) {
                self.0
                    .insert((alias.to_owned(), part.clone()), entity.schema.clone());
            }
        }
    }

    /// Adds the entities of an interface itself.
    fn add_interface(&mut self, alias: &str, interface: Option<&InterfaceDefinition>) {
        for (name, entity) in interface
            .into_iter()
            .flat_map(|interface| &interface.entities)
        {
            self.0
                .insert((alias.to_owned(), name.clone()), entity.schema.clone());
        }
    }

    fn find(&self, alias: &str, entity: &str) -> Option<DeclaredSchema> {
        self.0.get(&(alias.to_owned(), entity.to_owned())).cloned()
    }
}

const FIND_INTERFACE: &str =
    "SELECT definition FROM packages WHERE id = :id AND kind = 'interface'";

fn find_interface(conn: &Connection, id: &str) -> Result<Option<InterfaceDefinition>> {
    let mut statement = conn.prepare_cached(FIND_INTERFACE)?;
    let found = statement.query_row(named_params! {":id": id}, |row| row.get(0));
    parse_definition(found.optional()?)
}

pub(super) fn parse_definition<D: serde::de::DeserializeOwned>(
    text: Option<String>,
) -> Result<Option<D>> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::internal("a stored definition cannot be read", error))
}

const FIND_INTEGRATION: &str = "
    SELECT definition FROM integrations
    WHERE id = :id AND (public = 1 OR workspace_id = :workspace_id)";

/// Replaces the references of a plugin by the entities of these integrations: ids by the aliases of the plugin's
/// interfaces. An interface that is not named has its own entities. `workspace` can use its own integrations too.
///
/// # Errors
/// `ReferenceNotFound` for an integration that the caller cannot use or that does not implement the interface, or errors
/// of the store.
pub fn dereference(
    app: &App,
    workspace: Option<&WorkspaceId>,
    plugin: &mut PluginDefinition,
    integrations: &BTreeMap<String, String>,
) -> Result<()> {
    let schemas = app.store().read(|conn| {
        let mut schemas = EntitySchemas::default();
        for (alias, dependency) in &plugin.dependencies.interfaces {
            let Some(id) = integrations.get(alias) else {
                let interface = find_interface(conn, &dependency.id)?;
                schemas.add_interface(alias, interface.as_ref());
                continue;
            };
            let integration = find_integration(conn, workspace, id)?;
            let mut keys = integration.interfaces.iter();
            // wire: of several implementations the first by key is used (botpress-today.md §2.4)
            let found = keys.find(|(_, one)| one.name == dependency.name);
            let (key, _) = found.ok_or_else(|| {
                let text = format!(
                    "Integration \"{id}\" does not implement {}",
                    dependency.name
                );
                Error::new(Kind::ReferenceNotFound, text)
            })?;
            schemas.add_implementation(alias, &integration, key);
        }
        Ok(schemas)
    })?;
    plugin.resolve_references(&|alias, entity| schemas.find(alias, entity));
    Ok(())
}

fn find_integration(
    conn: &Connection,
    workspace: Option<&WorkspaceId>,
    id: &str,
) -> Result<IntegrationDefinition> {
    let parameters = named_params! {":id": id, ":workspace_id": workspace};
    let mut statement = conn.prepare_cached(FIND_INTEGRATION)?;
    let found = statement
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    parse_definition(found)?.ok_or_else(|| {
        let text = format!("Integration \"{id}\" not found");
        Error::new(Kind::ReferenceNotFound, text)
    })
}

const INVALIDATE: &str = "
    UPDATE bots SET revision = revision + 1
    WHERE agent_seq IN (
        SELECT bot_plugins.agent_seq
        FROM bot_integrations JOIN bot_plugins
            ON bot_plugins.agent_seq = bot_integrations.agent_seq
        WHERE bot_integrations.integration_seq = :seq)";

/// Makes the bots that have plugins and this integration read their definitions again.
pub(in crate::domain) fn invalidate_for_integration(conn: &Connection, seq: i64) -> Result<()> {
    conn.prepare_cached(INVALIDATE)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}
