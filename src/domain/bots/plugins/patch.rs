//! Adds plugins to bots, configures and removes them.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;

use super::{BotPlugin, PluginPatch, PluginPatches, bind::bind, merge, rows};
use crate::{
    domain::{
        bots::{
            definitions::{ALIAS_SEPARATOR, BotDefinitionPatch, Keeps},
            packages::{self, PackageKind, plugins::Plugin},
        },
        tenancy::write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result,
        ids::{AgentId, PackageId, WorkspaceId},
    },
    store::Sealer,
};

/// Maximum length of an alias, in bytes.
const MAX_ALIAS_BYTES: usize = 100;

/// Applies the patches of a bot's plugins, after those of its integrations. The caller raises the revision of the bot.
///
/// # Errors
/// `InvalidIdentifier` for a bad alias, `ReferenceNotFound` for a plugin that the workspace cannot use, `Invalid` for a
/// dependency that is not bound, `LimitExceeded`, or errors of the store. The claims of the transaction report
/// configurations and schemas that are not valid.
pub(in crate::domain) fn apply_patches(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    bot: (i64, &AgentId),
    patches: &PluginPatches,
) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let known = rows::list_of_bot(tx.conn, sealer, bot)?;
    for (alias, patch) in patches {
        let Some(patch) = patch else {
            rows::remove(tx.conn, bot.0, alias)?;
            continue;
        };
        let known = known.iter().find(|known| known.alias == *alias);
        let plugin = apply_patch(tx, workspace, bot.0, (alias, patch), known)?;
        rows::write(tx, sealer, bot, &plugin, known.is_some())?;
    }
    Ok(())
}

/// Returns a plugin of a bot after a patch.
fn apply_patch(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    agent_seq: i64,
    (alias, patch): (&str, &PluginPatch),
    known: Option<&BotPlugin>,
) -> Result<BotPlugin> {
    check_alias(alias)?;
    let plugin = load_plugin(tx.conn, workspace, &patch.id, known)?;
    let bindings = known.map(|known| &known.bindings);
    let bindings = bind(
        tx.conn,
        agent_seq,
        (alias, patch),
        &plugin.definition,
        bindings,
    )?;
    let resolved = merge::resolve(tx.conn, agent_seq, plugin.definition, &bindings.interfaces)?;
    let configuration = match (&patch.configuration, known) {
        (Some(given), _) => given.clone(),
        (None, known) => known
            .map(|known| known.configuration.clone())
            .unwrap_or_default(),
    };
    tx.claim(Keeps {
        schema: resolved.configuration.schema.clone(),
        value: Value::Object(configuration.clone()),
        place: format!("plugins.{alias}.configuration"),
    });
    tx.claim(resolved);
    Ok(BotPlugin {
        alias: alias.to_owned(),
        id: plugin.id,
        name: plugin.name,
        version: plugin.version,
        enabled: patch
            .enabled
            .or_else(|| known.map(|known| known.enabled))
            .unwrap_or(true),
        title: plugin.title,
        description: plugin.description,
        visibility: plugin.visibility,
        has_readme: plugin.has_readme,
        configuration,
        bindings,
        created_at: known.map_or(tx.now, |known| known.created_at),
        updated_at: tx.now,
        package_seq: plugin.seq,
    })
}

/// Loads a plugin that the workspace can use. A bot keeps a plugin that it could not get now.
fn load_plugin(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &str,
    known: Option<&BotPlugin>,
) -> Result<Plugin> {
    let id = PackageId::from(id);
    let found = match known.filter(|known| known.id == id) {
        Some(_) => packages::find_any(conn, PackageKind::Plugin, &id)?,
        None => packages::find_usable(conn, workspace, PackageKind::Plugin, &id)?,
    };
    found.ok_or_else(|| {
        let text = format!("Plugin \"{id}\" not found");
        Error::new(Kind::ReferenceNotFound, text)
    })
}

fn check_alias(alias: &str) -> Result<()> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.".contains(&byte);
    if (1..=MAX_ALIAS_BYTES).contains(&alias.len()) && alias.bytes().all(letters) {
        return Ok(());
    }
    let alias = alias.get(..MAX_ALIAS_BYTES).unwrap_or(alias);
    let text = format!(
        "plugins: {alias:?} must have 1 to {MAX_ALIAS_BYTES} letters, digits, hyphens, underscores, slashes or dots"
    );
    Err(Error::new(Kind::InvalidIdentifier, text))
}

/// Drops the entries of a patch that belong to plugins of the bot.
// wire: the vendor's command line sends the definitions of plugins back as removals (botpress-today.md §2.3)
pub(in crate::domain) fn drop_entries_of_plugins(
    conn: &Connection,
    agent_seq: i64,
    patches: &PluginPatches,
    definition: &mut BotDefinitionPatch,
) -> Result<()> {
    let mut aliases: BTreeSet<String> = rows::list_aliases(conn, agent_seq)?.into_iter().collect();
    aliases.extend(patches.keys().cloned());
    definition.drop_entries(|name| {
        let alias = name.split_once(ALIAS_SEPARATOR).map(|(alias, _)| alias);
        alias.is_some_and(|alias| aliases.contains(alias))
    });
    Ok(())
}
