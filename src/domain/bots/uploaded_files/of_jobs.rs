//! Files that background jobs of a bot write and read.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Status, upsert::BOUND};
use crate::{
    domain::{
        App,
        shared::blobs::{self, BlobWriter},
        tenancy::{
            audit::Actor,
            quotas::{self, UsageType},
        },
    },
    kernel::{
        Result,
        ids::{FileId, WorkspaceId},
    },
};

const INSERT: &str = "
    INSERT INTO files
        (id, agent_seq, integration, key, owner_id, content_type, promised_size, size, blob_seq, tags, metadata,
         public, shared, indexed, chunk_length, needs_public_tag, status, created_at, updated_at)
    SELECT :id, seq, '', :key, id, :content_type, :size, :size, :blob, '{}', '{}',
           0, 0, 0, 1500, 0, :status, :now, :now
    FROM agents WHERE seq = :agent_seq";

/// Creates a private file of the bot with this row number. Its key is not used yet.
///
/// # Errors
/// `QuotaExceeded` for more bytes than the plan allows; `LimitExceeded` for too many files; errors of the store.
pub(in crate::domain) async fn create(
    app: &App,
    (workspace, agent_seq): (WorkspaceId, i64),
    (key, content_type): (String, &'static str),
    bytes: &[u8],
) -> Result<FileId> {
    let mut writer = BlobWriter::new(app.store());
    writer.write(bytes).await?;
    let blob = Arc::new(writer.finish());
    let kept = Arc::clone(&blob);
    let size = i64::try_from(blob.size()).unwrap_or(i64::MAX);
    let created = app.run_write_tx_as(Actor::System, move |tx| {
        let bytes = size.unsigned_abs();
        quotas::require_in_job(tx, &workspace, UsageType::StorageCount, bytes)?;
        BOUND.require(tx, agent_seq)?;
        let id = FileId::new_ordered_uuid(tx.now);
        let blob = blob.complete(tx.conn)?;
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": id,
            ":agent_seq": agent_seq,
            ":key": key,
            ":content_type": content_type,
            ":size": size,
            ":blob": blob,
            ":status": Status::UploadCompleted,
            ":now": tx.now,
        })?;
        Ok(id)
    });
    match created.await {
        Ok(id) => Ok(id),
        Err(error) => {
            if let Some(blob) = Arc::into_inner(kept) {
                blob.discard(app.store()).await?;
            }
            Err(error)
        }
    }
}

const FIND: &str = "
    SELECT blob_seq, size FROM files
    WHERE agent_seq = :agent_seq AND (id = :file OR key = :file) AND size IS NOT NULL
    ORDER BY id = :file DESC, seq LIMIT 1";

/// Reads a file of a bot by id or key; `None` without such a file, or while its bytes are not there. Call it on a thread
/// for blocking work.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) fn read(
    conn: &Connection,
    agent_seq: i64,
    file: &str,
) -> Result<Option<Vec<u8>>> {
    let parameters = named_params! {":agent_seq": agent_seq, ":file": file};
    let found = conn
        .prepare_cached(FIND)?
        .query_row(parameters, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    match found {
        Some((blob, size)) => blobs::read_whole(conn, blob, size.unsigned_abs()).map(Some),
        None => Ok(None),
    }
}
