//! Stored bytes, for every area: written in pieces as they arrive, and read in pieces.
//!
//! A blob is invisible until [`ReceivedBlob::complete`] runs in the transaction that makes a row refer to it. Triggers
//! count these rows; a blob without any is doomed, and [`purge_step`] deletes it in short transactions.

use std::{mem, sync::Arc};

use futures_util::{Stream, stream};
use rusqlite::{Connection, OptionalExtension, named_params};
use sha2::{Digest, Sha256};

use crate::{
    kernel::{Error, Result, hex},
    store::Store,
};

/// Size of a stored piece, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;
/// Number of bytes that are written in one transaction: what an upload has in memory.
pub(in crate::domain) const WINDOW_BYTES: usize = 4 * CHUNK_BYTES;
/// Number of pieces that one transaction deletes.
const CHUNKS_PER_DELETION: i64 = 8;

/// Bytes that are being received.
pub(in crate::domain) struct BlobWriter {
    store: Store,
    /// Row of the blob, once its first window is written.
    seq: Option<i64>,
    /// Number of written pieces.
    chunks: i64,
    window: Vec<u8>,
    size: u64,
    hash: Sha256,
}

/// Bytes that are received, of which the last window is not written yet.
#[derive(Clone)]
pub(in crate::domain) struct ReceivedBlob {
    seq: Option<i64>,
    chunks: i64,
    window: Arc<Vec<u8>>,
    size: u64,
    etag: String,
}

const INSERT: &str = "INSERT INTO blobs DEFAULT VALUES";
const INSERT_CHUNK: &str = "
    INSERT INTO blob_chunks (blob_seq, position, bytes) VALUES (:blob, :position, :bytes)";
const COMPLETE: &str = "UPDATE blobs SET size = :size, etag = :etag WHERE seq = :seq";

impl BlobWriter {
    pub(in crate::domain) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            seq: None,
            chunks: 0,
            window: Vec::new(),
            size: 0,
            hash: Sha256::new(),
        }
    }

    /// Returns the number of received bytes.
    pub(in crate::domain) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes. Writes each full window in a transaction of its own.
    ///
    /// # Errors
    /// Errors of the store.
    pub(in crate::domain) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.window.len() == WINDOW_BYTES {
                self.write_window().await?;
            }
            let room = WINDOW_BYTES - self.window.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.window.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    async fn write_window(&mut self) -> Result<()> {
        let window = mem::take(&mut self.window);
        let (seq, chunks) = (self.seq, self.chunks);
        let written = self.store.write(move |conn| {
            let seq = write_window(conn, seq, chunks, &window)?;
            Ok((seq, window))
        });
        let (seq, mut window) = written.await?;
        self.seq = Some(seq);
        self.chunks += count_chunks(window.len());
        // The allocation is used again.
        window.clear();
        self.window = window;
        Ok(())
    }

    /// Ends the bytes.
    pub(in crate::domain) fn finish(self) -> ReceivedBlob {
        ReceivedBlob {
            seq: self.seq,
            chunks: self.chunks,
            window: Arc::new(self.window),
            size: self.size,
            etag: hex::encode(&self.hash.finalize()),
        }
    }

    /// Dooms what is written so far.
    ///
    /// # Errors
    /// Errors of the store.
    pub(in crate::domain) async fn discard(self) -> Result<()> {
        discard(&self.store, self.seq).await
    }
}

impl ReceivedBlob {
    /// Returns the size in bytes.
    pub(in crate::domain) const fn size(&self) -> u64 {
        self.size
    }

    /// Writes the last window, and returns the row of the complete blob. The same transaction must make a row refer to it.
    pub(in crate::domain) fn complete(&self, conn: &Connection) -> Result<i64> {
        let seq = write_window(conn, self.seq, self.chunks, &self.window)?;
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        conn.prepare_cached(COMPLETE)?
            .execute(named_params! {":seq": seq, ":size": size, ":etag": self.etag})?;
        Ok(seq)
    }

    /// Dooms what is written so far.
    ///
    /// # Errors
    /// Errors of the store.
    pub(in crate::domain) async fn discard(self, store: &Store) -> Result<()> {
        discard(store, self.seq).await
    }
}

fn count_chunks(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(CHUNK_BYTES)).unwrap_or(i64::MAX)
}

