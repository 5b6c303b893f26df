//! Lists the integrations of a workspace, and the public ones.

use rusqlite::{Row, named_params};

use super::Verification;
use crate::{
    domain::{
        bots::versions::VersionFilter,
        shared::{
            paging::{PAGE_QUERY_ROWS, PAGE_SIZE, Page, PageToken},
            sql::read_string_array,
        },
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
    /// Places with the text that the list searches; `None` without a search.
    pub matched_on: Option<MatchedOn>,
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

/// Filters of a list, and its order; an absent filter matches all.
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
    /// Bot that has them installed. Only the bots of the caller are found.
    pub installed_by: Option<String>,
    /// State of the verification.
    pub verification: Option<Verification>,
    /// True for listed ones that every workspace can use, false for those of one workspace.
    pub public: Option<bool>,
    /// Text in the name, the title, the description, or the name of an action or an interface.
    pub search: Option<String>,
    /// Order.
    pub sort: Sort,
}

/// Property that sorts a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// Time of creation.
    #[default]
    CreatedAt,
    /// Time of the last change.
    UpdatedAt,
    /// Name.
    Name,
    /// Number of bots that have it enabled.
    Installs,
}

/// Order of a list. Equal integrations are sorted from new to old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// Property that sorts.
    pub by: SortBy,
    /// True if the list begins with the smallest value.
    pub ascending: bool,
}

/// Places in which a list has found its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchedOn {
    /// The name.
    pub name: bool,
    /// The title.
    pub title: bool,
    /// The description.
    pub description: bool,
    /// Names of actions.
    pub actions: Vec<String>,
    /// Names of interfaces.
    pub interfaces: Vec<String>,
}

const SELECT: &str = "
    SELECT i.id, i.name, i.version, i.public, i.unlisted, i.verification, i.title, i.description,
           i.created_at, i.updated_at, i.seq, owner.id AS owner_id, owner.handle AS owner_handle,
           owner.name AS owner_name,
           (SELECT count(*) FROM (
               SELECT 1 FROM bot_integrations
               WHERE bot_integrations.integration_seq = i.seq AND bot_integrations.enabled
               LIMIT 10000)) AS installs,
           instr(lower(i.name), :search) > 0 AS in_name,
           instr(lower(i.title), :search) > 0 AS in_title,
           instr(lower(i.description), :search) > 0 AS in_description,
           CASE WHEN :search IS NOT NULL THEN (
               SELECT json_group_array(action.key) FROM json_each(i.definition, '$.actions') AS action
               WHERE instr(lower(action.key), :search) > 0) END AS in_actions,
           CASE WHEN :search IS NOT NULL THEN (
               SELECT json_group_array(DISTINCT implemented.interface_name)
               FROM integration_interfaces AS implemented
               WHERE implemented.integration_seq = i.seq
                 AND instr(lower(implemented.interface_name), :search) > 0) END AS in_interfaces
    FROM integrations AS i JOIN workspaces AS owner ON owner.id = i.workspace_id";

const FILTERS: &str = "
      (:name IS NULL OR i.name = :name)
      AND (:version IS NULL OR i.version = :version)
      AND (:dev IS NULL OR i.dev = :dev)
      AND (:verification IS NULL OR i.verification = :verification)
      AND (:public IS NULL OR (i.public = 1 AND NOT i.unlisted AND :public)
           OR (i.public = 0 AND NOT :public))
      AND (:interface_id IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq AND implemented.interface_id = :interface_id))
      AND (:interface_name IS NULL OR EXISTS (
          SELECT 1 FROM integration_interfaces AS implemented
          WHERE implemented.integration_seq = i.seq
            AND implemented.interface_name = :interface_name))
      AND (:installed_by IS NULL OR EXISTS (
          SELECT 1 FROM bot_integrations AS installed
          JOIN agents ON agents.seq = installed.agent_seq
          WHERE installed.integration_seq = i.seq AND agents.id = :installed_by
            AND installed.removed_at IS NULL AND NOT installed.implicit
            AND (agents.workspace_id = :workspace_id OR EXISTS (
                SELECT 1 FROM members
                WHERE members.workspace_id = agents.workspace_id
                  AND members.account_id = :account))))
      AND (:search IS NULL OR instr(lower(i.name), :search) > 0
           OR instr(lower(i.title), :search) > 0 OR instr(lower(i.description), :search) > 0
           OR EXISTS (SELECT 1 FROM json_each(i.definition, '$.actions') AS action
                      WHERE instr(lower(action.key), :search) > 0)
           OR EXISTS (SELECT 1 FROM integration_interfaces AS implemented
                      WHERE implemented.integration_seq = i.seq
                        AND instr(lower(implemented.interface_name), :search) > 0))";

