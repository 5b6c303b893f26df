//! Reads packages from their rows.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};
use serde::de::DeserializeOwned;

use super::{Package, PackageKind};
use crate::{
    domain::{
        bots::versions,
        tenancy::{account_call::AccountContext, app::App, request_auth::RequestContext},
    },
    kernel::{
        Error, Result,
        ids::{PackageId, WorkspaceId},
    },
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, name, version, visibility, built_in, title, description, ",
            "definition, readme IS NOT NULL AS has_readme, created_at, updated_at, seq ",
            "FROM packages WHERE kind = :kind AND ",
            $rest
        )
    };
}

const FIND: &str = select!("id = :id AND workspace_id = :workspace_id");

const BY_NAME: &str = select!(
    "workspace_id = :workspace_id AND name = :name
       AND (version = :version OR :version = 'latest')
     ORDER BY version_order DESC LIMIT 1"
);

const VERSIONS: &str = "
    SELECT version FROM packages
    WHERE kind = :kind AND workspace_id = :workspace_id AND name = :name";

const PUBLIC: &str = select!("id = :id AND visibility <> 'private'");

const PUBLIC_BY_NAME: &str = select!(
    "visibility <> 'private' AND name = :name AND built_in = :built_in
       AND (version = :version OR :version = 'latest')
     ORDER BY version_order DESC LIMIT 1"
);

const PUBLIC_VERSIONS: &str = "
    SELECT version FROM packages
    WHERE kind = :kind AND visibility <> 'private' AND name = :name AND built_in = :built_in";

const BY_ID: &str = select!("id = :id");

const SHIPPED: &str = select!("id = :id AND built_in");

const USABLE: &str =
    select!("id = :id AND (workspace_id = :workspace_id OR visibility <> 'private')");

