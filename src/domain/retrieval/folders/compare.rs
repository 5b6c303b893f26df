//! Compares the files of a folder with the index.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use super::{
    parse::Format,
    rows::{FileStamp, IndexedFile},
    skipped::SkippedFiles,
};
use crate::kernel::Timestamp;

/// A new or changed file.
#[derive(Debug, Clone)]
pub(super) struct ChangedFile {
    pub(super) path: String,
    pub(super) stamp: FileStamp,
    pub(super) format: Format,
}

/// Differences between a folder and the index.
#[derive(Debug, Default)]
pub(super) struct FolderDiff {
    pub(super) files: usize,
    pub(super) changed: Vec<ChangedFile>,
    pub(super) deleted: Vec<String>,
    pub(super) problem: Option<String>,
    pub(super) skipped: SkippedFiles,
}

/// Compares each file of a folder with its index entry.
pub(super) fn compare(
    root: &Path,
    max_bytes: u64,
    mut known: HashMap<String, IndexedFile>,
) -> FolderDiff {
    let mut compared = FolderDiff::default();
    let mut unreadable: Vec<PathBuf> = Vec::new();
    // Symbolic links are not followed: they may lead out of the folder or form a cycle.
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
                let path = error.path().unwrap_or(root).to_owned();
                if path != root {
                    let reason = format!("it cannot be read: {error}");
                    compared.skipped.add(display_path(root, &path), reason);
                }
                unreadable.push(path);
                compared.problem.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        if entry.depth() == 0 && !entry.path().is_dir() {
            unreadable.push(root.to_owned());
            compared.problem = Some(format!("{} is not a folder", root.display()));
            continue;
        }
        if entry.file_type().is_dir() {
            continue;
        }
        match inspect_file(root, &entry, max_bytes) {
            Ok(file) => {
                let before = known.remove(&file.path);
                let before = before.filter(|before| before.stamp == file.stamp);
                match before.map(|before| before.problem) {
                    Some(Some(problem)) => compared.skipped.add(file.path, problem),
                    Some(None) => compared.files += 1,
                    None => {
                        compared.files += 1;
                        compared.changed.push(file);
                    }
                }
            }
            Err(reason) => compared
                .skipped
                .add(display_path(root, entry.path()), reason),
        }
    }
    compared.deleted = known
        .into_keys()
        .filter(|path| {
            !unreadable
                .iter()
                .any(|unreadable| root.join(path).starts_with(unreadable))
        })
        .collect();
    compared.deleted.sort();
    compared
}

/// Returns the state of a file.
///
/// # Errors
/// The reason to skip the file.
fn inspect_file(
    root: &Path,
    entry: &DirEntry,
    max_bytes: u64,
) -> std::result::Result<ChangedFile, String> {
    if entry.file_type().is_symlink() {
        return Err("it is a symbolic link".to_owned());
    }
    if !entry.file_type().is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let below = entry.path().strip_prefix(root).ok().and_then(Path::to_str);
    let path = below.ok_or_else(|| "its name is not Unicode".to_owned())?;
    let format = Format::from_path(entry.path());
    let format = format.ok_or("its extension is not that of a text format")?;
    let metadata = entry.metadata();
    let metadata = metadata.map_err(|error| format!("it cannot be read: {error}"))?;
    let size = metadata.len();
    if size > max_bytes {
        let limit = format!("at most {max_bytes} are read (folders.max_file_bytes)");
        return Err(format!("it has {size} bytes, and {limit}"));
    }
    Ok(ChangedFile {
        path: path.to_owned(),
        stamp: file_stamp(&metadata),
        format,
    })
}

/// Returns a path relative to the folder, for display.
fn display_path(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.to_string_lossy().into_owned()
}

fn file_stamp(metadata: &fs::Metadata) -> FileStamp {
    let micros = metadata.mtime().saturating_mul(1_000_000);
    FileStamp {
        modified_at: Timestamp::from_micros(micros.saturating_add(metadata.mtime_nsec() / 1000)),
        size: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
    }
}
