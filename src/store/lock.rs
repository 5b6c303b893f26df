//! One server per database: an exclusive lock on a file beside it.
//!
//! The database itself is not locked, because SQLite's own locks are on it and closing any other
//! handle of that file in this process would drop them.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{OpenError, files};

/// What is known of the server that holds a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// Its process id.
    pub pid: Option<u32>,
    /// The address it listens on, once it does.
    pub url: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("unknown process")?,
        }
        match &self.url {
            Some(url) => write!(f, " at {url}"),
            None => Ok(()),
        }
    }
}

/// The lock of a database. Dropping it releases it.
#[derive(Debug)]
pub(super) struct ProcessLock {
    file: File,
    path: PathBuf,
}

impl ProcessLock {
    /// Takes the lock of `database`, whose path must be [located](files::locate).
    pub(super) fn acquire(database: &Path) -> Result<Self, OpenError> {
        let path = files::beside(database, ".lock");
        let failed = |error| OpenError::io(database, error);
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::InUse {
                        path: database.to_owned(),
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // The last holder may have removed the file between our open and our lock.
            if !is_at(&file, &path).map_err(failed)? {
                continue;
            }
            let mut lock = Self { file, path };
            lock.write_holder(None).map_err(failed)?;
            return Ok(lock);
        }
    }

    /// Tells who asks that this process listens on `url`.
    pub(super) fn announce(&mut self, url: &str) -> io::Result<()> {
        self.write_holder(Some(url.to_owned()))
    }

    fn write_holder(&mut self, url: Option<String>) -> io::Result<()> {
        let holder = Holder {
            pid: Some(std::process::id()),
            url,
        };
        let text = serde_json::to_vec(&holder)?;
        self.file.rewind()?;
        self.file.write_all(&text)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // Removed while it is still locked, so that nobody else's file is removed.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the lock file stays behind");
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    // Only to name the other server: an unreadable file means an unnamed one.
    let _ = file.read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_default()
}
