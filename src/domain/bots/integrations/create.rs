//! Creates versions of integrations.

use rusqlite::named_params;

use super::{
    Integration, interfaces, names,
    parts::{Parts, VersionRef},
    rows,
};
use crate::{
    domain::{
        bots::{definitions::IntegrationDefinition, package_names::check_name, versions},
        tenancy::{
            audit::{self, NewAuditRecord},
            members::Role,
            quotas::{self, UsageType},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Rule, Violation,
        ids::{IntegrationId, WorkspaceId},
    },
    net::outbound::parse_web_url,
    store::Sealer,
};

/// The properties of a new version of an integration.
#[derive(Debug, Clone, Default)]
pub struct NewIntegration {
    /// Name: letters, digits and `-`, `_`, `/` (botpress.md §1.4).
    pub name: String,
    /// Version: three numbers, `1.2.3`.
    pub version: String,
    /// True if every workspace can use it.
    pub public: bool,
    /// True if no list has it, although it is public.
    pub unlisted: bool,
    /// True if it is in development.
    pub dev: bool,
    /// Display name; the name if absent.
    pub title: Option<String>,
    /// Description.
    pub description: String,
    /// Definition.
    pub definition: IntegrationDefinition,
    /// Address of the running integration, if it is in development.
    pub url: Option<String>,
    /// Code, icon, readme and secrets.
    pub parts: Parts,
    /// Id of an integration that is built into this program; `None` for an integration of a workspace.
    pub built_in: Option<IntegrationId>,
}

/// Creates a version of an integration in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `InvalidIdentifier`, `Conflict` if the name and version are taken
/// or another workspace has published the name, `Invalid`, or errors of the store.
pub async fn create(call: &RequestContext, new: NewIntegration) -> Result<Integration> {
    check_before_tx(call, &new).await?;
    let app = call.app();
    let sealer = app.sealer().clone();
    app.run_write_tx(call, move |tx, workspace| {
        create_in_tx(tx, &sealer, workspace, new)
    })
    .await
}

/// Checks that [`create`] would succeed now. Nothing is written.
///
/// # Errors
/// As [`create`].
pub async fn try_create(call: &RequestContext, new: NewIntegration) -> Result<()> {
    check_before_tx(call, &new).await?;
    let sealer = call.app().sealer().clone();
    call.app()
        .try_write_tx(call, move |tx, workspace| {
            create_in_tx(tx, &sealer, workspace, new)
        })
        .await
}

/// Checks what needs no transaction: the role, the number of configurations and the scripts.
async fn check_before_tx(call: &RequestContext, new: &NewIntegration) -> Result<()> {
    call.require_role(Role::Developer)?;
    let app = call.app();
    let configurations = new.definition.configurations.len();
    app.bounds_check()
        .settings
        .require_configurations(configurations)?;
    new.definition.check_scripts(app.scripts()).await
}

const INSERT: &str = "
    INSERT INTO integrations
        (id, workspace_id, name, version, version_order, public, unlisted, dev, title, description,
         definition, url, built_in, created_at, updated_at)
    VALUES
        (:id, :workspace_id, :name, :version, :version_order, :public, :unlisted, :dev, :title,
         :description, :definition, :url, :built_in, :now, :now)
    ON CONFLICT DO NOTHING";

/// Creates a version of an integration inside a write transaction. The caller has validated its scripts.
///
/// # Errors
/// As [`create`].
pub fn create_in_tx(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    workspace: &WorkspaceId,
    mut new: NewIntegration,
) -> Result<Integration> {
    check_name(&new.name)?;
    let version_order = versions::sort_key(&new.version)?;
    new.definition.check()?;
    interfaces::resolve(tx.conn, workspace, &mut new.definition)?;
    new.parts.validate()?;
    check_url(new.url.as_deref(), new.dev)?;
    quotas::require(tx, workspace, UsageType::IntegrationsOwnedCount, 1)?;
    let built_in = new.built_in.is_some();
    match (built_in, new.public) {
        (true, _) => names::take_for_built_in(tx, workspace, &new.name)?,
        (false, true) => names::publish(tx, workspace, &new.name)?,
        (false, false) => names::reserve(tx, workspace, &new.name)?,
    }
    let id = new.built_in.unwrap_or_else(IntegrationId::new_uuid);
    let definition = serde_json::to_string(&new.definition)
        .map_err(|error| Error::internal("a definition cannot be serialized", error))?;
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":workspace_id": workspace,
        ":name": new.name,
        ":version": new.version,
        ":version_order": version_order,
        ":public": new.public,
        ":unlisted": new.unlisted,
        ":dev": new.dev,
        ":title": new.title.as_deref().unwrap_or(&new.name),
        ":description": new.description,
        ":definition": definition,
        ":url": new.url,
        ":built_in": built_in,
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "There is an integration {}@{} already",
                new.name, new.version
            ),
        ));
    }
    let of = VersionRef {
        seq: tx.conn.last_insert_rowid(),
        id: &id,
        workspace,
        name: &new.name,
    };
    interfaces::write_rows(tx, of.seq, &new.definition.interfaces)?;
    new.parts.write(tx, sealer, &of)?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "integration.create",
            resource_id: id.as_str(),
            resource_name: Some(&new.name),
        },
    )?;
    rows::load(tx.conn, workspace, &id)
}

/// Checks the url of a bot or an integration. Only those in development run elsewhere.
pub(in crate::domain) fn check_url(url: Option<&str>, dev: bool) -> Result<()> {
    let Some(url) = url else { return Ok(()) };
    let rule = if !dev {
        "must be absent: only bots and integrations in development have it"
    } else if parse_web_url(url).is_none() {
        "must be an http or https address"
    } else {
        return Ok(());
    };
    Err(Violation::body(["url"], Rule::Other(rule.to_owned())).into())
}
