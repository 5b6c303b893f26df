//! Public profiles of workspaces: anyone with an account can read those that are public.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::details::{COLUMNS, WorkspaceDetails, from_row};
use crate::{
    domain::{
        shared::paging::{PAGE_QUERY_ROWS, Page, PageToken},
        tenancy::account_call::AccountContext,
    },
    kernel::{Error, Result, ids::WorkspaceId},
};

/// Public profile of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Description.
    pub about: String,
    /// Address of a picture.
    pub picture: String,
    /// E-mail address for questions.
    pub contact_email: String,
    /// Address of a web site.
    pub website: String,
    /// Addresses of accounts at other services.
    pub social_accounts: Vec<String>,
}

/// Filter for a list of public workspaces.
#[derive(Debug, Clone, Default)]
pub struct PublicFilter {
    /// Ids of the workspaces; no condition if empty.
    pub ids: Vec<String>,
    /// Text that the name or the handle contains.
    pub search: Option<String>,
}

const IS_PUBLIC: &str = "public = 1 AND closed_at IS NULL AND NOT system";

/// Returns a public workspace.
///
/// # Errors
/// `NotFound` if there is no such workspace or it is not public, and errors of the store.
pub fn get_public(call: &AccountContext, id: &WorkspaceId) -> Result<WorkspaceDetails> {
    let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE id = :id AND {IS_PUBLIC}");
    call.app().store().read(|conn| {
        conn.prepare_cached(&sql)?
            .query_row(named_params! {":id": id}, from_row)
            .optional()?
            .ok_or_else(|| Error::not_found(format!("Workspace \"{id}\" not found")))
    })
}

const PAGE: &str = "
    AND seq < :before
    AND (:ids = '[]' OR id IN (SELECT value FROM json_each(:ids)))
    AND (:search IS NULL OR instr(lower(name), lower(:search)) OR instr(handle, lower(:search)))
    ORDER BY seq DESC LIMIT :limit";

/// Lists public workspaces, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list_public(
    call: &AccountContext,
    filter: PublicFilter,
    after: Option<PageToken>,
) -> Result<Page<WorkspaceDetails>> {
    let ids = serde_json::to_string(&filter.ids)
        .map_err(|error| Error::internal("a list of ids cannot be serialized", error))?;
    call.app()
        .store()
        .scan(move |conn: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM workspaces WHERE {IS_PUBLIC} {PAGE}");
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query(named_params! {
                ":before": after.unwrap_or(PageToken::START).seq,
                ":ids": ids,
                ":search": filter.search,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |row| {
                PageToken::for_row(row.created_at, row.seq)
            })
        })
        .await
}
