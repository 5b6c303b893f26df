//! Updates versions of integrations.

use rusqlite::named_params;

use super::{
    Integration, check_url, interfaces, names,
    parts::{Parts, VersionRef},
    rows,
};
use crate::{
    domain::{
        bots::{
            definitions::IntegrationDefinitionPatch,
            deliveries,
            installations::{Endpoint, register_all},
            plugins,
        },
        tenancy::{
            audit::{self, NewAuditRecord},
            members::Role,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{IntegrationId, WorkspaceId},
    },
    store::Sealer,
};

/// Changes to a version of an integration. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct IntegrationPatch {
    /// Display name.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// True if every workspace can use it.
    pub public: Option<bool>,
    /// True if no list has it, although it is public.
    pub unlisted: Option<bool>,
    /// Changes to the definition.
    pub definition: IntegrationDefinitionPatch,
    /// Address of the running integration, if it is in development.
    pub url: Option<String>,
    /// Code, icon, readme and secrets.
    pub parts: Parts,
    /// Base of webhook addresses.
    pub webhooks: String,
}

/// Updates a version of an integration in the workspace of the call. Registers its installations again if its
/// url has changed, or if it has code or a url for the first time.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `InvalidIdentifier`, `Conflict` if another workspace
/// owns the name or has published this name and version, `RelationConflict` if bots of other workspaces use
/// an integration that the update unpublishes, `Invalid`, or errors of the store.
pub async fn update(
    call: &RequestContext,
    id: IntegrationId,
    update: IntegrationPatch,
) -> Result<Integration> {
    check_before_tx(call, &id, &update).await?;
    let app = call.app();
    let sealer = app.sealer().clone();
    app.run_write_tx(call, move |tx, workspace| {
        update_in_tx(tx, &sealer, workspace, &id, update)
    })
    .await
}

/// Checks that [`update`] would succeed now. Nothing is written.
///
/// # Errors
/// As [`update`].
pub async fn try_update(
    call: &RequestContext,
    id: IntegrationId,
    update: IntegrationPatch,
) -> Result<()> {
    check_before_tx(call, &id, &update).await?;
    let sealer = call.app().sealer().clone();
    call.app()
        .try_write_tx(call, move |tx, workspace| {
            update_in_tx(tx, &sealer, workspace, &id, update)
        })
        .await
}

/// Checks what needs no transaction: the role, the parts, the number of configurations and the scripts.
async fn check_before_tx(
    call: &RequestContext,
    id: &IntegrationId,
    update: &IntegrationPatch,
) -> Result<()> {
    call.require_role(Role::Developer)?;
    update.parts.validate()?;
    let app = call.app();
    let configurations = update.definition.configurations.len();
    app.bounds_check()
        .settings
        .require_configurations(configurations)?;
    if update.definition.has_scripts() {
        let store = app.store();
        store.read(|conn| rows::load(conn, call.workspace(), id))?;
        update.definition.check_scripts(app.scripts()).await?;
    }
    Ok(())
}

const UPDATE: &str = "
    UPDATE OR IGNORE integrations SET
        title = :title, description = :description, public = :public, unlisted = :unlisted,
        definition = :definition,
        revision = revision + 1, url = :url, updated_at = :now
    WHERE seq = :seq";

fn update_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    id: &IntegrationId,
    update: IntegrationPatch,
) -> Result<Integration> {
    let was = rows::load(tx.conn, workspace, id)?;
    let had_endpoint = Endpoint::find(tx.conn, was.seq)?;
    check_url(update.url.as_deref(), was.dev)?;
    let mut definition = was.definition.clone();
    update.definition.apply(&mut definition);
    definition.check()?;
    interfaces::resolve(tx.conn, workspace, &mut definition)?;
    if let Some(bounds) = tx.bounds() {
        let configurations = definition.configurations.len();
        bounds.settings.require_configurations(configurations)?;
    }
    let public = update.public.unwrap_or(was.public);
    if was.public && !public {
        refuse_while_used_by_others(tx, &was)?;
    }
    if public && !was.public {
        names::publish(tx, workspace, &was.name)?;
    }
    let text = serde_json::to_string(&definition)
        .map_err(|error| Error::internal("a definition cannot be serialized", error))?;
    let changed = tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": was.seq,
        ":title": update.title.as_ref().unwrap_or(&was.title),
        ":description": update.description.as_ref().unwrap_or(&was.description),
        ":public": public,
        ":unlisted": update.unlisted.unwrap_or(was.unlisted),
        ":definition": text,
        ":url": update.url.as_ref().or(was.url.as_ref()),
        ":now": tx.now,
    })?;
    if changed == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!("There is a public {}@{} already", was.name, was.version),
        ));
    }
    if definition != was.definition {
        plugins::invalidate_for_integration(tx.conn, was.seq)?;
    }
    let deployed = update.url.is_some() || update.parts.code.is_some();
    let of = VersionRef {
        seq: was.seq,
        id,
        workspace,
        name: &was.name,
    };
    if definition.interfaces != was.definition.interfaces {
        interfaces::write_rows(tx, was.seq, &definition.interfaces)?;
    }
    update.parts.write(tx, sealer, &of)?;
    if deployed {
        deliveries::retry_integration_now(tx, was.seq)?;
    }
    let now = rows::load(tx.conn, workspace, id)?;
    let endpoint = Endpoint::find(tx.conn, now.seq)?;
    if endpoint == Endpoint::Present && (had_endpoint != endpoint || now.url != was.url) {
        register_all(tx, &update.webhooks, &now)?;
    }
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "integration.update",
            resource_id: id.as_str(),
            resource_name: Some(&now.name),
        },
    )?;
    Ok(now)
}

const USED_BY_OTHERS: &str = "
    SELECT 1 FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.integration_seq = :seq AND bot_integrations.removed_at IS NULL
      AND agents.workspace_id <> :workspace_id AND agents.deleted_at IS NULL";

fn refuse_while_used_by_others(tx: &WriteTx<'_>, integration: &Integration) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(USED_BY_OTHERS)?;
    let used = statement.exists(named_params! {
        ":seq": integration.seq, ":workspace_id": integration.workspace_id,
    })?;
    if used {
        return Err(Error::new(
            Kind::RelationConflict,
            "Bots of other workspaces have this integration",
        ));
    }
    Ok(())
}
