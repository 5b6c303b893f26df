//! Indexes files: reads their text, splits it into passages, and stores these with their terms. The rows with the status
//! `indexing_pending` are the queue.

mod chunks;
mod store;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::{error, warn};

pub(super) use self::{
    chunks::{NewPassage, from_given},
    store::{PassageOwner, discard, insert_all, mark_complete},
};
use super::{File, Status, rows};
use crate::{
    domain::{
        retrieval::folders::{Format, read_content},
        shared::blobs,
        tenancy::{app::App, audit::Actor, request_auth::PrincipalAgent},
    },
    kernel::{Kind, Result},
};

/// Number of times that a file is tried, if the server ends while it reads the file.
const MAX_ATTEMPTS: i64 = 3;

/// A file that waits, with its bot.
struct WaitingFile {
    file: File,
    bot: PrincipalAgent,
    attempts: i64,
}

const NEXT: &str = "
    SELECT files.seq, files.index_attempts, agents.seq AS agent_seq, agents.id AS agent_id, agents.handle
    FROM files JOIN agents ON agents.seq = files.agent_seq
    WHERE files.status = 'indexing_pending' AND files.seq > :after AND agents.deleted_at IS NULL
    ORDER BY files.seq LIMIT 1";

fn find_next(conn: &Connection, after: i64) -> Result<Option<WaitingFile>> {
    let mut statement = conn.prepare_cached(NEXT)?;
    let found = statement.query_row(named_params! {":after": after}, |row| {
        let bot = PrincipalAgent {
            id: row.get("agent_id")?,
            handle: row.get("handle")?,
            seq: row.get("agent_seq")?,
        };
        let seq: i64 = row.get("seq")?;
        Ok((bot, seq, row.get("index_attempts")?))
    });
    let Some((bot, seq, attempts)) = found.optional()? else {
        return Ok(None);
    };
    let file = rows::load_row(conn, &bot, seq)?;
    Ok(file.map(|file| WaitingFile {
        file,
        bot,
        attempts,
    }))
}

/// Indexes all files that wait, one after the other.
///
/// # Errors
/// Errors of the store.
pub(super) async fn run_all(app: &App) -> Result<()> {
    let mut after = 0;
    while let Some(next) = app.store().read(|conn| find_next(conn, after))? {
        after = next.file.seq;
        if let Err(error) = index(app, next).await {
            match error.kind() {
                Kind::Internal => error!(?error, "a file cannot be indexed"),
                _ => return Err(error),
            }
        }
    }
    Ok(())
}

async fn index(app: &App, next: WaitingFile) -> Result<()> {
    let seq = next.file.seq;
    if next.attempts >= MAX_ATTEMPTS {
        let reason = "the server ended while it read the file".to_owned();
        return record_failure(app, seq, reason).await;
    }
    count_attempt(app, seq).await?;
    let passages = match read_passages(app, &next.file).await? {
        Ok(passages) => passages,
        Err(reason) => return record_failure(app, seq, reason).await,
    };
    let owner = PassageOwner {
        bot: next.bot.clone(),
        replaced: next.file.passages,
    };
    let set = match insert_all(app, &owner, passages).await {
        Ok(set) => set,
        Err(error) if error.kind() == Kind::LimitExceeded => {
            return record_failure(app, seq, error.message().to_owned()).await;
        }
        Err(error) => return Err(error),
    };
    if !complete(app, seq, next.file.blob, set).await? {
        discard(app, set).await?;
    }
    Ok(())
}

