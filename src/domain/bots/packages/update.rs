//! Updates versions of packages.

use rusqlite::named_params;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Package, PackageKind, Visibility,
    create::{refuse_published_name, to_json},
    rows,
};
use crate::{
    domain::{
        bots::package_files::check_icon_and_readme,
        tenancy::{
            audit::{self, NewAuditRecord},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Result,
        ids::{PackageId, WorkspaceId},
    },
};

/// Changes to a version of a package, beside its definition. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct PackagePatch {
    /// Workspaces that can use it.
    pub visibility: Option<Visibility>,
    /// Display name.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Icon: SVG.
    pub icon: Option<Vec<u8>>,
    /// Readme: Markdown.
    pub readme: Option<Vec<u8>>,
}

const UPDATE: &str = "
    UPDATE packages SET
        visibility = :visibility, title = :title, description = :description,
        definition = :definition, icon = coalesce(:icon, icon), readme = coalesce(:readme, readme),
        updated_at = :now
    WHERE seq = :seq";

/// Updates a version of a package in a write transaction. `apply` changes and checks its definition.
///
/// # Errors
/// `NotFound`, `Conflict` if another workspace has published the name, `Invalid`, errors of `apply`, or errors of the
/// store.
pub(super) fn update_in_tx<D: Serialize + DeserializeOwned>(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    (kind, id): (PackageKind, &PackageId),
    patch: &PackagePatch,
    apply: impl FnOnce(&mut D) -> Result<()>,
) -> Result<Package<D>> {
    let mut package: Package<D> = rows::load(tx.conn, workspace, kind, id)?;
    check_icon_and_readme(patch.icon.as_deref(), patch.readme.as_deref())?;
    apply(&mut package.definition)?;
    let visibility = patch.visibility.unwrap_or(package.visibility);
    if visibility.is_public() && !package.visibility.is_public() {
        refuse_published_name(tx.conn, workspace, kind, &package.name)?;
    }
    tx.conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": package.seq,
        ":visibility": visibility,
        ":title": patch.title.as_ref().unwrap_or(&package.title),
        ":description": patch.description.as_ref().unwrap_or(&package.description),
        ":definition": to_json(&package.definition)?,
        ":icon": patch.icon,
        ":readme": patch.readme,
        ":now": tx.now,
    })?;
    let [_, action, _] = kind.audit_actions();
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: id.as_str(),
            resource_name: Some(&package.name),
        },
    )?;
    rows::load(tx.conn, workspace, kind, id)
}
