//! Updates bots.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{
    Bot, Media,
    create::{configuration_claim, set_code, to_json},
    logs::{self, LogLevel},
    recurring, rows, sealing,
    secrets::{self, SecretPatches},
};
use crate::{
    domain::{
        bots::{
            definitions::{BotDefinition, BotDefinitionPatch},
            deliveries,
            installations::{self, InstallationPatch},
            integrations::check_url,
            plugins::{self, PluginPatches},
        },
        shared::sql::text_enum,
        tenancy::{
            audit::{self, NewAuditRecord},
            claims::{ProvenClaims, SharedClaim},
            members::Role,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Result,
        ids::{AgentId, WorkspaceId},
    },
    store::Sealer,
};

text_enum! {
    /// Method by which a bot authenticates people. Stored for its clients; this server does not use it.
    pub enum AuthenticationMethod {
        /// Accounts of the vendor.
        Iam = "iam",
    }
}

/// Changes to a bot. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct BotPatch {
    /// Name.
    pub name: Option<String>,
    /// Changes to the definition.
    pub definition: BotDefinitionPatch,
    /// Definition that replaces the old one before the changes to it.
    pub new_definition: Option<BotDefinition>,
    /// Configuration; replaces the old one.
    pub configuration: Option<Map<String, Value>>,
    /// Integrations by alias or id; `None` removes the installation.
    pub integrations: BTreeMap<String, Option<InstallationPatch>>,
    /// Plugins by alias; `None` removes the plugin.
    pub plugins: PluginPatches,
    /// Code.
    pub code: Option<String>,
    /// Address of the running bot, if it is in development.
    pub url: Option<String>,
    /// Secrets for the environment of its code, by name; `None` removes one.
    pub secrets: SecretPatches,
    /// Media files; replace the old ones.
    pub medias: Option<Vec<Media>>,
    /// Method by which it authenticates people.
    pub authentication: Option<AuthenticationMethod>,
    /// True if it is stopped.
    pub blocked: Option<bool>,
    /// Base of webhook addresses: `http://127.0.0.1:4600/webhook`.
    pub webhooks: String,
}

/// Log line of a deployment with plugins (botpress-today.md §2.3).
const NO_RECURRING_EVENTS: &str = "\
    Recurring events that plugins of this bot define do not happen: no client sends them to the server. \
    To have them, declare them as recurring events of the bot";

/// Updates a bot in the workspace of the call. Waits for the first answers of its new and changed integrations.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `InvalidIdentifier`, `InvalidData` for a configuration
/// that does not conform to its schema, `ReferenceNotFound` for an unknown integration, `Conflict` for an
/// integration that is already installed under another key, `Invalid`, or errors of the store.
pub async fn update(call: &RequestContext, id: AgentId, update: BotPatch) -> Result<Bot> {
    call.require_role(Role::Developer)?;
    secrets::validate(&update.secrets)?;
    let app = call.app();
    let agent = app
        .store()
        .read(|conn| rows::find_agent(conn, call.workspace(), &id))?;
    rows::create_missing_row(app, &agent).await?;
    let sealer = app.sealer().clone();
    let installs = !update.integrations.is_empty();
    let webhooks = update.webhooks.clone();
    let proven = prove_claims(call, &id, &update)?;
    let settings = app.bot_settings().clone();
    let updated = app
        .run_proven_write_tx(call, proven, move |tx, workspace| {
            let updated = update_in_tx(tx, &sealer, workspace, &id, &update)?;
            if update.code.is_some() && !updated.plugins.is_empty() {
                logs::record(tx, &settings, &id, LogLevel::Warn, NO_RECURRING_EVENTS)?;
            }
            Ok(updated)
        })
        .await?;
    if installs {
        installations::write_link_reasons(app, updated.seq, &webhooks).await?;
        installations::wait_for_first_attempts(app, updated.seq).await?;
        let (store, sealer) = (app.store(), app.sealer());
        return store.read(|conn| rows::load(conn, sealer, call.workspace(), &updated.id));
    }
    Ok(updated)
}

/// Proves the claims that the update will make, as far as the current state allows.
fn prove_claims(call: &RequestContext, id: &AgentId, update: &BotPatch) -> Result<ProvenClaims> {
    let (app, workspace) = (call.app(), call.workspace());
    let sealer = app.sealer();
    let (was, now, configured) = app.store().read(|conn| {
        let (was, now) = plan_update(conn, sealer, workspace, id, update)?;
        let integrations = update.integrations.iter();
        let given = integrations.filter_map(|(key, given)| Some((key.as_str(), given.as_ref()?)));
        // The transaction reports an error if one of them is refused, or depends on another.
        let configured = given.filter_map(|given| {
            installations::configuration_claim(conn, sealer, workspace, &was, given).ok()?
        });
        let configured = configured.map(SharedClaim::new).collect::<Vec<_>>();
        Ok((was, now, configured))
    })?;
    let (mut proven, limits) = (ProvenClaims::default(), call.schema_limits());
    if now.definition != was.definition {
        proven.prove(SharedClaim::new(now.definition.clone()), limits)?;
    }
    if !now.configuration.is_empty() || update.configuration.is_some() {
        let claim = self::configuration_claim(&now.definition, &now.configuration);
        proven.prove(SharedClaim::new(claim), limits)?;
    }
    for claim in configured {
        drop(proven.prove(claim, limits));
    }
    Ok(proven)
}

