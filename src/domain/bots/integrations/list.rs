//! Lists the integrations of a workspace, and the public ones.

use rusqlite::{Row, named_params};

use super::Verification;
use crate::{
    domain::{
        bots::versions::VersionFilter,
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::{account_call::AccountContext, request_auth::RequestContext},
    },
    kernel::{
        Result, Timestamp,
        ids::{IntegrationId, WorkspaceId},
    },
    store::Store,
};

/// An entry in a list of integrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Id of the version.
    pub id: IntegrationId,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// True if every workspace can use it.
    pub public: bool,
    /// True if no list has it, although it is public.
    pub unlisted: bool,
    /// State of the verification.
    pub verification: Verification,
    /// Workspace that owns it.
    pub owner: Owner,
    /// Number of bots that have it enabled; at most 10,000 are counted.
    pub installs: i64,
    /// Display name.
    pub title: String,
    /// Description.
    pub description: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    seq: i64,
}

/// The workspace that owns an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Id.
    pub id: WorkspaceId,
    /// Handle.
    pub handle: Option<String>,
    /// Name.
    pub name: String,
}

/// Filters of a list; an absent filter matches all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name.
    pub name: Option<String>,
    /// Version.
    pub version: Option<VersionFilter>,
    /// True for those in development, false for the others.
    pub dev: Option<bool>,
    /// Id of an interface that they implement.
    pub interface_id: Option<String>,
    /// Name of an interface that they implement.
    pub interface_name: Option<String>,
}

const LIST: &str = "
    SELECT i.id, i.name, i.version, i.public, i.unlisted, i.verification, i.title, i.description,
           i.created_at, i.updated_at, i.seq, owner.id AS owner_id, owner.handle AS owner_handle,
           owner.name AS owner_name,
           (SELECT count(*) FROM (
               SELECT 1 FROM bot_integrations
               WHERE bot_integrations.integration_seq = i.seq AND bot_integrations.enabled
               LIMIT 10000)) AS installs
    FROM integrations AS i JOIN workspaces AS owner ON owner.id = i.workspace_id
    WHERE i.workspace_id = :workspace_id AND i.seq < :before
      AND (:name IS NULL OR i.name = :name)
      AND (:version IS NULL OR i.version = :version)
      AND (:dev IS NULL OR i.dev = :dev)
      AND (:interface_id IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq AND implemented.interface_id = :interface_id))
      AND (:interface_name IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq
            AND implemented.interface_name = :interface_name))
      AND (NOT :latest OR (NOT i.dev AND NOT EXISTS (
          SELECT 1 FROM integrations AS newer
          WHERE newer.workspace_id = i.workspace_id AND newer.name = i.name AND NOT newer.dev
            AND newer.version_order > i.version_order)))
    ORDER BY i.seq DESC LIMIT :limit";

const LIST_PUBLIC: &str = "
    SELECT i.id, i.name, i.version, i.public, i.unlisted, i.verification, i.title, i.description,
           i.created_at, i.updated_at, i.seq, owner.id AS owner_id, owner.handle AS owner_handle,
           owner.name AS owner_name,
           (SELECT count(*) FROM (
               SELECT 1 FROM bot_integrations
               WHERE bot_integrations.integration_seq = i.seq AND bot_integrations.enabled
               LIMIT 10000)) AS installs
    FROM integrations AS i JOIN workspaces AS owner ON owner.id = i.workspace_id
    WHERE i.public = 1 AND NOT i.unlisted AND i.seq < :before
      AND (:workspace_id IS NULL OR i.workspace_id = :workspace_id)
      AND (:name IS NULL OR i.name = :name)
      AND (:version IS NULL OR i.version = :version)
      AND (:dev IS NULL OR i.dev = :dev)
      AND (:interface_id IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq AND implemented.interface_id = :interface_id))
      AND (:interface_name IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq
            AND implemented.interface_name = :interface_name))
      AND (NOT :latest OR NOT EXISTS (
          SELECT 1 FROM integrations AS newer
          WHERE newer.public = 1 AND NOT newer.unlisted AND newer.name = i.name AND newer.workspace_id = i.workspace_id
            AND newer.version_order > i.version_order))
    ORDER BY i.seq DESC LIMIT :limit";

/// Lists the integrations of the workspace of the call, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    call: &RequestContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let workspace = Some(call.workspace().to_string());
    list_page(call.app().store(), LIST, workspace, filter, after).await
}

/// Lists the public integrations of every workspace, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list_public(
    call: &AccountContext,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    list_page(call.app().store(), LIST_PUBLIC, None, filter, after).await
}

async fn list_page(
    store: &Store,
    sql: &'static str,
    workspace: Option<String>,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let (latest, version) = VersionFilter::to_sql_parameters(filter.version);
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query(named_params! {
                ":workspace_id": workspace,
                ":before": after.unwrap_or(PageToken::START).seq,
                ":name": filter.name,
                ":version": version,
                ":latest": latest,
                ":dev": filter.dev,
                ":interface_id": filter.interface_id,
                ":interface_name": filter.interface_name,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |row| {
                PageToken::for_row(row.created_at, row.seq)
            })
        })
        .await
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: row.get("id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        public: row.get("public")?,
        unlisted: row.get("unlisted")?,
        verification: row.get("verification")?,
        owner: Owner {
            id: row.get("owner_id")?,
            handle: row.get("owner_handle")?,
            name: row.get("owner_name")?,
        },
        installs: row.get("installs")?,
        title: row.get("title")?,
        description: row.get("description")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
    })
}
