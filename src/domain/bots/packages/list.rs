//! Lists the packages of a workspace, and the public ones.

use rusqlite::{Row, named_params};

use super::{PackageKind, Visibility};
use crate::{
    domain::{
        bots::versions::VersionFilter,
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::{account_call::AccountContext, request_auth::RequestContext},
    },
    kernel::{Result, Timestamp, ids::PackageId},
    store::Store,
};

/// An entry in a list of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Id of the version.
    pub id: PackageId,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Workspaces that can use it.
    pub visibility: Visibility,
    /// Display name.
    pub title: String,
    /// Description.
    pub description: String,
    /// True if it has a readme.
    pub has_readme: bool,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    seq: i64,
}

/// Filters of a list; an absent filter matches all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name.
    pub name: Option<String>,
    /// Version.
    pub version: Option<VersionFilter>,
}

const LIST: &str = "
    SELECT p.id, p.name, p.version, p.visibility, p.title, p.description,
           p.readme IS NOT NULL AS has_readme, p.created_at, p.updated_at, p.seq
    FROM packages AS p
    WHERE p.kind = :kind AND p.workspace_id = :workspace_id AND p.seq < :before
      AND (:name IS NULL OR p.name = :name)
      AND (:version IS NULL OR p.version = :version)
      AND (NOT :latest OR NOT EXISTS (
          SELECT 1 FROM packages AS newer
          WHERE newer.kind = p.kind AND newer.workspace_id = p.workspace_id
            AND newer.name = p.name AND newer.version_order > p.version_order))
    ORDER BY p.seq DESC LIMIT :limit";

/// A package of the server gives way to a published one of the same name and version.
const LIST_PUBLIC: &str = "
    SELECT p.id, p.name, p.version, p.visibility, p.title, p.description,
           p.readme IS NOT NULL AS has_readme, p.created_at, p.updated_at, p.seq
    FROM packages AS p
    WHERE p.kind = :kind AND p.visibility = 'public' AND p.seq < :before
      AND :workspace_id IS NULL
      AND (:name IS NULL OR p.name = :name)
      AND (:version IS NULL OR p.version = :version)
      AND (NOT p.built_in OR NOT EXISTS (
          SELECT 1 FROM packages AS published
          WHERE published.kind = p.kind AND published.name = p.name
            AND published.version = p.version AND published.visibility <> 'private'
            AND NOT published.built_in))
      AND (NOT :latest OR NOT EXISTS (
          SELECT 1 FROM packages AS newer
          WHERE newer.kind = p.kind AND newer.name = p.name AND newer.visibility = 'public'
            AND newer.version_order > p.version_order))
    ORDER BY p.seq DESC LIMIT :limit";

/// Lists the packages of the workspace of the call, newest first.
pub(super) async fn list(
    call: &RequestContext,
    kind: PackageKind,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let workspace = Some(call.workspace().to_string());
    list_page(call.app().store(), (LIST, workspace), kind, filter, after).await
}

/// Lists the public packages of every workspace, newest first.
pub(super) async fn list_public(
    call: &AccountContext,
    kind: PackageKind,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    list_page(call.app().store(), (LIST_PUBLIC, None), kind, filter, after).await
}

async fn list_page(
    store: &Store,
    (sql, workspace): (&'static str, Option<String>),
    kind: PackageKind,
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let (latest, version) = VersionFilter::to_sql_parameters(filter.version);
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query(named_params! {
                ":kind": kind,
                ":workspace_id": workspace,
                ":before": after.unwrap_or(PageToken::START).seq,
                ":name": filter.name,
                ":version": version,
                ":latest": latest,
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
        visibility: row.get("visibility")?,
        title: row.get("title")?,
        description: row.get("description")?,
        has_readme: row.get("has_readme")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
    })
}
