//! Interfaces: what integrations implement (botpress-today.md §1).

use super::{
    Filter, NewPackage, Package, PackageKind, PackagePatch, Summary, Visibility,
    create::create_in_tx, delete, list, rows, update::update_in_tx,
};
use crate::{
    domain::{
        bots::definitions::{InterfaceDefinition, InterfaceDefinitionPatch},
        shared::paging::{Page, PageToken},
        tenancy::{
            account_call::AccountContext, members::Role, request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Result,
        ids::{PackageId, WorkspaceId},
    },
};

const KIND: PackageKind = PackageKind::Interface;

/// One version of an interface.
pub type Interface = Package<InterfaceDefinition>;

/// Creates a version of an interface in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `InvalidIdentifier`, `Invalid`, `Conflict` if the name and version are taken
/// or another workspace has published the name, `LimitExceeded`, or errors of the store.
pub async fn create(
    call: &RequestContext,
    new: NewPackage,
    definition: InterfaceDefinition,
) -> Result<Interface> {
    call.require_role(Role::Developer)?;
    definition.check()?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let id = create_in_tx(tx, workspace, KIND, &new, &definition)?;
            rows::load(tx.conn, workspace, KIND, &id)
        })
        .await
}

/// Updates a version of an interface in the workspace of the call. Integrations that implement it stay as they are. An
/// update of one of the server's own creates a copy in the workspace, or updates the one that it has.
///
/// # Errors
/// `NotFound`, and as [`create`].
pub async fn update(
    call: &RequestContext,
    id: PackageId,
    patch: PackagePatch,
    definition: InterfaceDefinitionPatch,
) -> Result<Interface> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let id = find_or_copy(tx, workspace, id)?;
            update_in_tx(tx, workspace, (KIND, &id), &patch, |was| {
                definition.apply(was);
                was.check()
            })
        })
        .await
}

/// Returns the id, or that of the workspace's own version if the id is one of the server's own.
// wire: the vendor's CLI finds the server's own in the Hub and updates it by that id. The copy is private until an
// update makes it public (botpress-today.md §0.4)
fn find_or_copy(tx: &WriteTx<'_>, workspace: &WorkspaceId, id: PackageId) -> Result<PackageId> {
    let Some(shipped): Option<Interface> = rows::find_shipped(tx.conn, KIND, &id)? else {
        return Ok(id);
    };
    let version = (shipped.name.as_str(), shipped.version.as_str());
    let own: Option<Interface> = rows::find_version(tx.conn, workspace, KIND, version)?;
    if let Some(own) = own {
        return Ok(own.id);
    }
    let new = NewPackage {
        name: shipped.name,
        version: shipped.version,
        visibility: Visibility::Private,
        title: Some(shipped.title),
        description: shipped.description,
        icon: None,
        readme: None,
    };
    create_in_tx(tx, workspace, KIND, &new, &shipped.definition)
}

/// Deletes a version of an interface in the workspace of the call.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `InUse` while an integration implements it, or errors of the
/// store.
pub async fn delete(call: &RequestContext, id: PackageId) -> Result<()> {
    delete::delete(call, KIND, id).await
}

/// Returns the interface with this id in the workspace of the call.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find(call: &RequestContext, id: &PackageId) -> Result<Interface> {
    rows::find(call, KIND, id)
}

/// Returns the interface with this name in the workspace of the call; `version` is a version, `latest` or a range.
///
/// # Errors
/// `Invalid` if `version` is none of them, `NotFound`, or errors of the store.
pub fn find_by_name(call: &RequestContext, name: &str, version: &str) -> Result<Interface> {
    rows::find_by_name(call, KIND, (name, version))
}

/// Returns the public interface with this id.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_public(call: &AccountContext, id: &PackageId) -> Result<Interface> {
    rows::find_public(call, KIND, id)
}

/// Returns the public interface with this name, as [`find_by_name`]. A published one precedes the server's own.
///
/// # Errors
/// As [`find_by_name`].
pub fn find_public_by_name(call: &AccountContext, name: &str, version: &str) -> Result<Interface> {
    rows::find_public_by_name(call, KIND, (name, version))
}

/// Lists the interfaces of the workspace of the call, newest first.
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

/// Lists the public interfaces of every workspace, newest first.
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
