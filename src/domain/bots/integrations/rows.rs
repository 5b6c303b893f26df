//! Reads integrations from their rows.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};

use super::Integration;
use crate::{
    domain::{
        bots::versions,
        tenancy::{account_call::AccountContext, request_auth::RequestContext},
    },
    kernel::{
        Error, Result,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// Returns the integration with this id in the workspace of the call.
///
/// # Errors
/// `NotFound` if there is no such integration, or errors of the store.
pub fn find(call: &RequestContext, id: &IntegrationId) -> Result<Integration> {
    call.app()
        .store()
        .read(|conn| load(conn, call.workspace(), id))
}

/// Returns the integration with this name and version in the workspace of the call: the newest version for
/// `latest`, the highest matching version for a range. Only its id finds an integration in development.
///
/// # Errors
/// `Invalid` if `version` is neither a version nor a range, `NotFound`, or errors of the store.
pub fn find_by_name(call: &RequestContext, name: &str, version: &str) -> Result<Integration> {
    let workspace = call.workspace();
    let found = call.app().store().read(|conn| {
        let find = |version: &str| {
            let parameters = named_params! {
                ":workspace_id": workspace, ":name": name, ":version": version,
            };
            query_one(conn, BY_NAME, parameters)
        };
        let of_name = named_params! {":workspace_id": workspace, ":name": name};
        versions::find_version(version, find, || {
            versions::read_versions(conn, VERSIONS, of_name)
        })
    })?;
    found.ok_or_else(|| version_not_found(name, version))
}

/// Returns the public integration with this id.
///
/// # Errors
/// `NotFound` if there is no such integration, or errors of the store.
pub fn find_public(call: &AccountContext, id: &IntegrationId) -> Result<Integration> {
    let found = call
        .app()
        .store()
        .read(|conn| query_one(conn, PUBLIC, named_params! {":id": id}))?;
    let found = found.ok_or_else(|| not_found(id))?;
    Ok(without_secrets(found))
}

/// Returns the public integration with this name and version: the newest version for `latest`, the highest
/// matching version for a range.
///
/// # Errors
/// `Invalid` if `version` is neither a version nor a range, `NotFound`, or errors of the store.
pub fn find_public_by_name(
    call: &AccountContext,
    name: &str,
    version: &str,
) -> Result<Integration> {
    let found = call.app().store().read(|conn| {
        let find = |version: &str| {
            let parameters = named_params! {":name": name, ":version": version};
            query_one(conn, PUBLIC_BY_NAME, parameters)
        };
        let of_name = named_params! {":name": name};
        versions::find_version(version, find, || {
            versions::read_versions(conn, PUBLIC_VERSIONS, of_name)
        })
    })?;
    let found = found.ok_or_else(|| version_not_found(name, version))?;
    Ok(without_secrets(found))
}

/// Removes the members that only the owning workspace may see.
fn without_secrets(integration: Integration) -> Integration {
    Integration {
        secrets: Vec::new(),
        ..integration
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, name, version, public, unlisted, dev, title, description, definition, ",
            "url, readme IS NOT NULL AS has_readme, verification, created_at, updated_at, seq, ",
            "(SELECT json_group_array(name ORDER BY name) FROM integration_secrets ",
            "WHERE integration_seq = integrations.seq) AS secrets FROM integrations ",
            $rest
        )
    };
}

const FIND: &str = select!("WHERE id = :id AND workspace_id = :workspace_id");

const BY_NAME: &str = select!(
    "WHERE workspace_id = :workspace_id AND name = :name AND NOT dev
       AND (version = :version OR :version = 'latest')
     ORDER BY version_order DESC LIMIT 1"
);

const VERSIONS: &str = "
    SELECT version FROM integrations
    WHERE workspace_id = :workspace_id AND name = :name AND NOT dev";

const PUBLIC_VERSIONS: &str = "
    SELECT version FROM integrations
    WHERE public = 1 AND name = :name
      AND workspace_id = (SELECT owned.workspace_id FROM integration_names AS owned
                          WHERE owned.name = :name)";

const PUBLIC: &str = select!("WHERE id = :id AND public = 1");

const PUBLIC_BY_NAME: &str = select!(
    "WHERE public = 1 AND name = :name AND (version = :version OR :version = 'latest')
       AND workspace_id = (SELECT owned.workspace_id FROM integration_names AS owned
                           WHERE owned.name = :name)
     ORDER BY version_order DESC LIMIT 1"
);

const USABLE: &str = select!("WHERE id = :id AND (workspace_id = :workspace_id OR public = 1)");

const BY_SEQ: &str = select!("WHERE seq = :seq");

/// Loads the integration with this id in the workspace, or returns `NotFound`.
pub(in crate::domain) fn load(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &IntegrationId,
) -> Result<Integration> {
    let parameters = named_params! {":id": id, ":workspace_id": workspace};
    query_one(conn, FIND, parameters)?.ok_or_else(|| not_found(id))
}

/// Finds the integration with this id if bots of the workspace can install it: an own or a public one.
pub(in crate::domain) fn find_usable(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &IntegrationId,
) -> Result<Option<Integration>> {
    let parameters = named_params! {":id": id, ":workspace_id": workspace};
    query_one(conn, USABLE, parameters)
}

/// Loads the integration in this row, whatever its workspace. For integrations that a bot has installed.
pub(in crate::domain) fn load_by_seq(conn: &Connection, seq: i64) -> Result<Integration> {
    let found = query_one(conn, BY_SEQ, named_params! {":seq": seq})?;
    found.ok_or_else(|| Error::not_found("Integration not found"))
}

fn query_one(conn: &Connection, sql: &str, parameters: impl Params) -> Result<Option<Integration>> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(parameters, |row| Ok(from_row(row)))
        .optional()?;
    found.transpose()
}

fn not_found(id: &IntegrationId) -> Error {
    Error::not_found(format!("Integration \"{id}\" not found"))
}

fn version_not_found(name: &str, version: &str) -> Error {
    Error::not_found(format!("Integration \"{name}@{version}\" not found"))
}

fn from_row(row: &Row<'_>) -> Result<Integration> {
    let (definition, secrets): (String, String) = (row.get("definition")?, row.get("secrets")?);
    Ok(Integration {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        public: row.get("public")?,
        unlisted: row.get("unlisted")?,
        dev: row.get("dev")?,
        title: row.get("title")?,
        description: row.get("description")?,
        definition: serde_json::from_str(&definition)
            .map_err(|error| Error::internal("a stored definition cannot be read", error))?,
        url: row.get("url")?,
        has_readme: row.get("has_readme")?,
        secrets: serde_json::from_str(&secrets)
            .map_err(|error| Error::internal("names of secrets cannot be read", error))?,
        verification: row.get("verification")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
    })
}
