//! Ownership of integration names. The first workspace that publishes a name owns it for good, even without
//! versions and after the workspace is closed. An unpublished name belongs to the first workspace that uses
//! it. A name that begins with the handle of a workspace and a slash belongs to that workspace only.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{
    domain::{
        bots::package_names::{check_name, refuse_foreign_prefix},
        tenancy::{
            audit::{self, NewAuditRecord},
            bounds::Bound,
            workspaces,
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

const BOUND: Bound = Bound {
    owner_label: "A workspace",
    items_label: "names of integrations",
    setting: "integration_names",
    limit: |bounds| bounds.integration_names,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM integration_names WHERE workspace_id = ?1",
};

/// A name and its owner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NameOwner {
    /// Name.
    pub name: String,
    /// Workspace that owns the name; it may be closed.
    pub workspace_id: WorkspaceId,
    /// True if the name was published, which makes the ownership permanent.
    pub published: bool,
}

const FIND: &str = "SELECT name, workspace_id, published FROM integration_names WHERE name = :name";

fn find(conn: &Connection, name: &str) -> Result<Option<NameOwner>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":name": name}, from_row);
    Ok(found.optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<NameOwner> {
    Ok(NameOwner {
        name: row.get("name")?,
        workspace_id: row.get("workspace_id")?,
        published: row.get("published")?,
    })
}

/// Returns the workspace that a name refers to if nothing else identifies the workspace.
pub(in crate::domain) fn find_owner(conn: &Connection, name: &str) -> Result<Option<WorkspaceId>> {
    Ok(find(conn, name)?.map(|found| found.workspace_id))
}

const UPSERT: &str = "
    INSERT INTO integration_names (name, workspace_id, published)
    VALUES (:name, :workspace_id, :published)
    ON CONFLICT (name) DO UPDATE SET
        workspace_id = excluded.workspace_id, published = excluded.published";

fn upsert(tx: &WriteTx<'_>, workspace: &WorkspaceId, name: &str, published: bool) -> Result<()> {
    tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":name": name, ":workspace_id": workspace, ":published": published,
    })?;
    Ok(())
}

/// Makes a workspace the permanent owner of a name, and writes a warning to the log of the previous owner.
fn assign_permanently(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    name: &str,
    known: Option<NameOwner>,
) -> Result<()> {
    upsert(tx, workspace, name, true)?;
    match known {
        Some(known) if known.workspace_id != *workspace => {
            warn_previous_owner(tx, &known.workspace_id, name)
        }
        _ => Ok(()),
    }
}

/// Claims a name for a workspace that publishes it. An owner that has not published it gets a warning in its
/// log.
///
/// # Errors
/// `Conflict` if another workspace owns the name or the handle before its slash; `LimitExceeded` if the
/// workspace has too many names; errors of the store.
pub(super) fn publish(tx: &WriteTx<'_>, workspace: &WorkspaceId, name: &str) -> Result<()> {
    let known = find(tx.conn, name)?;
    match &known {
        Some(known) if known.published && known.workspace_id == *workspace => return Ok(()),
        Some(known) if known.published => {
            let text = format!("The name {name} belongs to another workspace");
            return Err(Error::new(Kind::Conflict, text));
        }
        _ => {}
    }
    refuse_foreign_prefix(tx.conn, name, workspace)?;
    if known
        .as_ref()
        .is_none_or(|known| known.workspace_id != *workspace)
    {
        BOUND.require(tx, workspace.as_str())?;
    }
    assign_permanently(tx, workspace, name, known)
}

/// Reserves a name for a workspace if nobody owns it. Over the limit of names, it reserves nothing: the
/// installations still receive requests at their own webhook addresses.
///
/// # Errors
/// `Conflict` if the name begins with the handle of another workspace, or errors of the store.
pub(super) fn reserve(tx: &WriteTx<'_>, workspace: &WorkspaceId, name: &str) -> Result<()> {
    refuse_foreign_prefix(tx.conn, name, workspace)?;
    if find(tx.conn, name)?.is_some() {
        return Ok(());
    }
    match BOUND.require(tx, workspace.as_str()) {
        Ok(()) => upsert(tx, workspace, name, false),
        Err(error) if error.kind() == Kind::LimitExceeded => Ok(()),
        Err(error) => Err(error),
    }
}

const UNPUBLISH: &str = "
    UPDATE integrations SET public = 0
    WHERE name = :name AND public = 1 AND workspace_id <> :workspace_id";

