//! Pages of the audit records of a workspace, with the accounts that own the keys.

use rusqlite::{Row, named_params};

use crate::{
    domain::{
        shared::{
            paging::{PAGE_QUERY_ROWS, Page, PageToken},
            row_range::RowRange,
        },
        tenancy::{members::Role, request_auth::RequestContext},
    },
    kernel::{Result, Timestamp, ids::AccountId},
};

/// Audit record with the account of its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecordWithAccount {
    /// Id of the record.
    pub id: String,
    /// Time of the action.
    pub at: Timestamp,
    /// Account of the actor, if the actor is a person.
    pub account: Option<AccountId>,
    /// E-mail address of the account.
    pub email: Option<String>,
    /// Action: `subject.verb`.
    pub action: String,
    /// Id of the resource.
    pub resource_id: String,
    /// Name of the resource at that time.
    pub resource_name: Option<String>,
    seq: i64,
}

const LIST_PAGE: &str = "
    SELECT audit_records.seq, audit_records.id, audit_records.at, audit_records.action,
           audit_records.resource_id, audit_records.resource_name, accounts.id AS account,
           accounts.email
    FROM audit_records
    LEFT JOIN api_keys ON api_keys.id = substr(audit_records.actor, 5)
                      AND substr(audit_records.actor, 1, 4) = 'key:'
    LEFT JOIN accounts ON accounts.id = api_keys.account_id
    WHERE audit_records.workspace_id = :workspace_id
      AND audit_records.seq > :after AND audit_records.seq < :before
    ORDER BY audit_records.seq DESC LIMIT :limit";

/// Lists the audit records of the request's workspace, newest first.
///
/// # Errors
/// `Forbidden` for a role below manager, and errors of the store.
pub async fn list_page(
    call: &RequestContext,
    after: Option<PageToken>,
) -> Result<Page<AuditRecordWithAccount>> {
    call.require_role(Role::Manager)?;
    let workspace = call.workspace().clone();
    let after = after.unwrap_or(PageToken::START);
    call.app()
        .store()
        .scan(move |conn| {
            let Some(numbers) = RowRange::find(conn, &workspace)? else {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            };
            let mut statement = conn.prepare_cached(LIST_PAGE)?;
            let rows = statement.query(named_params! {
                ":workspace_id": workspace,
                ":after": numbers.after,
                ":before": numbers.before.min(after.seq),
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |row| PageToken::for_row(row.at, row.seq))
        })
        .await
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AuditRecordWithAccount> {
    Ok(AuditRecordWithAccount {
        id: row.get("id")?,
        at: row.get("at")?,
        account: row.get("account")?,
        email: row.get("email")?,
        action: row.get("action")?,
        resource_id: row.get("resource_id")?,
        resource_name: row.get("resource_name")?,
        seq: row.get("seq")?,
    })
}
