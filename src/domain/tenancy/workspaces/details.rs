//! Workspaces with all fields that Botpress shows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::public::Profile;
use crate::{
    domain::{
        shared::{
            paging::{PAGE_QUERY_ROWS, Page, PageToken},
            plans::Plan,
        },
        tenancy::{account_call::AccountContext, request_auth::RequestContext},
    },
    kernel::{
        Error, Result, Timestamp,
        ids::{AccountId, WorkspaceId},
    },
};

/// Workspace with all fields.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceDetails {
    /// Id of the workspace.
    pub id: WorkspaceId,
    /// Display name.
    pub name: String,
    /// Handle, unique on this server.
    pub handle: String,
    /// Account that has been an owner for the longest time.
    pub owner: Option<AccountId>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Number of agents.
    pub agents: u64,
    /// Plan of the workspace.
    pub plan: Plan,
    /// True if the workspace is read-only until its invoices are paid.
    pub blocked: bool,
    /// Maximum monthly cost of messages beyond the plan's price, in dollars; 0: no limit.
    pub spending_limit: f64,
    /// True if anyone with an account can read its profile.
    pub public: bool,
    /// Public profile.
    pub profile: Profile,
    pub(super) seq: i64,
}

pub(super) const COLUMNS: &str = "
    workspaces.seq, workspaces.id, workspaces.name, workspaces.handle, workspaces.created_at,
    workspaces.updated_at, workspaces.plan, workspaces.blocked, workspaces.spending_limit,
    workspaces.public, workspaces.about, workspaces.profile_picture, workspaces.contact_email,
    workspaces.website, workspaces.social_accounts,
    (SELECT account_id FROM members
     WHERE workspace_id = workspaces.id AND role = 'owner' ORDER BY seq LIMIT 1) AS owner,
    (SELECT count(*) FROM agents
     WHERE workspace_id = workspaces.id AND deleted_at IS NULL) AS agents";

/// Returns the workspace of the request.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get_details(call: &RequestContext) -> Result<WorkspaceDetails> {
    let read = |conn: &Connection| load_details(conn, call.workspace());
    call.app().store().read(read)
}

pub(super) fn load_details(conn: &Connection, id: &WorkspaceId) -> Result<WorkspaceDetails> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM workspaces WHERE id = :id AND closed_at IS NULL"
    ))?
    .query_row(named_params! {":id": id}, from_row)
    .optional()?
    .ok_or_else(|| Error::not_found(format!("Workspace \"{id}\" not found")))
}

const LIST_OF_ACCOUNT: &str = "
    FROM members JOIN workspaces ON workspaces.id = members.workspace_id
    WHERE members.account_id = :account_id AND workspaces.closed_at IS NULL
      AND (workspaces.created_at, workspaces.seq) < (:created_at, :seq)
      AND (:handle IS NULL OR workspaces.handle = :handle)
    ORDER BY workspaces.created_at DESC, workspaces.seq DESC LIMIT :limit";

/// Lists the workspaces that a person is a member of, newest first: all, or the one with this handle.
///
/// # Errors
/// Errors of the store.
pub async fn list_of_account(
    call: &AccountContext,
    handle: Option<String>,
    after: Option<PageToken>,
) -> Result<Page<WorkspaceDetails>> {
    let account = call.account().clone();
    let after = after.unwrap_or(PageToken::START);
    call.app()
        .store()
        .scan(move |conn| {
            let mut statement =
                conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST_OF_ACCOUNT}"))?;
            let rows = statement.query(named_params! {
                ":account_id": account,
                ":handle": handle,
                ":created_at": after.created_at,
                ":seq": after.seq,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |row| {
                PageToken::for_row(row.created_at, row.seq)
            })
        })
        .await
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<WorkspaceDetails> {
    let social_accounts: String = row.get("social_accounts")?;
    Ok(WorkspaceDetails {
        id: row.get("id")?,
        name: row.get("name")?,
        handle: row.get("handle")?,
        owner: row.get("owner")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        agents: row.get::<_, i64>("agents")?.unsigned_abs(),
        plan: row.get("plan")?,
        blocked: row.get("blocked")?,
        spending_limit: row.get("spending_limit")?,
        public: row.get("public")?,
        profile: Profile {
            about: row.get("about")?,
            picture: row.get("profile_picture")?,
            contact_email: row.get("contact_email")?,
            website: row.get("website")?,
            social_accounts: serde_json::from_str(&social_accounts).unwrap_or_default(),
        },
        seq: row.get("seq")?,
    })
}