/// Takes a name for an integration that is built into the program, and unpublishes the versions of others.
pub(super) fn take_for_built_in(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    name: &str,
) -> Result<()> {
    let known = find(tx.conn, name)?;
    tx.conn
        .prepare_cached(UNPUBLISH)?
        .execute(named_params! {":name": name, ":workspace_id": workspace})?;
    assign_permanently(tx, workspace, name, known)
}

const WARN_PREVIOUS_OWNER: &str = "
    INSERT INTO integration_logs (integration_seq, at, level, message)
    SELECT seq, :now, 'warn', :message FROM integrations
    WHERE workspace_id = :workspace_id AND name = :name ORDER BY version_order DESC LIMIT 1";

/// Warns a workspace, in the log of its newest version of the name, that it lost the name.
fn warn_previous_owner(tx: &WriteTx<'_>, workspace: &WorkspaceId, name: &str) -> Result<()> {
    let message = format!(
        "Another workspace has published the name {name}: the webhook shared by its installations is \
         now at /webhook/integration/workspace/{workspace}/{name}"
    );
    tx.conn
        .prepare_cached(WARN_PREVIOUS_OWNER)?
        .execute(named_params! {
            ":now": tx.now, ":message": message, ":workspace_id": workspace, ":name": name,
        })?;
    Ok(())
}

/// Passes unpublished names on to the next workspace that uses them. Skips names with a slash: the handle of
/// the closed workspace may have kept others from them.
const PASS_ON: &str = "
    UPDATE integration_names SET workspace_id = (
        SELECT workspace_id FROM integrations
        WHERE integrations.name = integration_names.name AND workspace_id <> :id
        ORDER BY seq LIMIT 1)
    WHERE workspace_id = :id AND NOT published AND instr(name, '/') = 0 AND EXISTS (
        SELECT 1 FROM integrations
        WHERE integrations.name = integration_names.name AND workspace_id <> :id)";

const RELEASE: &str = "DELETE FROM integration_names WHERE workspace_id = :id AND NOT published";

const UNPUBLISH_ALL: &str =
    "UPDATE integrations SET public = 0 WHERE workspace_id = :id AND public = 1";

/// Unpublishes the integrations of a workspace that is being closed, and passes on or releases its
/// unpublished names. It keeps its published names.
pub(in crate::domain) fn release_names(tx: &WriteTx<'_>, workspace: &WorkspaceId) -> Result<()> {
    for sql in [PASS_ON, RELEASE, UNPUBLISH_ALL] {
        tx.conn
            .prepare_cached(sql)?
            .execute(named_params! {":id": workspace})?;
    }
    Ok(())
}

const LIST: &str = "SELECT name, workspace_id, published FROM integration_names ORDER BY name";

/// Lists all names and their owners, sorted by name. Only for the operator.
///
/// # Errors
/// Errors of the store.
pub fn list_names(conn: &Connection) -> Result<Vec<NameOwner>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const PUBLISHED_BY_OTHERS: &str = "
    SELECT 1 FROM integrations
    WHERE name = :name AND public = 1 AND workspace_id <> :workspace_id";

/// Gives a name to a workspace, as if it had published the name first. Only for the operator.
///
/// # Errors
/// `InvalidIdentifier` for an invalid name, `NotFound` for an unknown workspace, `RelationConflict` while
/// another workspace has public versions of the name, `Conflict` if the workspace already owns it, or errors
/// of the store.
pub fn give_name(tx: &WriteTx<'_>, name: &str, workspace: &WorkspaceId) -> Result<NameOwner> {
    check_name(name)?;
    let found = workspaces::find(tx.conn, workspace)?;
    let parameters = named_params! {":name": name, ":workspace_id": workspace};
    let mut statement = tx.conn.prepare_cached(PUBLISHED_BY_OTHERS)?;
    if statement.exists(parameters)? {
        let text = format!("Another workspace has public versions of {name}: delete or hide them");
        return Err(Error::new(Kind::RelationConflict, text));
    }
    let known = find(tx.conn, name)?;
    let is_theirs = |known: &NameOwner| known.published && known.workspace_id == *workspace;
    if known.as_ref().is_some_and(is_theirs) {
        let text = format!("The name {name} belongs to that workspace already");
        return Err(Error::new(Kind::Conflict, text));
    }
    assign_permanently(tx, workspace, name, known)?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "integration.give_name",
            resource_id: name,
            resource_name: Some(&found.name),
        },
    )?;
    Ok(NameOwner {
        name: name.to_owned(),
        workspace_id: workspace.clone(),
        published: true,
    })
}
