//! Comparing a folder with what is known of it, and reading what is different.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use futures_util::{StreamExt, stream};
use tracing::{debug, warn};
use walkdir::WalkDir;

use super::{
    passages,
    read::{self, Format},
    rows::{self, FileToIndex, PassageToIndex, Stamp},
};
use crate::{
    domain::{Domain, answers::content_terms, audit::Actor},
    kernel::{Error, Result, Timestamp},
};

/// The most that one transaction writes: other changes wait for it.
const BATCH_FILES: usize = 100;
/// The same in bytes of the files.
const BATCH_BYTES: i64 = 256 * 1024;
/// How many batches are read ahead while one is written.
const AHEAD: usize = 2;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// How many files the folder has that can be read.
    pub files: usize,
    /// How many of them were read, because they are new or different.
    pub read: usize,
    /// How many are forgotten, because they are gone.
    pub forgotten: usize,
    /// Why the folder, or a part of it, could not be looked at. What was known of it is kept.
    pub problem: Option<String>,
}

/// A file that is new or different.
#[derive(Debug, Clone)]
struct Changed {
    path: String,
    stamp: Stamp,
    format: Format,
}

/// Compares a folder with what is known of it, and writes down what is different.
///
/// # Errors
/// `NotFound` for a folder that is not in the settings, or those of the store.
pub async fn scan(domain: &Domain, name: &str) -> Result<Scanned> {
    let folder = domain.folders().get(name)?;
    let _one_at_a_time = folder.scanning.lock().await;
    let seq = match domain.store().read(|conn| rows::find(conn, &folder.name))? {
        Some(seq) => seq,
        None => {
            let name = folder.name.clone();
            let made = domain.change_as(Actor::System, move |change| {
                rows::ensure(change.conn, &name)
            });
            made.await?
        }
    };
    let known = domain.store().scan(move |conn| rows::files(conn, seq));
    let known = known.await?;
    let root = folder.path.clone();
    let max_bytes = domain.settings().folders.max_file_bytes;
    let compared = tokio::task::spawn_blocking(move || compare(&root, max_bytes, known));
    let compared = compared.await.map_err(|error| gave_up(&error))?;
    if let Some(problem) = &compared.problem {
        warn!(
            folder = folder.name,
            problem, "a folder could not be looked at"
        );
    }
    let forgotten = compared.gone.len();
    forget(domain, seq, compared.gone).await?;
    let read = index(domain, seq, &folder.path, compared.changed).await?;
    let scanned = Scanned {
        files: compared.files,
        read,
        forgotten,
        problem: compared.problem,
    };
    folder.scanned.send_replace(Some(scanned.clone()));
    Ok(scanned)
}

/// Forgets the folders that are no longer in the settings.
///
/// # Errors
/// Those of the store.
pub async fn forget_others(domain: &Domain) -> Result<()> {
    let _one_at_a_time = domain.folders().forgetting.lock().await;
    for name in domain.store().read(rows::names)? {
        if domain.folders().get(&name).is_ok() {
            continue;
        }
        let found = domain.store().read(|conn| rows::find(conn, &name))?;
        let Some(seq) = found else { continue };
        let files = domain.store().scan(move |conn| rows::files(conn, seq));
        let files = files.await?.into_keys().collect();
        forget(domain, seq, files).await?;
        let dropped = domain.change_as(Actor::System, move |change| {
            rows::drop_folder(change.conn, seq)
        });
        dropped.await?;
    }
    Ok(())
}

async fn forget(domain: &Domain, folder: i64, gone: Vec<String>) -> Result<()> {
    for batch in gone.chunks(BATCH_FILES) {
        let batch = batch.to_vec();
        let forgotten = domain.change_as(Actor::System, move |change| {
            for path in &batch {
                rows::remove(change.conn, folder, path)?;
            }
            Ok(())
        });
        forgotten.await?;
    }
    Ok(())
}

