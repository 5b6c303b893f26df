//! Deletes the data of deleted endpoints, in short transactions between which other writers get their turn.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{domain::tenancy::app::App, kernel::Result};

/// Maximum number of rows in one transaction. An attempt holds up to `webhooks.response_bytes` of a response,
/// and SQLite overwrites deleted content.
const CHUNK_SIZE: i64 = 200;

const FIND_DELETED: &str = "
    SELECT seq FROM webhook_endpoints WHERE deleted_at IS NOT NULL ORDER BY seq LIMIT 1";

/// Deletes some of the data of a deleted endpoint, and finally the endpoint itself. Returns true if there may be
/// more.
pub(super) async fn remove_deleted_endpoint(app: &App) -> Result<bool> {
    let deleted = app.store().read(|conn| {
        let mut statement = conn.prepare_cached(FIND_DELETED)?;
        let found = statement.query_row([], |row| row.get::<_, i64>(0));
        Ok(found.optional()?)
    })?;
    let Some(endpoint) = deleted else {
        return Ok(false);
    };
    let removed = app.store().write(move |conn| remove_chunk(conn, endpoint));
    removed.await?;
    Ok(true)
}

const ATTEMPTS: &str = "
    DELETE FROM webhook_attempts WHERE seq IN (
        SELECT seq FROM webhook_attempts WHERE endpoint_seq = :endpoint LIMIT :limit)";

const DELIVERIES: &str = "
    DELETE FROM webhook_deliveries WHERE endpoint_seq = :endpoint AND message_seq IN (
        SELECT message_seq FROM webhook_deliveries WHERE endpoint_seq = :endpoint LIMIT :limit)";

const QUEUE: &str = "
    DELETE FROM webhook_queue WHERE endpoint_seq = :endpoint AND message_seq IN (
        SELECT message_seq FROM webhook_queue WHERE endpoint_seq = :endpoint LIMIT :limit)";

const ENDPOINT: &str = "DELETE FROM webhook_endpoints WHERE seq = :endpoint";

fn remove_chunk(conn: &Connection, endpoint: i64) -> Result<()> {
    // Deletes attempts first: deleting a delivery would cascade to all of its attempts in one statement.
    for sql in [ATTEMPTS, DELIVERIES, QUEUE] {
        let removed = conn
            .prepare_cached(sql)?
            .execute(named_params! {":endpoint": endpoint, ":limit": CHUNK_SIZE})?;
        if removed > 0 {
            return Ok(());
        }
    }
    conn.prepare_cached(ENDPOINT)?
        .execute(named_params! {":endpoint": endpoint})?;
    Ok(())
}
