//! Plugins: code and definitions that become a part of the bots that have them (botpress-today.md §2).

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    Filter, NewPackage, Package, PackageKind, PackagePatch, Summary, create::create_in_tx, delete,
    list, rows, update::update_in_tx,
};
use crate::{
    domain::{
        bots::definitions::{Named, PluginDefinition, PluginDefinitionPatch, PluginDependency},
        shared::paging::{Page, PageToken},
        tenancy::{
            account_call::AccountContext, app::App, members::Role, request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{PackageId, WorkspaceId},
    },
};

const KIND: PackageKind = PackageKind::Plugin;

/// One version of a plugin.
pub type Plugin = Package<PluginDefinition>;

/// The code of a plugin. Absent parts stay as they are in an update.
#[derive(Debug, Clone, Default)]
pub struct PluginCode {
    /// Code for Node.js: a CommonJS bundle.
    pub node: Option<String>,
    /// Code for browsers: an ES module.
    pub browser: Option<String>,
}

/// The platform that a part of the code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Node.js.
    Node,
    /// Browsers.
    Browser,
}

/// Creates a version of a plugin in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `InvalidIdentifier`, `Invalid`, `ReferenceNotFound` for a dependency that the
/// workspace cannot use, `Conflict` if the name and version are taken or another workspace has published the name,
/// `LimitExceeded`, or errors of the store.
pub async fn create(
    call: &RequestContext,
    new: NewPackage,
    definition: PluginDefinition,
    code: PluginCode,
) -> Result<Plugin> {
    call.require_role(Role::Developer)?;
    definition.check()?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let id = create_in_tx(tx, workspace, KIND, &new, &definition)?;
            let plugin: Plugin = rows::load(tx.conn, workspace, KIND, &id)?;
            write_dependencies(tx, workspace, &plugin)?;
            write_code(tx, plugin.seq, &code)?;
            Ok(plugin)
        })
        .await
}

/// Makes the bots that have a plugin read its definition again.
const CHANGE_BOTS: &str = "
    UPDATE bots SET revision = revision + 1
    WHERE agent_seq IN (SELECT agent_seq FROM bot_plugins WHERE package_seq = :seq)";

/// Updates a version of a plugin in the workspace of the call, in every bot that has it.
///
/// # Errors
/// `NotFound`, and as [`create`].
pub async fn update(
    call: &RequestContext,
    id: PackageId,
    patch: PackagePatch,
    (definition, code): (PluginDefinitionPatch, PluginCode),
) -> Result<Plugin> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let plugin = update_in_tx(tx, workspace, (KIND, &id), &patch, |was| {
                definition.apply(was);
                PluginDefinition::check(was)
            })?;
            write_dependencies(tx, workspace, &plugin)?;
            write_code(tx, plugin.seq, &code)?;
            tx.conn
                .prepare_cached(CHANGE_BOTS)?
                .execute(named_params! {":seq": plugin.seq})?;
            Ok(plugin)
        })
        .await
}

const SET_CODE: &str = "
    INSERT INTO plugin_code (package_seq, node, browser)
    VALUES (:seq, coalesce(:node, ''), coalesce(:browser, ''))
    ON CONFLICT (package_seq) DO UPDATE SET
        node = coalesce(:node, node), browser = coalesce(:browser, browser)";

fn write_code(tx: &WriteTx<'_>, seq: i64, code: &PluginCode) -> Result<()> {
    tx.conn.prepare_cached(SET_CODE)?.execute(named_params! {
        ":seq": seq, ":node": code.node, ":browser": code.browser,
    })?;
    Ok(())
}

const DELETE_INTERFACES: &str = "DELETE FROM plugin_interfaces WHERE package_seq = :seq";

const INSERT_INTERFACE: &str = "
    INSERT INTO plugin_interfaces (package_seq, alias, interface_id)
    VALUES (:seq, :alias, :interface_id)";

