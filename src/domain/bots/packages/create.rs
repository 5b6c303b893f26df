//! Creates versions of packages.

use rusqlite::{Connection, named_params};
use serde::Serialize;

use super::{PackageKind, Visibility};
use crate::{
    domain::{
        bots::{
            package_files::check_icon_and_readme,
            package_names::{check_name, refuse_foreign_prefix},
            versions,
        },
        tenancy::{
            audit::{self, NewAuditRecord},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        ids::{PackageId, WorkspaceId},
    },
};

/// Maximum size of a definition, in bytes of JSON.
const MAX_DEFINITION_BYTES: usize = 1 << 20;

/// The properties of a new version of a package, beside its definition.
#[derive(Debug, Clone)]
pub struct NewPackage {
    /// Name: letters, digits and `-`, `_`, `/`.
    pub name: String,
    /// Version: three numbers, `1.2.3`.
    pub version: String,
    /// Workspaces that can use it.
    pub visibility: Visibility,
    /// Display name; the name if absent.
    pub title: Option<String>,
    /// Description.
    pub description: String,
    /// Icon: SVG.
    pub icon: Option<Vec<u8>>,
    /// Readme: Markdown.
    pub readme: Option<Vec<u8>>,
}

const INSERT: &str = "
    INSERT INTO packages
        (id, workspace_id, kind, name, version, version_order, visibility, title,
         description, definition, icon, readme, created_at, updated_at)
    VALUES
        (:id, :workspace_id, :kind, :name, :version, :version_order, :visibility, :title,
         :description, :definition, :icon, :readme, :now, :now)
    ON CONFLICT DO NOTHING";

/// Creates a version of a package inside a write transaction, and returns its id. The caller has checked the
/// definition.
///
/// # Errors
/// `InvalidIdentifier`, `Invalid`, `Conflict` if the name and version are taken or another workspace has published the
/// name, `LimitExceeded`, or errors of the store.
pub(super) fn create_in_tx(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    kind: PackageKind,
    new: &NewPackage,
    definition: &impl Serialize,
) -> Result<PackageId> {
    check_name(&new.name)?;
    let version_order = versions::sort_key(&new.version)?;
    check_icon_and_readme(new.icon.as_deref(), new.readme.as_deref())?;
    refuse_foreign_prefix(tx.conn, &new.name, workspace)?;
    kind.bound().require(tx, workspace.as_str())?;
    if new.visibility.is_public() {
        refuse_published_name(tx.conn, workspace, kind, &new.name)?;
    }
    let id = PackageId::new_uuid();
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":workspace_id": workspace,
        ":kind": kind,
        ":name": new.name,
        ":version": new.version,
        ":version_order": version_order,
        ":visibility": new.visibility,
        ":title": new.title.as_deref().unwrap_or(&new.name),
        ":description": new.description,
        ":definition": to_json(definition)?,
        ":icon": new.icon,
        ":readme": new.readme,
        ":now": tx.now,
    })?;
    if added == 0 {
        let text = format!(
            "{} {}@{} exists already",
            kind.label(),
            new.name,
            new.version
        );
        return Err(Error::new(Kind::Conflict, text));
    }
    let [action, ..] = kind.audit_actions();
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: id.as_str(),
            resource_name: Some(&new.name),
        },
    )?;
    Ok(id)
}

const PUBLISHED_BY_OTHERS: &str = "
    SELECT 1 FROM packages
    WHERE kind = :kind AND name = :name AND visibility <> 'private' AND NOT built_in
      AND workspace_id <> :workspace_id";

/// Rejects a name of which another workspace has public versions, because ranges and `latest` select among all of
/// them.
pub(super) fn refuse_published_name(
    conn: &Connection,
    workspace: &WorkspaceId,
    kind: PackageKind,
    name: &str,
) -> Result<()> {
    let mut statement = conn.prepare_cached(PUBLISHED_BY_OTHERS)?;
    let parameters = named_params! {":kind": kind, ":name": name, ":workspace_id": workspace};
    if statement.exists(parameters)? {
        let text = format!("Another workspace has published the {kind} {name}");
        return Err(Error::new(Kind::Conflict, text));
    }
    Ok(())
}

/// Returns a definition as it is stored. Its size is limited, because a bot's definitions are read together.
pub(super) fn to_json(definition: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(definition)
        .map_err(|error| Error::internal("a definition cannot be serialized", error))?;
    if text.len() > MAX_DEFINITION_BYTES {
        let text = format!("A definition can have {MAX_DEFINITION_BYTES} bytes of JSON");
        return Err(Error::new(Kind::LimitExceeded, text));
    }
    Ok(text)
}
