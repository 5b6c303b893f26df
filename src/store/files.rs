//! Files beside the database: their names, and how they appear and vanish as a whole.

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

/// `path` with `suffix` after its whole name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The one name of the file at `path`, so that two ways to the same file share one lock. The
/// file need not exist, its directory must.
pub(super) fn locate(path: &Path) -> Result<PathBuf, OpenError> {
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
        Err(error) => return Err(OpenError::io(path, error)),
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
        Err(error) => Err(OpenError::io(path, error)),
    }
}

/// Creates a file that only its owner may read. It must not exist.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Writes a file that only its owner may read, durably and as a whole. A file of that name is replaced.
///
/// # Errors
/// What the system says.
pub fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = Draft::create_unique(path, ".draft")?;
    fs::write(draft.path(), contents)?;
    draft.put_in_place(path)
}

/// Makes what happened to the names in the directory of `path` durable.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().expect("a located file has a directory");
    File::open(directory)?.sync_all()
}

/// The files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// One of the files that SQLite keeps beside the database at `path`, if there is any.
pub(super) fn find_companion(path: &Path) -> Option<PathBuf> {
    COMPANIONS
        .map(|suffix| beside(path, suffix))
        .into_iter()
        .find(|companion| companion.exists())
}

/// A database in the making, under another name in the same directory. Unless it is put in place
/// it vanishes, with all that SQLite left beside it.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// An empty file `{target}{suffix}`. A leftover of that name is removed first.
    pub(super) fn create(target: &Path, suffix: &str) -> io::Result<Self> {
        let draft = Self {
            path: beside(target, suffix),
        };
        remove_with_companions(&draft.path)?;
        create_private(&draft.path)?;
        Ok(draft)
    }

    /// The same with a name that no other draft has, of this process or another.
    pub(super) fn create_unique(target: &Path, suffix: &str) -> io::Result<Self> {
        static DRAFTS: AtomicU32 = AtomicU32::new(0);
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        Self::create(target, &format!("{suffix}-{}-{number}", process::id()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the draft its name, durably. A file of that name is replaced.
    pub(super) fn put_in_place(self, target: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, target)?;
        sync_directory_of(target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = remove_with_companions(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a temporary file stays behind");
        }
    }
}

/// Removes a database and what SQLite left beside it, as far as they exist.
pub(super) fn remove_with_companions(path: &Path) -> io::Result<()> {
    remove_if_there(path)?;
    for suffix in COMPANIONS {
        remove_if_there(&beside(path, suffix))?;
    }
    Ok(())
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// True while `path` leads to the file that is open: another may have taken its place.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
