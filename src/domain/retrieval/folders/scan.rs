//! Scans a folder: reads its new and changed files and writes them to the index.

use std::{fs, io, path::Path};

use futures_util::{StreamExt, stream};
use tracing::warn;

use super::{
    compare::{ChangedFile, compare},
    parse::Content,
    passages,
    reader::{join_error, read_content, read_text, run_blocking},
    rows::{self, FileToIndex, PassageToIndex},
    skipped::{LastProblem, SkippedFile, SkippedFiles},
};
use crate::{
    domain::{
        App,
        retrieval::answers::{Language, content_terms},
        tenancy::audit::Actor,
    },
    kernel::Result,
};

/// Maximum number of files in one transaction, because other writes wait for it.
const BATCH_FILES: usize = 100;
/// Maximum size of the files in one transaction, in bytes.
const BATCH_BYTES: i64 = 256 * 1024;
/// Number of batches that are read ahead while one is written.
const BATCHES_AHEAD: usize = 2;

/// Result of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanResult {
    /// Number of readable files in the folder.
    pub files: usize,
    /// Number of files that were read because they are new or changed.
    pub indexed: usize,
    /// Number of files that were removed from the index because they no longer exist.
    pub removed: usize,
    /// Reason why the folder or a part of it could not be read. The index entries of that part are
    /// kept.
    pub problem: Option<String>,
    /// Skipped files, without hidden files.
    pub skipped: SkippedFiles,
}

/// Compares a folder with its index and writes the differences.
///
/// # Errors
/// `NotFound` for a folder that is not in the settings, or an error of the store.
pub async fn scan(app: &App, name: &str) -> Result<ScanResult> {
    let folder = app.folders().get(name)?;
    let _one_at_a_time = folder.scan_lock.lock().await;
    let seq = match app.store().read(|conn| rows::find(conn, &folder.name))? {
        Some(seq) => seq,
        None => {
            let name = folder.name.clone();
            let created = app.run_write_tx_as(Actor::System, move |tx| {
                rows::find_or_create(tx.conn, &name)
            });
            created.await?
        }
    };
    let known = app.store().scan(move |conn| rows::list_files(conn, seq));
    let known = known.await?;
    let root = folder.path.clone();
    let max_bytes = app.folder_settings().max_file_bytes;
    let compared = tokio::task::spawn_blocking(move || compare(&root, max_bytes, known));
    let compared = compared.await.map_err(|error| join_error(&error))?;
    let removed = compared.deleted.len();
    delete_files(app, seq, compared.deleted).await?;
    let (indexed, problems) = index_files(app, seq, &folder.path, compared.changed).await?;
    let mut left_out = compared.skipped;
    let files = compared.files.saturating_sub(problems.len());
    left_out.extend(problems);
    let before = folder.last_scan.borrow().clone();
    let mut last_problem = LastProblem::default();
    last_problem.update(before.as_ref().and_then(|before| before.problem.clone()));
    if let Some(problem) = last_problem.update(compared.problem.clone()) {
        warn!(folder = folder.name, problem, "a folder could not be read");
    }
    left_out.log(&folder.name, before.as_ref().map(|before| &before.skipped));
    let scanned = ScanResult {
        files,
        indexed,
        removed,
        problem: compared.problem,
        skipped: left_out,
    };
    folder.last_scan.send_replace(Some(scanned.clone()));
    Ok(scanned)
}

/// Removes folders that are no longer in the settings.
///
/// # Errors
/// Errors of the store.
pub async fn remove_unconfigured(app: &App) -> Result<()> {
    let _one_at_a_time = app.folders().removal_lock.lock().await;
    for name in app.store().read(rows::list_names)? {
        if app.folders().get(&name).is_ok() {
            continue;
        }
        let found = app.store().read(|conn| rows::find(conn, &name))?;
        let Some(seq) = found else { continue };
        let files = app.store().scan(move |conn| rows::list_files(conn, seq));
        let files = files.await?.into_keys().collect();
        delete_files(app, seq, files).await?;
        let deletion =
            app.run_write_tx_as(Actor::System, move |tx| rows::delete_folder(tx.conn, seq));
        deletion.await?;
    }
    Ok(())
}

async fn delete_files(app: &App, folder: i64, paths: Vec<String>) -> Result<()> {
    for batch in paths.chunks(BATCH_FILES) {
        let batch = batch.to_vec();
        let deletion = app.run_write_tx_as(Actor::System, move |tx| {
            for path in &batch {
                rows::delete_file(tx.conn, folder, path)?;
            }
            Ok(())
        });
        deletion.await?;
    }
    Ok(())
}

