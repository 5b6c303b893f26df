//! Reads and lists the rows of connectors.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::{Auth, AuthStatus, Connector, ListPage, OffsetPage};
use crate::{
    domain::{shared::paging::SHORT_PAGE_ROWS, tenancy::request_auth::RequestContext},
    kernel::{
        Error, Result, Timestamp,
        ids::{ApiKeyId, ConnectorId, WorkspaceId},
    },
};

/// Returns the connector with this id.
///
/// # Errors
/// `NotFound` if the caller's workspace has no such connector, or an error of the store.
pub fn find(call: &RequestContext, id: &ConnectorId) -> Result<Connector> {
    let now = call.app().clock().now();
    let (workspace, user) = (call.workspace(), &call.principal().key_id);
    call.app()
        .store()
        .read(|conn| find_row(conn, workspace, user, id, now))
}

const FIND: &str = "
    SELECT c.id, c.workspace_id, c.name, c.description, c.url, c.excludes, c.auth_type, c.auth,
           c.credentials, c.is_active, c.continue_on_failure, c.created_at, c.updated_at,
           a.id, a.tokens IS NOT NULL, a.refreshable, a.expires_at
    FROM connectors AS c
    LEFT JOIN connector_authorizations AS a ON a.connector_id = c.id AND a.user_id = :user_id
    WHERE c.workspace_id = :workspace_id AND c.id = :id";

pub(super) fn find_row(
    conn: &Connection,
    workspace: &WorkspaceId,
    user: &ApiKeyId,
    id: &ConnectorId,
    now: Timestamp,
) -> Result<Connector> {
    conn.prepare_cached(FIND)?
        .query_row(
            named_params! {":workspace_id": workspace, ":user_id": user, ":id": id},
            |row| from_row(row, now),
        )
        .optional()?
        .ok_or_else(|| not_found(id))
}

pub(super) fn not_found(id: &ConnectorId) -> Error {
    // wire: with the final dot, as on the vendor's page of errors (cohere.md §1)
    Error::not_found(format!("connector '{id}' not found."))
}

const LIST: &str = "
    SELECT c.id, c.workspace_id, c.name, c.description, c.url, c.excludes, c.auth_type, c.auth,
           c.credentials, c.is_active, c.continue_on_failure, c.created_at, c.updated_at,
           a.id, a.tokens IS NOT NULL, a.refreshable, a.expires_at
    FROM connectors AS c
    LEFT JOIN connector_authorizations AS a ON a.connector_id = c.id AND a.user_id = :user_id
    WHERE c.workspace_id = :workspace_id
    ORDER BY c.seq DESC LIMIT :limit OFFSET :offset";

const COUNT: &str = "SELECT count(*) FROM connectors WHERE workspace_id = :workspace_id";

/// Returns the connectors of the caller's workspace, newest first. The API pages by offset, so each
/// skipped row costs a step in an index.
///
/// # Errors
/// Errors of the store.
pub async fn list(call: &RequestContext, slice: OffsetPage) -> Result<ListPage<Connector>> {
    // The total counts entries of an index: at most `bounds.connectors`.
    let is_short = slice.limit.saturating_add(slice.offset) <= SHORT_PAGE_ROWS;
    let workspace = call.workspace().clone();
    let user = call.principal().key_id.clone();
    let now = call.app().clock().now();
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let rows = statement.query_map(
                named_params! {
                    ":workspace_id": workspace,
                    ":user_id": user,
                    ":limit": to_sql_count(slice.limit),
                    ":offset": to_sql_count(slice.offset),
                },
                |row| from_row(row, now),
            )?;
            let items = rows.collect::<rusqlite::Result<_>>()?;
            let total: i64 = conn
                .prepare_cached(COUNT)?
                .query_row(named_params! {":workspace_id": workspace}, |row| row.get(0))?;
            Ok(ListPage {
                items,
                total: total.unsigned_abs(),
            })
        })
        .await
}

pub(super) fn to_sql_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads a row by the column order of [`FIND`] and [`LIST`].
fn from_row(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Connector> {
    let excludes = serde_json::from_str(row.get_ref(5)?.as_str()?);
    let kind: Option<String> = row.get(6)?;
    let auth: Option<Value> = row.get(7)?;
    let auth = match (kind, auth) {
        (Some(kind), Some(auth)) => {
            Some(Auth::from_json(&kind, &auth).ok_or(rusqlite::Error::InvalidQuery)?)
        }
        _ => None,
    };
    let authorization: Option<String> = row.get(13)?;
    let auth_status = match authorization {
        None => None,
        Some(_) => Some(authorization_status(
            row.get(14)?,
            row.get(15)?,
            row.get(16)?,
            now,
        )),
    };
    Ok(Connector {
        id: row.get(0)?,
        workspace_id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        url: row.get(4)?,
        excludes: excludes.map_err(|_| rusqlite::Error::InvalidQuery)?,
        auth,
        auth_status,
        credentials: row.get(8)?,
        is_active: row.get(9)?,
        continue_on_failure: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
    })
}

/// Returns the status of an authorization. Tokens are missing once the provider has refused them;
/// an expired access token is still usable if it can be refreshed.
fn authorization_status(
    has_tokens: bool,
    refreshable: bool,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> AuthStatus {
    let ended = expires_at.is_some_and(|end| end <= now);
    if has_tokens && (refreshable || !ended) {
        AuthStatus::Valid
    } else {
        AuthStatus::Expired
    }
}
