//! The log of calls to connectors. It keeps the newest entries of each connector.

use std::time::Duration;

use rusqlite::named_params;
use serde_json::json;

use super::{Connector, ListPage, OffsetPage, rows::to_sql_count};
use crate::{
    domain::tenancy::{audit::Actor, request_auth::RequestContext},
    kernel::{
        Result, Timestamp,
        ids::{ApiKeyId, ConnectorId, ConnectorLogId, WorkspaceId},
    },
};

/// A call to a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Id of the entry.
    pub id: ConnectorLogId,
    /// The connector.
    pub connector_id: ConnectorId,
    /// Id of the request that caused the call.
    pub request_id: String,
    /// The API key that made the request.
    pub user_id: ApiKeyId,
    /// The workspace of the connector.
    pub workspace_id: WorkspaceId,
    /// Status of the response; 0 without a response.
    pub status_code: u16,
    /// Duration of the call, in milliseconds.
    pub duration_millis: u64,
    /// Error message, if the call failed.
    pub error_message: Option<String>,
    /// Time of the call.
    pub created_at: Timestamp,
}

/// Filter of the log. An absent member matches every entry.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Only entries of this workspace. For another workspace than the caller's the list is empty.
    pub workspace: Option<WorkspaceId>,
    /// Only entries of these connectors.
    pub connectors: Option<Vec<ConnectorId>>,
    /// Only entries at or after this time.
    pub from: Option<Timestamp>,
    /// Only entries at or before this time.
    pub until: Option<Timestamp>,
    /// Lowest status to include.
    pub lowest_status: Option<u16>,
    /// Highest status to include.
    pub highest_status: Option<u16>,
}

/// Values of a new entry.
pub(super) struct NewLogEntry {
    pub(super) request_id: String,
    pub(super) status: u16,
    pub(super) elapsed: Duration,
    pub(super) error: Option<String>,
}

const INSERT: &str = "
    INSERT INTO connector_logs
        (id, workspace_id, connector_id, request_id, user_id, client_name, status_code,
         duration_millis, error_message, created_at)
    SELECT :id, :workspace_id, :connector_id, :request_id, :user_id, :client_name, :status_code,
           :duration_millis, :error_message, :now
    FROM connectors WHERE workspace_id = :workspace_id AND id = :connector_id";

const PRUNE: &str = "
    DELETE FROM connector_logs WHERE connector_id = :connector_id AND seq <= (
        SELECT seq FROM connector_logs WHERE connector_id = :connector_id
        ORDER BY seq DESC LIMIT 1 OFFSET :kept)";

/// Appends an entry, unless the connector was deleted meanwhile, and deletes the oldest entries
/// beyond `connectors.log_entries`.
pub(super) async fn append_log(
    call: &RequestContext,
    connector: &Connector,
    entry: NewLogEntry,
) -> Result<()> {
    let app = call.app();
    let user = call.principal().key_id.clone();
    let client_name = call.client_name().map(str::to_owned);
    let (workspace, connector) = (connector.workspace_id.clone(), connector.id.clone());
    let max_entries = app.connector_settings().log_entries;
    app.run_write_tx_as(Actor::Key(user.clone()), move |tx| {
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": ConnectorLogId::new_ordered_uuid(tx.now),
            ":workspace_id": workspace,
            ":connector_id": connector,
            ":request_id": entry.request_id,
            ":user_id": user,
            ":client_name": client_name,
            ":status_code": entry.status,
            ":duration_millis": to_sql_count(u64::try_from(entry.elapsed.as_millis()).unwrap_or(u64::MAX)),
            ":error_message": entry.error,
            ":now": tx.now,
        })?;
        tx
            .conn
            .prepare_cached(PRUNE)?
            .execute(named_params! {":connector_id": connector, ":kept": max_entries})?;
        Ok(())
    })
    .await
}

const LIST: &str = "
    SELECT id, connector_id, request_id, user_id, workspace_id, status_code, duration_millis,
           error_message, created_at
    FROM connector_logs
    WHERE workspace_id = :workspace_id
      AND (:organization IS NULL OR workspace_id = :organization)
      AND (:connectors IS NULL OR connector_id IN (SELECT value FROM json_each(:connectors)))
      AND (:from IS NULL OR created_at >= :from) AND (:until IS NULL OR created_at <= :until)
      AND (:lowest IS NULL OR status_code >= :lowest)
      AND (:highest IS NULL OR status_code <= :highest)
    ORDER BY seq DESC";

/// Returns the log of all connectors of the caller's workspace, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list_logs(
    call: &RequestContext,
    filter: LogFilter,
    slice: OffsetPage,
) -> Result<ListPage<LogEntry>> {
    let workspace = call.workspace().clone();
    call.app()
        .store()
        .scan(move |conn| {
            let mut statement = conn.prepare_cached(LIST)?;
            let connectors = filter.connectors.map(|ids| json!(ids).to_string());
            let mut rows = statement.query(named_params! {
                ":workspace_id": workspace,
                ":organization": filter.workspace,
                ":connectors": connectors,
                ":from": filter.from,
                ":until": filter.until,
                ":lowest": filter.lowest_status,
                ":highest": filter.highest_status,
            })?;
            let mut listed = ListPage {
                items: Vec::new(),
                total: 0,
            };
            let wanted = slice.offset..slice.offset.saturating_add(slice.limit);
            while let Some(row) = rows.next()? {
                let index = listed.total;
                listed.total += 1;
                if !wanted.contains(&index) {
                    continue;
                }
                let millis: i64 = row.get("duration_millis")?;
                listed.items.push(LogEntry {
                    id: row.get("id")?,
                    connector_id: row.get("connector_id")?,
                    request_id: row.get("request_id")?,
                    user_id: row.get("user_id")?,
                    workspace_id: row.get("workspace_id")?,
                    status_code: row.get("status_code")?,
                    duration_millis: millis.unsigned_abs(),
                    error_message: row.get("error_message")?,
                    created_at: row.get("created_at")?,
                });
            }
            Ok(listed)
        })
        .await
}