const IN_WORKSPACE: &str = "
    i.workspace_id = :workspace_id
      AND (NOT :latest OR (NOT i.dev AND NOT EXISTS (
          SELECT 1 FROM integrations AS newer
          WHERE newer.workspace_id = i.workspace_id AND newer.name = i.name AND NOT newer.dev
            AND newer.version_order > i.version_order)))";

const IN_HUB: &str = "
    i.public = 1 AND NOT i.unlisted
      AND (NOT :latest OR NOT EXISTS (
          SELECT 1 FROM integrations AS newer
          WHERE newer.public = 1 AND NOT newer.unlisted AND newer.name = i.name AND newer.workspace_id = i.workspace_id
            AND newer.version_order > i.version_order))";

impl Sort {
    /// Returns the condition for the rows after `:after`, and the order.
    const fn sql(self) -> (&'static str, &'static str) {
        match (self.by, self.ascending) {
            (SortBy::CreatedAt, true) => ("i.seq > :after", "i.seq"),
            (SortBy::CreatedAt, false) => ("i.seq < :after", "i.seq DESC"),
            (SortBy::UpdatedAt, true) => ("i.seq < :after", "i.updated_at, i.seq DESC"),
            (SortBy::UpdatedAt, false) => ("i.seq < :after", "i.updated_at DESC, i.seq DESC"),
            (SortBy::Name, true) => ("i.seq < :after", "i.name, i.seq DESC"),
            (SortBy::Name, false) => ("i.seq < :after", "i.name DESC, i.seq DESC"),
            (SortBy::Installs, true) => ("i.seq < :after", "installs, i.seq DESC"),
            (SortBy::Installs, false) => ("i.seq < :after", "installs DESC, i.seq DESC"),
        }
    }

    /// Returns the row after which a page begins, and the number of rows that it skips: only lists in the order of their
    /// rows continue after a row.
    fn position(self, after: Option<PageToken>) -> (i64, i64) {
        match (self.by, after) {
            (SortBy::CreatedAt, Some(after)) => (after.seq, 0),
            (SortBy::CreatedAt, None) if self.ascending => (i64::MIN, 0),
            (_, after) => (i64::MAX, after.map_or(0, |after| after.seq.max(0))),
        }
    }
}

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
    let scope = (IN_WORKSPACE, workspace, None);
    list_page(call.app().store(), scope, filter, after).await
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
    let scope = (IN_HUB, None, Some(call.account().to_string()));
    list_page(call.app().store(), scope, filter, after).await
}

async fn list_page(
    store: &Store,
    (scope, workspace, account): (&'static str, Option<String>, Option<String>),
    filter: Filter,
    after: Option<PageToken>,
) -> Result<Page<Summary>> {
    let (latest, version) = VersionFilter::to_sql_parameters(filter.version);
    let sort = filter.sort;
    let (condition, order) = sort.sql();
    let (row, skipped) = sort.position(after);
    let sql = format!(
        "{SELECT} WHERE {scope} AND {condition} AND {FILTERS} ORDER BY {order} LIMIT :limit OFFSET :skipped"
    );
    store
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query(named_params! {
                ":workspace_id": workspace,
                ":account": account,
                ":after": row,
                ":skipped": skipped,
                ":installed_by": filter.installed_by,
                ":verification": filter.verification,
                ":public": filter.public,
                ":search": filter.search.as_deref().map(str::to_ascii_lowercase),
                ":name": filter.name,
                ":version": version,
                ":latest": latest,
                ":dev": filter.dev,
                ":interface_id": filter.interface_id,
                ":interface_name": filter.interface_name,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |row| {
                let next = match sort.by {
                    SortBy::CreatedAt => row.seq,
                    _ => skipped.saturating_add(PAGE_SIZE as i64),
                };
                PageToken::for_row(row.created_at, next)
            })
        })
        .await
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let in_name: Option<bool> = row.get("in_name")?;
    let matched_on = in_name.map(|name| -> rusqlite::Result<_> {
        Ok(MatchedOn {
            name,
            title: row.get("in_title")?,
            description: row.get("in_description")?,
            actions: read_string_array(row, "in_actions")?,
            interfaces: read_string_array(row, "in_interfaces")?,
        })
    });
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
        matched_on: matched_on.transpose()?,
        seq: row.get("seq")?,
    })
}