/// Reads files and writes them down; says how many could be read.
async fn index(domain: &Domain, folder: i64, root: &Path, changed: Vec<Changed>) -> Result<usize> {
    let mut indexed = 0;
    let mut read = stream::iter(batches(changed))
        .map(|batch| {
            let root = root.to_owned();
            tokio::task::spawn_blocking(move || read_batch(&root, batch))
        })
        .buffered(AHEAD);
    while let Some(files) = read.next().await {
        let files = files.map_err(|error| gave_up(&error))?;
        indexed += files.len();
        let written = domain.change_as(Actor::System, move |change| {
            for file in &files {
                rows::put(change.conn, folder, file)?;
            }
            Ok(())
        });
        written.await?;
    }
    Ok(indexed)
}

fn batches(changed: Vec<Changed>) -> Vec<Vec<Changed>> {
    let mut batches: Vec<Vec<Changed>> = Vec::new();
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

fn read_batch(root: &Path, batch: Vec<Changed>) -> Vec<FileToIndex> {
    let files = batch.into_iter().filter_map(|file| {
        let bytes = match fs::read(root.join(&file.path)) {
            Ok(bytes) => bytes,
            Err(error) => {
                // Gone or closed in the meantime: the next comparison sees it as it is then.
                debug!(path = file.path, %error, "a file could not be read");
                return None;
            }
        };
        let name = Path::new(&file.path).file_stem();
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let passages = passages::split(&read::read(file.format, &bytes), &name);
        let passages = passages.into_iter().map(|passage| PassageToIndex {
            title_terms: content_terms(&passage.title).join(" "),
            text_terms: content_terms(&passage.text).join(" "),
            title: passage.title,
            text: passage.text,
        });
        Some(FileToIndex {
            path: file.path,
            stamp: file.stamp,
            passages: passages.collect(),
        })
    });
    files.collect()
}

/// What is different in a folder.
#[derive(Debug, Default)]
struct Compared {
    files: usize,
    changed: Vec<Changed>,
    gone: Vec<String>,
    problem: Option<String>,
}

fn compare(root: &Path, max_bytes: u64, mut known: HashMap<String, Stamp>) -> Compared {
    let mut compared = Compared::default();
    let mut unseen: Vec<PathBuf> = Vec::new();
    // Links inside are not followed: they could lead out of the folder, or in circles.
    let entries = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            entry.depth() == 0 || !hidden
        });
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                unseen.push(error.path().unwrap_or(root).to_owned());
                compared.problem.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        if entry.depth() == 0 && !entry.path().is_dir() {
            unseen.push(root.to_owned());
            compared.problem = Some(format!("{} is no folder", root.display()));
            continue;
        }
        let Some(format) = Format::of(entry.path()).filter(|_| entry.file_type().is_file()) else {
            continue;
        };
        let Some(path) = below(root, entry.path()) else {
            continue;
        };
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.len() > max_bytes {
            debug!(path, "a file is too large to be read");
            continue;
        }
        compared.files += 1;
        let stamp = stamp(&metadata);
        if known.remove(&path) != Some(stamp) {
            compared.changed.push(Changed {
                path,
                stamp,
                format,
            });
        }
    }
    compared.gone = known
        .into_keys()
        .filter(|path| {
            !unseen
                .iter()
                .any(|unseen| root.join(path).starts_with(unseen))
        })
        .collect();
    compared.gone.sort();
    compared
}

/// The path below the folder; none if it is not Unicode.
fn below(root: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?.to_str();
    if below.is_none() {
        debug!(path = %path.display(), "a file is left out: its name is not Unicode");
    }
    below.map(str::to_owned)
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let micros = metadata.mtime().saturating_mul(1_000_000);
    Stamp {
        modified_at: Timestamp::from_micros(micros.saturating_add(metadata.mtime_nsec() / 1000)),
        size: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
    }
}

fn gave_up(error: &tokio::task::JoinError) -> Error {
    Error::internal("reading a folder ended too early", error.to_string())
}