/// Writes a window behind the first `chunks` pieces of a blob, which is created if it has no row yet.
fn write_window(conn: &Connection, seq: Option<i64>, chunks: i64, window: &[u8]) -> Result<i64> {
    let seq = match seq {
        Some(seq) => seq,
        None => {
            conn.prepare_cached(INSERT)?.execute([])?;
            conn.last_insert_rowid()
        }
    };
    let mut statement = conn.prepare_cached(INSERT_CHUNK)?;
    for (position, bytes) in (chunks..).zip(window.chunks(CHUNK_BYTES)) {
        let parameters = named_params! {":blob": seq, ":position": position, ":bytes": bytes};
        statement.execute(parameters)?;
    }
    Ok(seq)
}

const DOOM: &str = "UPDATE blobs SET doomed = 1 WHERE seq = :seq AND refs = 0";

async fn discard(store: &Store, seq: Option<i64>) -> Result<()> {
    let Some(seq) = seq else {
        return Ok(());
    };
    let doomed = store.write(move |conn| {
        conn.prepare_cached(DOOM)?
            .execute(named_params! {":seq": seq})?;
        Ok(())
    });
    doomed.await
}

const READ_CHUNK: &str = "
    SELECT bytes FROM blob_chunks WHERE blob_seq = :blob AND position = :position";

/// Reads the bytes from `start` up to `end`, a piece at a time. Fails if the blob is deleted meanwhile.
pub(in crate::domain) fn read(
    store: Store,
    blob: i64,
    start: u64,
    end: u64,
) -> impl Stream<Item = Result<Vec<u8>>> + Send + 'static {
    stream::try_unfold(start, move |at| {
        let store = store.clone();
        async move {
            if at >= end {
                return Ok(None);
            }
            let piece = store
                .scan(move |conn| read_piece(conn, blob, at, end))
                .await?;
            let next = at + piece.len() as u64;
            Ok(Some((piece, next)))
        }
    })
}

/// Reads the bytes from `at` up to `end`, or up to the end of the piece that has the first of them.
fn read_piece(conn: &Connection, blob: i64, at: u64, end: u64) -> Result<Vec<u8>> {
    let chunk = CHUNK_BYTES as u64;
    let position = i64::try_from(at / chunk).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(READ_CHUNK)?;
    let parameters = named_params! {":blob": blob, ":position": position};
    let found = statement.query_row(parameters, |row| {
        let bytes = row.get_ref(0)?.as_blob()?;
        let start = usize::try_from(at % chunk).unwrap_or(usize::MAX);
        let length = usize::try_from(end - at).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).unwrap_or_default();
        Ok(rest[..length.min(rest.len())].to_vec())
    });
    match found.optional()? {
        Some(piece) if !piece.is_empty() => Ok(piece),
        _ => Err(Error::internal("stored bytes are read", "they are deleted")),
    }
}

/// Reads a whole blob of this size. Call it on a thread for blocking work.
pub(in crate::domain) fn read_whole(conn: &Connection, blob: i64, size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    while (bytes.len() as u64) < size {
        let piece = read_piece(conn, blob, bytes.len() as u64, size)?;
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

const DOOM_INCOMPLETE: &str = "UPDATE blobs SET doomed = 1 WHERE size IS NULL";

/// Dooms the blobs that were being received when the server ended. Call it before any is received.
pub(in crate::domain) fn doom_incomplete(conn: &Connection) -> Result<()> {
    conn.prepare_cached(DOOM_INCOMPLETE)?.execute([])?;
    Ok(())
}

const FIND_DOOMED: &str = "SELECT seq FROM blobs WHERE doomed = 1 LIMIT 1";
const DELETE_CHUNKS: &str = "
    DELETE FROM blob_chunks WHERE rowid IN (
        SELECT rowid FROM blob_chunks WHERE blob_seq = :seq LIMIT :limit)";
const DELETE: &str = "DELETE FROM blobs WHERE seq = :seq";

/// True if a blob is doomed.
pub(in crate::domain) fn has_doomed(conn: &Connection) -> Result<bool> {
    Ok(conn.prepare_cached(FIND_DOOMED)?.exists([])?)
}

/// Deletes a part of a doomed blob.
pub(in crate::domain) fn purge_step(conn: &Connection) -> Result<()> {
    let mut statement = conn.prepare_cached(FIND_DOOMED)?;
    let found: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    let Some(seq) = found else {
        return Ok(());
    };
    let parameters = named_params! {":seq": seq, ":limit": CHUNKS_PER_DELETION};
    let deleted = conn.prepare_cached(DELETE_CHUNKS)?.execute(parameters)?;
    if i64::try_from(deleted).is_ok_and(|deleted| deleted < CHUNKS_PER_DELETION) {
        conn.prepare_cached(DELETE)?
            .execute(named_params! {":seq": seq})?;
    }
    Ok(())
}