/// Reads files and writes them to the index. Returns the number of files that were read, and the
/// files that were skipped.
async fn index_files(
    app: &App,
    folder: i64,
    root: &Path,
    changed: Vec<ChangedFile>,
) -> Result<(usize, Vec<SkippedFile>)> {
    let mut indexed = 0;
    let mut problems = Vec::new();
    let mut batches = stream::iter(split_batches(changed))
        .map(|batch| read_batch(app, root, batch))
        .buffered(BATCHES_AHEAD);
    while let Some(batch) = batches.next().await {
        let Batch { files, unreadable } = batch?;
        problems.extend(unreadable);
        problems.extend(files.iter().filter_map(|file| {
            let reason = file.problem.clone()?;
            let path = file.path.clone();
            Some(SkippedFile { path, reason })
        }));
        indexed += files.iter().filter(|file| file.problem.is_none()).count();
        let written = app.run_write_tx_as(Actor::System, move |tx| {
            for file in &files {
                rows::replace_file(tx.conn, folder, file)?;
            }
            rows::add_languages(tx.conn, folder, &files)
        });
        written.await?;
    }
    Ok((indexed, problems))
}

fn split_batches(changed: Vec<ChangedFile>) -> Vec<Vec<ChangedFile>> {
    let mut batches: Vec<Vec<ChangedFile>> = Vec::new();
    let mut bytes = 0;
    for file in changed {
        bytes += file.stamp.size;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_FILES && bytes <= BATCH_BYTES => batch.push(file),
            _ => {
                bytes = file.stamp.size;
                batches.push(vec![file]);
            }
        }
    }
    batches
}

/// A batch of files that were read.
#[derive(Debug, Default)]
struct Batch {
    files: Vec<FileToIndex>,
    /// Files that could not be opened. The next scan tries again.
    unreadable: Vec<SkippedFile>,
}

/// A file with its content.
type OpenedFile = (ChangedFile, Vec<u8>);

async fn read_batch(app: &App, root: &Path, batch: Vec<ChangedFile>) -> Result<Batch> {
    let (documents, texts): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .partition(|file| file.format.is_document());
    let mut result = Batch::default();
    for file in documents {
        let root = root.to_owned();
        let opened = run_blocking(move || read_file(&root, file)).await?;
        let (file, bytes) = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                result.unreadable.extend(problem);
                continue;
            }
        };
        let content = read_content(app, file.format, bytes).await?;
        let file = run_blocking(move || to_index(file, content)).await?;
        result.files.push(file);
    }
    let root = root.to_owned();
    let texts = run_blocking(move || read_texts(&root, texts)).await?;
    result.files.extend(texts.files);
    result.unreadable.extend(texts.unreadable);
    Ok(result)
}

fn read_texts(root: &Path, files: Vec<ChangedFile>) -> Batch {
    let mut result = Batch::default();
    for file in files {
        match read_file(root, file) {
            Ok((file, bytes)) => {
                let content = read_text(file.format, &bytes);
                result.files.push(to_index(file, content));
            }
            Err(problem) => result.unreadable.extend(problem),
        }
    }
    result
}

/// Opens a file.
///
/// # Errors
/// The reason to skip the file; none if the file was deleted meanwhile, which the next scan
/// detects.
fn read_file(
    root: &Path,
    file: ChangedFile,
) -> std::result::Result<OpenedFile, Option<SkippedFile>> {
    match fs::read(root.join(&file.path)) {
        Ok(bytes) => Ok((file, bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(None),
        Err(error) => Err(Some(SkippedFile {
            path: file.path,
            reason: format!("it cannot be read: {error}"),
        })),
    }
}

/// Builds the index entry of a file from its content, or from the reason why it has none.
fn to_index(file: ChangedFile, content: std::result::Result<Content, String>) -> FileToIndex {
    let (content, problem) = match content {
        Ok(content) => (content, None),
        Err(problem) => (Content::default(), Some(problem)),
    };
    let name = Path::new(&file.path).file_stem();
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let passages = passages::split_passages(&content, &name);
    let beginning = passages.iter().take(3).map(|passage| passage.text.as_str());
    let language = Language::detect(&beginning.collect::<Vec<_>>().join("\n"));
    let passages = passages.into_iter().map(|passage| PassageToIndex {
        title_terms: content_terms(&passage.title, language).join(" "),
        text_terms: content_terms(&passage.text, language).join(" "),
        title: passage.title,
        text: passage.text,
    });
    FileToIndex {
        path: file.path,
        stamp: file.stamp,
        language,
        passages: passages.collect(),
        problem,
    }
}
