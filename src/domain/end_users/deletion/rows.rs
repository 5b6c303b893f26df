//! Reads stored bulk deletions and deletes expired ones.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Deletion, Identifier, IdentifierResult};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Result, Timestamp, ids::EndUserDeletionId},
};

const FIND: &str = "SELECT * FROM end_user_deletions WHERE agent_id = :agent_id AND id = :id";

const LIST_RESULTS: &str = "
    SELECT kind, value, variable, disposition, matched, reason
    FROM end_user_deletion_identifiers WHERE deletion_id = :id ORDER BY position";

/// Returns a deletion of the caller's agent, with the result for each identifier.
///
/// # Errors
/// `NotFound` if the agent has no such deletion, errors of the store.
pub async fn find(
    call: &RequestContext,
    id: EndUserDeletionId,
) -> Result<(Deletion, Vec<IdentifierResult>)> {
    let agent = call.agent()?.id.clone();
    call.app()
        .store()
        .scan(move |conn| {
            let deletion = conn
                .prepare_cached(FIND)?
                .query_row(named_params! {":agent_id": agent, ":id": id}, from_row)
                .optional()?
                .ok_or_else(|| Error::not_found("Job not found"))?;
            let mut statement = conn.prepare_cached(LIST_RESULTS)?;
            let outcomes = statement.query_map(named_params! {":id": id}, result_from_row)?;
            Ok((deletion, outcomes.collect::<rusqlite::Result<_>>()?))
        })
        .await
}

fn result_from_row(row: &Row<'_>) -> rusqlite::Result<IdentifierResult> {
    Ok(IdentifierResult {
        identifier: Identifier {
            kind: row.get("kind")?,
            value: row.get("value")?,
            variable: row.get("variable")?,
        },
        disposition: row.get("disposition")?,
        matched: read_count(row, "matched")?,
        reason: row.get("reason")?,
    })
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Deletion> {
    Ok(Deletion {
        id: row.get("id")?,
        client_reference: row.get("client_reference")?,
        status: row.get("status")?,
        submitted_count: read_count(row, "submitted_count")?,
        failure_reason: row.get("failure_reason")?,
        created_at: row.get("created_at")?,
        completed_at: row.get("completed_at")?,
    })
}

fn read_count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

const DELETE_COMPLETED: &str = "
    DELETE FROM end_user_deletions WHERE completed_at IS NOT NULL AND created_at <= :before";

/// Deletes the completed deletions that were submitted before a time.
pub(in crate::domain::end_users) fn delete_completed(
    conn: &Connection,
    before: Timestamp,
) -> Result<()> {
    conn.prepare_cached(DELETE_COMPLETED)?
        .execute(named_params! {":before": before})?;
    Ok(())
}
