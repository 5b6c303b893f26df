//! Receives the bytes of a file at its signed address.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::warn;

use super::{
    File, Status,
    addresses::{self, Right, Signature},
    rows,
    upsert::too_large,
};
use crate::{
    domain::{
        shared::blobs::{BlobWriter, ReceivedBlob},
        tenancy::{
            app::App,
            audit::Actor,
            quotas::{self, UsageType},
            request_auth::PrincipalAgent,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result,
        clock::with_timeout,
        ids::{FileId, WorkspaceId},
    },
};

/// Number of bytes that an upload has in memory.
pub const WINDOW_BYTES: usize = crate::domain::shared::blobs::WINDOW_BYTES;

/// A request to store the bytes of a file.
pub struct Upload {
    /// Signature of the address.
    pub signature: Option<Signature>,
    /// True if the request says that the bytes are public.
    pub is_tagged_public: bool,
    /// Number of bytes, if the client announces it.
    pub length: Option<u64>,
}

/// A file that can receive bytes, with its bot.
#[derive(Clone)]
pub(super) struct StoredFile {
    pub(super) file: File,
    pub(super) bot: PrincipalAgent,
    pub(super) workspace: WorkspaceId,
}

/// Stores the bytes of a file. The file is complete when this returns.
///
/// # Errors
/// `NotFound`; `Forbidden` without a valid signature; `Invalid` for more bytes than the file was created for, and for a
/// body that ends early; `QuotaExceeded`; errors of the store. Nothing is stored then, and the status of the file is
/// `upload_failed`.
pub async fn receive<S>(app: &App, id: FileId, upload: Upload, body: S) -> Result<()>
where
    S: Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
{
    let target = app.store().read(|conn| find(conn, &id, app))?;
    addresses::require(app, &target.file, Right::Upload, upload.signature.as_ref())?;
    // wire: clients of the vendor send this header for such files only (botpress-today.md §6)
    if target.file.needs_public_tag && !upload.is_tagged_public {
        let text = "This upload needs the header x-amz-tagging: public=true";
        return Err(Error::new(Kind::Forbidden, text));
    }
    let app = app.clone();
    // The task goes on without the client, so that it can clean up.
    let task = tokio::spawn(async move {
        let received = receive_all(&app, &target, upload.length, body).await;
        let stored = match received {
            Ok(blob) => store(&app, &target, blob).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &stored {
            record_failure(&app, &target, error).await;
        }
        stored
    });
    let joined = task.await;
    joined.map_err(|error| Error::internal("the task of an upload ended", error))?
}

const FIND: &str = "
    SELECT agents.seq AS agent_seq, agents.id AS agent_id, agents.handle, agents.workspace_id, files.seq
    FROM files JOIN agents ON agents.seq = files.agent_seq
    JOIN workspaces ON workspaces.id = agents.workspace_id
    WHERE files.id = :id AND agents.deleted_at IS NULL AND workspaces.closed_at IS NULL
      AND (files.expires_at IS NULL OR files.expires_at > :now)";

/// Finds a file of any bot.
pub(super) fn find(conn: &Connection, id: &FileId, app: &App) -> Result<StoredFile> {
    let parameters = named_params! {":id": id, ":now": app.clock().now()};
    let found = conn.prepare_cached(FIND)?.query_row(parameters, |row| {
        let bot = PrincipalAgent {
            id: row.get("agent_id")?,
            handle: row.get("handle")?,
            seq: row.get("agent_seq")?,
        };
        let workspace: WorkspaceId = row.get("workspace_id")?;
        Ok((bot, workspace, row.get::<_, i64>("seq")?))
    });
    let absent = || rows::not_found(id.as_str());
    let (bot, workspace, seq) = found.optional()?.ok_or_else(absent)?;
    let file = rows::load_row(conn, &bot, seq)?.ok_or_else(absent)?;
    Ok(StoredFile {
        file,
        bot,
        workspace,
    })
}

async fn receive_all<S>(
    app: &App,
    target: &StoredFile,
    length: Option<u64>,
    mut body: S,
) -> Result<ReceivedBlob>
where
    S: Stream<Item = io::Result<Bytes>> + Send + Unpin,
{
    check_size(app, &target.file, length.unwrap_or_default())?;
    let mut writer = BlobWriter::new(app.store());
    let wait = Duration::from_secs(app.file_settings().upload_idle_seconds);
    let received: Result<()> = async {
        loop {
            let next = with_timeout(wait, body.next()).await;
            let Some(piece) = next.map_err(|_| ended_early())? else {
                return Ok(());
            };
            let piece = piece.map_err(|error| ended_early().with_source(error))?;
            check_size(app, &target.file, writer.size() + piece.len() as u64)?;
            writer.write(&piece).await?;
        }
    }
    .await;
    match received {
        Ok(()) => Ok(writer.finish()),
        Err(error) => {
            writer.discard().await?;
            Err(error)
        }
    }
}

fn ended_early() -> Error {
    Error::invalid("The body ended too early")
}

/// Checks a number of bytes.
///
/// # Errors
/// `Invalid` if the file was created for fewer bytes; `LimitExceeded` if the server stores fewer.
fn check_size(app: &App, file: &File, bytes: u64) -> Result<()> {
    let max_bytes = app.file_settings().max_file_bytes;
    if bytes > max_bytes {
        return Err(too_large(max_bytes));
    }
    if bytes > file.promised_size {
        let promised = file.promised_size;
        return Err(Error::invalid(format!(
            "The file was created for {promised} bytes (size), and more were sent"
        )));
    }
    Ok(())
}

const SET_CONTENT: &str = "
    UPDATE files SET blob_seq = :blob, size = :size, status = :status, failure = NULL, index_attempts = 0,
        passages_seq = NULL, updated_at = :now
    WHERE seq = :seq";

async fn store(app: &App, target: &StoredFile, blob: ReceivedBlob) -> Result<()> {
    let (received, owner) = (blob.clone(), target.clone());
    let stored = app.run_write_tx_as(Actor::System, move |tx| {
        let file = rows::load_row(tx.conn, &owner.bot, owner.file.seq)?;
        let file = file.ok_or_else(|| rows::not_found(owner.file.id.as_str()))?;
        // The bytes that are replaced are counted until then.
        let more = received
            .size()
            .saturating_sub(file.size.unwrap_or_default());
        let kind = UsageType::StorageCount;
        quotas::require_in_job(tx, &owner.workspace, kind, more)?;
        set_content(tx, &file, &received)
    });
    let result = stored.await;
    if result.is_err() {
        blob.discard(app.store()).await?;
    }
    result
}

fn set_content(tx: &WriteTx<'_>, file: &File, received: &ReceivedBlob) -> Result<()> {
    let blob = received.complete(tx.conn)?;
    tx.conn
        .prepare_cached(SET_CONTENT)?
        .execute(named_params! {
            ":seq": file.seq,
            ":blob": blob,
            ":size": i64::try_from(received.size()).unwrap_or(i64::MAX),
            ":status": status_with_content(file.index),
            ":now": tx.now,
        })?;
    tx.wake_file_worker();
    Ok(())
}

/// Returns the status of a file whose bytes are there.
pub(super) const fn status_with_content(index: bool) -> Status {
    match index {
        true => Status::IndexingPending,
        false => Status::UploadCompleted,
    }
}

/// The bytes of an earlier upload stay, if there is one.
const SET_FAILURE: &str = "
    UPDATE files SET status = :status, failure = :failure, updated_at = :now
    WHERE seq = :seq AND blob_seq IS NULL";

/// Records why an upload failed. A failure of the store is not recorded: the client sends the bytes again.
async fn record_failure(app: &App, target: &StoredFile, error: &Error) {
    let seq = target.file.seq;
    let failure = match error.kind() {
        Kind::Internal | Kind::Unavailable { .. } | Kind::NotFound => None,
        _ => Some(error.message().to_owned()),
    };
    let recorded = app.run_write_tx_as(Actor::System, move |tx| {
        tx.wake_file_worker();
        if let Some(failure) = failure {
            tx.conn.prepare_cached(SET_FAILURE)?.execute(named_params! {
                ":seq": seq, ":status": Status::UploadFailed, ":failure": failure, ":now": tx.now,
            })?;
        }
        Ok(())
    });
    if let Err(error) = recorded.await {
        warn!(%error, "the failure of an upload cannot be recorded");
    }
}
