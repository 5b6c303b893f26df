//! Files beside the database: their names, and their atomic creation and removal.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use super::OpenError;

/// Appends `suffix` to the whole file name of `path`.
pub fn append_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Returns the canonical path of the file at `path`, so that two paths to the same file share one lock. The
/// directory must exist; the file need not.
pub(super) fn resolve_path(path: &Path) -> Result<PathBuf, OpenError> {
    let is_directory = || OpenError::IsDirectory {
        path: path.to_owned(),
    };
    match fs::canonicalize(path) {
        Ok(found) if found.is_dir() => return Err(is_directory()),
        Ok(found) => return Ok(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(OpenError::DirectoryMissing {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(OpenError::from_io(path, error)),
    }
    let name = path.file_name().ok_or_else(is_directory)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::canonicalize(directory) {
        Ok(found) => Ok(found.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::DirectoryMissing {
            path: path.to_owned(),
        }),
        Err(error) => Err(OpenError::from_io(path, error)),
    }
}

/// Creates a file that only its owner may read. The file must not exist.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Writes a file that only its owner may read, durably and atomically. Replaces an existing file.
///
/// # Errors
/// Errors of the file system.
pub fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = StagedFile::create_unique(path, ".draft")?;
    fs::write(draft.path(), contents)?;
    draft.persist(path)
}

/// Makes renames and removals in the directory of `path` durable.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().expect("a located file has a directory");
    File::open(directory)?.sync_all()
}

/// Suffixes of the files that SQLite keeps beside a database.
const COMPANION_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Returns one of the files that SQLite keeps beside the database at `path`, if there is one.
pub(super) fn find_companion(path: &Path) -> Option<PathBuf> {
    COMPANION_SUFFIXES
        .map(|suffix| append_suffix(path, suffix))
        .into_iter()
        .find(|companion| companion.exists())
}

/// A file under construction, under a temporary name in the same directory. Unless it is put in place, the
/// drop removes it and SQLite's files beside it.
#[derive(Debug)]
pub(super) struct StagedFile {
    path: PathBuf,
}

impl StagedFile {
    /// Creates an empty file `{target}{suffix}`. Removes a leftover of that name first.
    pub(super) fn create(target: &Path, suffix: &str) -> io::Result<Self> {
        let draft = Self {
            path: append_suffix(target, suffix),
        };
        remove_with_companions(&draft.path)?;
        create_private(&draft.path)?;
        Ok(draft)
    }

    /// Creates an empty file with a name that is unique across drafts and processes.
    pub(super) fn create_unique(target: &Path, suffix: &str) -> io::Result<Self> {
        static DRAFTS: AtomicU32 = AtomicU32::new(0);
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        Self::create(target, &format!("{suffix}-{}-{number}", process::id()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Renames the draft to `target`, durably. Replaces an existing file.
    pub(super) fn persist(self, target: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, target)?;
        sync_directory_of(target)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Err(error) = remove_with_companions(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a temporary file could not be deleted");
        }
    }
}

/// Removes a database and SQLite's files beside it, as far as they exist.
pub(super) fn remove_with_companions(path: &Path) -> io::Result<()> {
    remove_if_exists(path)?;
    for suffix in COMPANION_SUFFIXES {
        remove_if_exists(&append_suffix(path, suffix))?;
    }
    Ok(())
}

pub(super) fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// True while `path` leads to the open file. Another process may have replaced it.
pub(super) fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