/// Returns the current bot, and a copy with the new definition and configuration.
fn plan_update(
    conn: &Connection,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    id: &AgentId,
    update: &BotPatch,
) -> Result<(Bot, Bot)> {
    let was = rows::load(conn, sealer, workspace, id)?;
    check_url(update.url.as_deref(), was.dev)?;
    let mut now = was.clone();
    if let Some(definition) = &update.new_definition {
        now.definition.clone_from(definition);
    }
    let mut definition = update.definition.clone();
    plugins::drop_entries_of_plugins(conn, was.seq, &update.plugins, &mut definition)?;
    definition.apply(&mut now.definition);
    if let Some(configuration) = &update.configuration {
        now.configuration.clone_from(configuration);
    }
    Ok((was, now))
}

fn update_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    id: &AgentId,
    update: &BotPatch,
) -> Result<Bot> {
    let (was, mut now) = plan_update(tx.conn, sealer, workspace, id, update)?;
    if now.definition != was.definition {
        tx.claim(now.definition.clone());
    }
    if !now.configuration.is_empty() || update.configuration.is_some() {
        tx.claim(configuration_claim(&now.definition, &now.configuration));
    }
    tx.require_proven()?;
    let deployed = update.code.is_some() || update.url.is_some();
    if let Some(code) = &update.code {
        set_code(tx.conn, was.seq, code)?;
    }
    now.name = update.name.clone().unwrap_or(now.name);
    now.url = update.url.clone().or(now.url);
    now.medias = update.medias.clone().unwrap_or(now.medias);
    now.blocked = update.blocked.unwrap_or(now.blocked);
    now.deployed_at = if deployed {
        Some(tx.now)
    } else {
        now.deployed_at
    };
    let recoded = update.code.is_some();
    // A new revision makes the engine rebuild the environment of the code.
    let of_plugins = !update.plugins.is_empty()
        || (!update.integrations.is_empty() && plugins::has_plugins(tx.conn, was.seq)?);
    let changed = recoded || !update.secrets.is_empty() || of_plugins;
    write_rows(tx, sealer, (&was, &now), changed, update.authentication)?;
    secrets::write(tx, sealer, (was.seq, id), &update.secrets)?;
    if recoded {
        deliveries::enqueue_ping(tx, was.seq)?;
    }
    if deployed {
        deliveries::retry_bot_now(tx, was.seq)?;
    }
    recurring::sync_schedules(tx, was.seq, &was.definition, &now.definition)?;
    for (key, given) in &update.integrations {
        let named = (key.as_str(), given.as_ref());
        installations::apply_patch(tx, sealer, workspace, &was, &update.webhooks, named)?;
    }
    plugins::apply_patches(tx, sealer, workspace, (was.seq, id), &update.plugins)?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: if deployed { "bot.deploy" } else { "bot.update" },
            resource_id: id.as_str(),
            resource_name: Some(&now.name),
        },
    )?;
    rows::load(tx.conn, sealer, workspace, id)
}

const UPDATE_AGENT: &str = "UPDATE agents SET name = :name, updated_at = :now WHERE seq = :seq";

const UPDATE: &str = "
    UPDATE bots SET
        definition = :definition, revision = revision + :changed, configuration = :configuration,
        medias = :medias, url = :url, blocked = :blocked,
        authentication = coalesce(:authentication, authentication), deployed_at = :deployed_at
    WHERE agent_seq = :seq";

fn write_rows(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    (was, now): (&Bot, &Bot),
    changed: bool,
    authentication: Option<AuthenticationMethod>,
) -> Result<()> {
    tx.conn
        .prepare_cached(UPDATE_AGENT)?
        .execute(named_params! {":seq": was.seq, ":name": now.name, ":now": tx.now})?;
    tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": was.seq,
        ":definition": to_json(&now.definition)?,
        ":changed": i64::from(changed || now.definition != was.definition),
        ":configuration": sealing::seal_configuration(sealer, &now.id, &now.configuration),
        ":medias": to_json(&now.medias)?,
        ":url": now.url,
        ":blocked": now.blocked,
        ":authentication": authentication,
        ":deployed_at": now.deployed_at,
    })?;
    Ok(())
}