/// Checks the dependencies of a plugin, and writes the rows by which interfaces find it.
fn write_dependencies(tx: &WriteTx<'_>, workspace: &WorkspaceId, plugin: &Plugin) -> Result<()> {
    let dependencies = &plugin.definition.dependencies;
    require_usable(
        tx.conn,
        INTERFACE_IS_USABLE,
        workspace,
        "Interface",
        &dependencies.interfaces,
    )?;
    let integrations = &dependencies.integrations;
    require_usable(
        tx.conn,
        INTEGRATION_IS_USABLE,
        workspace,
        "Integration",
        integrations,
    )?;
    tx.conn
        .prepare_cached(DELETE_INTERFACES)?
        .execute(named_params! {":seq": plugin.seq})?;
    let mut statement = tx.conn.prepare_cached(INSERT_INTERFACE)?;
    for (alias, dependency) in &dependencies.interfaces {
        statement.execute(named_params! {
            ":seq": plugin.seq, ":alias": alias, ":interface_id": dependency.id,
        })?;
    }
    Ok(())
}

const INTERFACE_IS_USABLE: &str = "
    SELECT 1 FROM packages
    WHERE id = :id AND kind = 'interface'
      AND (workspace_id = :workspace_id OR visibility <> 'private')";

const INTEGRATION_IS_USABLE: &str = "
    SELECT 1 FROM integrations WHERE id = :id AND (workspace_id = :workspace_id OR public = 1)";

fn require_usable(
    conn: &Connection,
    sql: &str,
    workspace: &WorkspaceId,
    label: &str,
    dependencies: &Named<PluginDependency>,
) -> Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    for dependency in dependencies.values() {
        let id = &dependency.id;
        if !statement.exists(named_params! {":id": id, ":workspace_id": workspace})? {
            let text = format!("{label} \"{id}\" not found");
            return Err(Error::new(Kind::ReferenceNotFound, text));
        }
    }
    Ok(())
}

/// Deletes a version of a plugin in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `InUse` while a bot has it, or errors of the store.
pub async fn delete(call: &RequestContext, id: PackageId) -> Result<()> {
    delete::delete(call, KIND, id).await
}

/// Returns the plugin with this id in the workspace of the call.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find(call: &RequestContext, id: &PackageId) -> Result<Plugin> {
    rows::find(call, KIND, id)
}

/// Returns the plugin with this name in the workspace of the call; `version` is a version, `latest` or a range.
///
/// # Errors
/// `Invalid` if `version` is none of them, `NotFound`, or errors of the store.
pub fn find_by_name(call: &RequestContext, name: &str, version: &str) -> Result<Plugin> {
    rows::find_by_name(call, KIND, (name, version))
}

/// Returns the public plugin with this id.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_public(call: &AccountContext, id: &PackageId) -> Result<Plugin> {
    rows::find_public(call, KIND, id)
}

/// Returns the public plugin with this name, as [`find_by_name`].
///
/// # Errors
/// As [`find_by_name`].
pub fn find_public_by_name(call: &AccountContext, name: &str, version: &str) -> Result<Plugin> {
    rows::find_public_by_name(call, KIND, (name, version))
}

const CODE: &str = "SELECT node, browser FROM plugin_code WHERE package_seq = :seq";

/// Returns the code of a plugin that the caller has found.
///
/// # Errors
/// Errors of the store.
pub fn load_code(app: &App, plugin: &Plugin, platform: Platform) -> Result<String> {
    let column = match platform {
        Platform::Node => 0,
        Platform::Browser => 1,
    };
    let found = app.store().read(|conn| {
        let mut statement = conn.prepare_cached(CODE)?;
        let found = statement.query_row(named_params! {":seq": plugin.seq}, |row| row.get(column));
        Ok(found.optional()?)
    })?;
    Ok(found.unwrap_or_default())
}

/// Lists the plugins of the workspace of the call, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    list::list(call, KIND, filter, after).await
}

/// Lists the public plugins of every workspace, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list_public(
    call: &AccountContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    list::list_public(call, KIND, filter, after).await
}