/// Returns the package with this id in the workspace of the call.
pub(super) fn find<D: DeserializeOwned>(
    call: &RequestContext,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Package<D>> {
    let store = call.app().store();
    store.read(|conn| load(conn, call.workspace(), kind, id))
}

/// Returns the package with this name and version in the workspace of the call: the newest version for `latest`, the
/// highest matching version for a range.
pub(super) fn find_by_name<D: DeserializeOwned>(
    call: &RequestContext,
    kind: PackageKind,
    (name, version): (&str, &str),
) -> Result<Package<D>> {
    let workspace = call.workspace();
    let found = call.app().store().read(|conn| {
        let find = |version: &str| {
            let parameters = named_params! {
                ":kind": kind, ":workspace_id": workspace, ":name": name, ":version": version,
            };
            query_one(conn, BY_NAME, parameters)
        };
        let of_name = named_params! {":kind": kind, ":workspace_id": workspace, ":name": name};
        versions::find_version(version, find, || {
            versions::read_versions(conn, VERSIONS, of_name)
        })
    })?;
    found.ok_or_else(|| version_not_found(kind, name, version))
}

/// Returns the public package with this id.
pub(super) fn find_public<D: DeserializeOwned>(
    call: &AccountContext,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Package<D>> {
    let parameters = named_params! {":kind": kind, ":id": id};
    let store = call.app().store();
    let found = store.read(|conn| query_one(conn, PUBLIC, parameters))?;
    found.ok_or_else(|| not_found(kind, id))
}

/// Returns the public package with this name and version, as [`find_by_name`]. A published one precedes the server's
/// own, even if its version is lower.
pub(super) fn find_public_by_name<D: DeserializeOwned>(
    call: &AccountContext,
    kind: PackageKind,
    (name, version): (&str, &str),
) -> Result<Package<D>> {
    let found = call.app().store().read(|conn| {
        for built_in in [false, true] {
            let find = |version: &str| {
                let parameters = named_params! {
                    ":kind": kind, ":name": name, ":version": version, ":built_in": built_in,
                };
                query_one(conn, PUBLIC_BY_NAME, parameters)
            };
            let of_name = named_params! {":kind": kind, ":name": name, ":built_in": built_in};
            let found = versions::find_version(version, find, || {
                versions::read_versions(conn, PUBLIC_VERSIONS, of_name)
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    })?;
    found.ok_or_else(|| version_not_found(kind, name, version))
}

/// Loads the package with this id in the workspace, or returns `NotFound`.
pub(super) fn load<D: DeserializeOwned>(
    conn: &Connection,
    workspace: &WorkspaceId,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Package<D>> {
    let parameters = named_params! {":kind": kind, ":id": id, ":workspace_id": workspace};
    query_one(conn, FIND, parameters)?.ok_or_else(|| not_found(kind, id))
}

/// Finds the package with this id if the workspace can use it: an own or a public one.
pub(in crate::domain) fn find_usable<D: DeserializeOwned>(
    conn: &Connection,
    workspace: &WorkspaceId,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Option<Package<D>>> {
    let parameters = named_params! {":kind": kind, ":id": id, ":workspace_id": workspace};
    query_one(conn, USABLE, parameters)
}

/// Finds the package with this id, whatever its workspace. For plugins that a bot has.
pub(in crate::domain) fn find_any<D: DeserializeOwned>(
    conn: &Connection,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Option<Package<D>>> {
    query_one(conn, BY_ID, named_params! {":kind": kind, ":id": id})
}

/// Finds the package with this id if it is one of the server's own.
pub(super) fn find_shipped<D: DeserializeOwned>(
    conn: &Connection,
    kind: PackageKind,
    id: &PackageId,
) -> Result<Option<Package<D>>> {
    query_one(conn, SHIPPED, named_params! {":kind": kind, ":id": id})
}

/// Finds the package with this name and version in the workspace.
pub(super) fn find_version<D: DeserializeOwned>(
    conn: &Connection,
    workspace: &WorkspaceId,
    kind: PackageKind,
    (name, version): (&str, &str),
) -> Result<Option<Package<D>>> {
    let parameters = named_params! {
        ":kind": kind, ":workspace_id": workspace, ":name": name, ":version": version,
    };
    query_one(conn, BY_NAME, parameters)
}

fn query_one<D: DeserializeOwned>(
    conn: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Option<Package<D>>> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(parameters, |row| Ok(from_row(row)))
        .optional()?;
    found.transpose()
}

fn not_found(kind: PackageKind, id: &PackageId) -> Error {
    Error::not_found(format!("{} \"{id}\" not found", kind.label()))
}

fn version_not_found(kind: PackageKind, name: &str, version: &str) -> Error {
    Error::not_found(format!("{} \"{name}@{version}\" not found", kind.label()))
}

fn from_row<D: DeserializeOwned>(row: &Row<'_>) -> Result<Package<D>> {
    let definition: String = row.get("definition")?;
    Ok(Package {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        visibility: row.get("visibility")?,
        built_in: row.get("built_in")?,
        title: row.get("title")?,
        description: row.get("description")?,
        definition: serde_json::from_str(&definition)
            .map_err(|error| Error::internal("a stored definition cannot be read", error))?,
        has_readme: row.get("has_readme")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
    })
}

const ICON: &str = "SELECT icon FROM packages WHERE id = :id";

const README: &str = "SELECT readme FROM packages WHERE id = :id";

/// Returns the icon of a package, if it has one. The id is the only access check.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_icon(app: &App, id: &PackageId) -> Result<Option<Vec<u8>>> {
    app.store().read(|conn| read_file_column(conn, ICON, id))
}

/// Returns the readme of a package, if it has one. The id is the only access check.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_readme(app: &App, id: &PackageId) -> Result<Option<Vec<u8>>> {
    app.store().read(|conn| read_file_column(conn, README, id))
}

fn read_file_column(conn: &Connection, sql: &str, id: &PackageId) -> Result<Option<Vec<u8>>> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":id": id}, |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| Error::not_found(format!("Package \"{id}\" not found")))
}
