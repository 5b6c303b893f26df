//! The log of calls to connectors: the newest of each.

use std::time::Duration;

use rusqlite::named_params;
use serde_json::json;

use super::{Connector, Listed, Slice, rows::clamp};
use crate::{
    domain::tenancy::{audit::Actor, request_auth::Call},
    kernel::{
        Result, Timestamp,
        ids::{ApiKeyId, ConnectorId, ConnectorLogId, WorkspaceId},
    },
};

/// A call of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its id.
    pub id: ConnectorLogId,
    /// The connector.
    pub connector_id: ConnectorId,
    /// The request that it was a part of.
    pub request_id: String,
    /// Who asked: a key.
    pub user_id: ApiKeyId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// What the connector answered; 0 if it did not.
    pub status_code: u16,
    /// How long that took.
    pub duration_millis: u64,
    /// What went wrong, if something did.
    pub error_message: Option<String>,
    /// When it was.
    pub created_at: Timestamp,
}

/// Which entries are listed. What is absent leaves none out.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Only those of this workspace, which may be none of the caller's.
    pub workspace: Option<WorkspaceId>,
    /// Only those of these connectors.
    pub connectors: Option<Vec<ConnectorId>>,
    /// Only those from then on.
    pub from: Option<Timestamp>,
    /// Only those until then.
    pub until: Option<Timestamp>,
    /// Only those with at least this status.
    pub lowest_status: Option<u16>,
    /// Only those with at most this status.
    pub highest_status: Option<u16>,
}

/// What is noted of a call.
pub(super) struct Noted {
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

/// Notes a call of a connector that is still there, and forgets the oldest beyond the limit.
pub(super) async fn note(call: &Call, connector: &Connector, noted: Noted) -> Result<()> {
    let app = call.app();
    let user = call.caller().key_id.clone();
    let client_name = call.client_name().map(str::to_owned);
    let (workspace, connector) = (connector.workspace_id.clone(), connector.id.clone());
    let kept = app.connector_settings().log_entries;
    app.change_as(Actor::Key(user.clone()), move |change| {
        change.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": ConnectorLogId::new_ordered_uuid(change.now),
            ":workspace_id": workspace,
            ":connector_id": connector,
            ":request_id": noted.request_id,
            ":user_id": user,
            ":client_name": client_name,
            ":status_code": noted.status,
            ":duration_millis": clamp(u64::try_from(noted.elapsed.as_millis()).unwrap_or(u64::MAX)),
            ":error_message": noted.error,
            ":now": change.now,
        })?;
        change
            .conn
            .prepare_cached(PRUNE)?
            .execute(named_params! {":connector_id": connector, ":kept": kept})?;
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

/// The calls of the caller's connectors, newest first.
///
/// # Errors
/// Those of the store.
pub async fn logs(call: &Call, filter: LogFilter, slice: Slice) -> Result<Listed<LogEntry>> {
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
            let mut listed = Listed {
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