/// Reads the passages of a file, or returns the reason why it has none.
async fn read_passages(
    app: &App,
    file: &File,
) -> Result<std::result::Result<Vec<NewPassage>, String>> {
    let settings = app.file_settings();
    let (Some(blob), Some(size)) = (file.blob, file.size) else {
        return Ok(Err("it has no content".to_owned()));
    };
    let Some(format) = find_format(file) else {
        return Ok(Err(format!(
            "files of the type {} cannot be read as text",
            file.content_type
        )));
    };
    let max_bytes = settings.max_indexed_bytes;
    if size > max_bytes {
        return Ok(Err(format!(
            "it has {size} bytes, and at most {max_bytes} are indexed (files.max_indexed_bytes)"
        )));
    }
    let bytes = app
        .store()
        .scan(move |conn| blobs::read_whole(conn, blob, size));
    let content = match read_content(app, format, bytes.await?).await {
        Ok(Ok(content)) => content,
        Ok(Err(reason)) => return Ok(Err(reason)),
        Err(error) => {
            warn!(%error, "the text of a file cannot be read");
            return Ok(Err("it cannot be read".to_owned()));
        }
    };
    let max_passages = usize::try_from(settings.max_passages).unwrap_or(usize::MAX);
    let (name, length) = (file.key.clone(), file.chunk_length);
    let split = tokio::task::spawn_blocking(move || {
        chunks::split(&content, format, &name, (length, max_passages))
    });
    let passages = match split.await {
        Ok(Some(passages)) => passages,
        Ok(None) => {
            return Ok(Err(format!(
                "it has more than {max_passages} passages (files.max_passages)"
            )));
        }
        Err(error) => {
            warn!(%error, "the text of a file cannot be split");
            return Ok(Err("it cannot be read".to_owned()));
        }
    };
    Ok(match passages.is_empty() {
        true => Err("it contains no text".to_owned()),
        false => Ok(passages),
    })
}

/// Returns the format by media type, else by the extension of the key.
fn find_format(file: &File) -> Option<Format> {
    let essence = file.content_type.split(';').next().unwrap_or_default();
    let known = match essence.trim().to_ascii_lowercase().as_str() {
        "text/markdown" => Format::Markdown,
        "text/html" | "application/xhtml+xml" => Format::Html,
        "application/json" => Format::Json,
        "application/x-ndjson" | "application/jsonl" => Format::JsonLines,
        "text/csv" => Format::Csv,
        "text/tab-separated-values" => Format::Tsv,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Format::Docx,
        "application/pdf" => Format::Pdf,
        other => {
            let has_extension = Path::new(&file.key).extension().is_some();
            let by_key = Format::from_path(Path::new(&file.key)).filter(|_| has_extension);
            // The extension says more than text/plain, which clients send for every text.
            return match other {
                "text/plain" => Some(by_key.unwrap_or(Format::Text)),
                "application/octet-stream" | "" => by_key,
                _ if other.starts_with("text/") => Some(by_key.unwrap_or(Format::Lines)),
                _ => None,
            };
        }
    };
    Some(known)
}

const COUNT_ATTEMPT: &str = "UPDATE files SET index_attempts = index_attempts + 1 WHERE seq = :seq";

async fn count_attempt(app: &App, seq: i64) -> Result<()> {
    let counted = app.store().write(move |conn| {
        conn.prepare_cached(COUNT_ATTEMPT)?
            .execute(named_params! {":seq": seq})?;
        Ok(())
    });
    counted.await
}

const FAIL: &str = "
    UPDATE files SET status = :status, failure = :failure, updated_at = :now
    WHERE seq = :seq AND status = 'indexing_pending'";

async fn record_failure(app: &App, seq: i64, reason: String) -> Result<()> {
    let failed = app.run_write_tx_as(Actor::System, move |tx| {
        tx.conn.prepare_cached(FAIL)?.execute(named_params! {
            ":seq": seq,
            ":status": Status::IndexingFailed,
            ":failure": reason,
            ":now": tx.now,
        })?;
        Ok(())
    });
    failed.await
}

const COMPLETE: &str = "
    UPDATE files SET status = 'indexing_completed', failure = NULL, passages_seq = :set, updated_at = :now
    WHERE seq = :seq AND status = 'indexing_pending' AND blob_seq IS :blob";

/// Makes the passages visible. False if the file is another one meanwhile.
async fn complete(app: &App, seq: i64, blob: Option<i64>, set: i64) -> Result<bool> {
    let completed = app.run_write_tx_as(Actor::System, move |tx| {
        let parameters = named_params! {":seq": seq, ":blob": blob, ":set": set, ":now": tx.now};
        let changed = tx.conn.prepare_cached(COMPLETE)?.execute(parameters)? > 0;
        if changed {
            mark_complete(tx.conn, set)?;
            tx.wake_file_worker();
        }
        Ok(changed)
    });
    completed.await
}
