//! Binds the interfaces and integrations that a plugin needs to installations of the bot.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    BindingRequest, Bindings, IntegrationBinding, InterfaceBinding, PluginPatch,
    merge::parse_definition,
};
use crate::{
    domain::bots::{
        definitions::{IntegrationDefinition, PluginDefinition, PluginDependency},
        versions,
    },
    kernel::{Error, Result, Rule, Violation},
};

/// An installation that a plugin can be bound to.
struct BoundInstallation {
    /// Alias, or the id of the integration.
    key: String,
    definition: IntegrationDefinition,
}

/// Returns the bindings of a plugin after a patch. Each dependency must be bound; other bindings are dropped.
///
/// # Errors
/// `Invalid` for a dependency that is not bound, or whose installation does not provide it, or errors of the store.
// wire: the vendor's checks are not documented (botpress-today.md §2.2)
pub(super) fn bind(
    conn: &Connection,
    agent_seq: i64,
    (alias, given): (&str, &PluginPatch),
    plugin: &PluginDefinition,
    known: Option<&Bindings>,
) -> Result<Bindings> {
    let kept = known.map(to_requests).unwrap_or_default();
    let interfaces = given.interfaces.as_ref().unwrap_or(&kept.0);
    let integrations = given.integrations.as_ref().unwrap_or(&kept.1);
    let mut bindings = Bindings::default();
    for (name, dependency) in &plugin.dependencies.interfaces {
        let path = ["plugins", alias, "interfaces", name];
        let request = interfaces.get(name).ok_or_else(|| missing_binding(&path))?;
        let installation = find_installation(conn, agent_seq, request, &path)?;
        let binding = bind_interface(request, installation, dependency, &path)?;
        bindings.interfaces.insert(name.clone(), binding);
    }
    for name in plugin.dependencies.integrations.keys() {
        let path = ["plugins", alias, "integrations", name];
        let request = integrations
            .get(name)
            .ok_or_else(|| missing_binding(&path))?;
        let installation = find_installation(conn, agent_seq, request, &path)?;
        let binding = IntegrationBinding {
            integration_id: request.integration_id.clone(),
            integration_alias: installation.key,
        };
        bindings.integrations.insert(name.clone(), binding);
    }
    Ok(bindings)
}

type BindingRequests = BTreeMap<String, BindingRequest>;

/// Returns the requests that lead to these bindings.
fn to_requests(bindings: &Bindings) -> (BindingRequests, BindingRequests) {
    let interfaces = bindings.interfaces.iter().map(|(name, binding)| {
        let request = BindingRequest {
            integration_id: binding.integration_id.clone(),
            integration_alias: Some(binding.integration_alias.clone()),
            integration_interface_alias: Some(binding.integration_interface_alias.clone()),
        };
        (name.clone(), request)
    });
    let integrations = bindings.integrations.iter().map(|(name, binding)| {
        let request = BindingRequest {
            integration_id: binding.integration_id.clone(),
            integration_alias: Some(binding.integration_alias.clone()),
            integration_interface_alias: None,
        };
        (name.clone(), request)
    });
    (interfaces.collect(), integrations.collect())
}

const FIND: &str = "
    SELECT coalesce(bot_integrations.alias, integrations.id) AS key, integrations.definition
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :seq AND bot_integrations.removed_at IS NULL
      AND NOT bot_integrations.implicit AND integrations.id = :id
      AND (:alias IS NULL OR bot_integrations.alias = :alias OR integrations.id = :alias)
    ORDER BY bot_integrations.seq LIMIT 1";

fn find_installation(
    conn: &Connection,
    agent_seq: i64,
    request: &BindingRequest,
    path: &[&str],
) -> Result<BoundInstallation> {
    let parameters = named_params! {
        ":seq": agent_seq, ":id": request.integration_id, ":alias": request.integration_alias,
    };
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(String, String)> = conn
        .prepare_cached(FIND)?
        .query_row(parameters, read)
        .optional()?;
    let Some((key, definition)) = found else {
        let id = &request.integration_id;
        let rule = match &request.integration_alias {
            Some(alias) => format!("must be the integration {id}, installed in the bot as {alias}"),
            None => format!("must be the integration {id}, installed in the bot"),
        };
        return Err(violation(path, rule));
    };
    Ok(BoundInstallation {
        key,
        definition: parse_definition(Some(definition))?.unwrap_or_default(),
    })
}

/// Finds the implementation of an interface in an installation.
fn bind_interface(
    request: &BindingRequest,
    installation: BoundInstallation,
    dependency: &PluginDependency,
    path: &[&str],
) -> Result<InterfaceBinding> {
    let PluginDependency { name, version, .. } = dependency;
    let wanted = request.integration_interface_alias.as_deref();
    let mut found = installation
        .definition
        .interfaces
        .iter()
        .filter(|(key, one)| {
            one.name == *name
                && versions::satisfies(&one.version, version)
                && wanted.is_none_or(|wanted| wanted == key.as_str())
        });
    let Some((key, implementation)) = found.next() else {
        let rule = format!("must be an integration that implements {name}@{version}");
        return Err(violation(path, rule));
    };
    if found.next().is_some() {
        let rule = format!("must have integrationInterfaceAlias: it implements {name} repeatedly");
        return Err(violation(path, rule));
    }
    Ok(InterfaceBinding {
        integration_id: request.integration_id.clone(),
        integration_alias: installation.key,
        integration_interface_alias: key.clone(),
        interface_id: implementation.id.to_string(),
    })
}

fn missing_binding(path: &[&str]) -> Error {
    Violation::body(path.iter().copied(), Rule::Required).into()
}

fn violation(path: &[&str], rule: String) -> Error {
    Violation::body(path.iter().copied(), Rule::Other(rule)).into()
}
