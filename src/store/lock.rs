//! Allows one server per database, by an exclusive lock on a file beside it. Also carries the signal by which
//! other processes report their changes.
//!
//! The lock is not on the database itself, because SQLite has its own locks there. Closing any other handle
//! of that file in this process would drop them.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
};

use serde::{Deserialize, Serialize};

use super::{OpenError, files};

/// The server that holds a database's lock, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LockHolder {
    /// Its process id.
    pub pid: Option<u32>,
    /// The URL that it listens on, once it listens.
    pub url: Option<String>,
}

impl fmt::Display for LockHolder {
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

/// Length of the holder's JSON in the lock file, in bytes. The signal follows it.
const HOLDER_BYTES: usize = 512;

/// The lock of a database. The drop releases it.
#[derive(Debug)]
pub(super) struct ProcessLock {
    file: File,
    path: PathBuf,
}

impl ProcessLock {
    /// Takes the lock of `database`, whose path must be [located](files::resolve_path).
    pub(super) fn acquire(database: &Path) -> Result<Self, OpenError> {
        let path = files::append_suffix(database, ".lock");
        let failed = |error| OpenError::from_io(database, error);
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
                Err(TryLockError::WouldBlock) if is_shared_lock(&file) => {
                    thread::yield_now();
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::InUse {
                        path: database.to_owned(),
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // The last holder may have removed the file between our open and our lock.
            if !files::is_same_file(&file, &path).map_err(failed)? {
                continue;
            }
            let mut lock = Self { file, path };
            lock.write_holder(None).map_err(failed)?;
            return Ok(lock);
        }
    }

    /// Publishes the URL that this process listens on.
    pub(super) fn publish_address(&mut self, url: &str) -> io::Result<()> {
        self.write_holder(Some(url.to_owned()))
    }

    fn write_holder(&mut self, url: Option<String>) -> io::Result<()> {
        let lock_holder = LockHolder {
            pid: Some(std::process::id()),
            url,
        };
        let mut text = serde_json::to_vec(&lock_holder)?;
        text.resize(HOLDER_BYTES.max(text.len()), b' ');
        self.file.write_all_at(&text, 0)
    }

    /// Returns a handle of the lock file, to read the [signal](read_signal) while the lock is held.
    pub(super) fn signal_file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// True if the conflicting lock is a shared one, which other processes take briefly to [look for](read_published_address)
/// a server.
fn is_shared_lock(file: &File) -> bool {
    file.try_lock_shared().is_ok() && file.unlock().is_ok()
}

/// Returns the URL that the server of this database has published, if one runs.
pub(super) fn read_published_address(database: &Path) -> Option<String> {
    let mut file = File::open(files::append_suffix(database, ".lock")).ok()?;
    // The file is a leftover if no process holds its lock.
    if file.try_lock_shared().is_ok() {
        return None;
    }
    read_holder(&mut file).url
}

/// Returns a number that changes whenever another process [raises](raise_signal) the signal. Costs one system
/// call and does not touch the database.
pub(super) fn read_signal(file: &File) -> u64 {
    let mut bytes = [0; size_of::<u64>()];
    // The number is missing until it is first raised.
    let _ = file.read_exact_at(&mut bytes, HOLDER_BYTES as u64);
    u64::from_ne_bytes(bytes)
}

/// Signals to the server of `database`, if one runs, that another process has changed something. Call it
/// after the commit, so that a process that sees the signal also sees the change.
pub(super) fn raise_signal(database: &Path) -> io::Result<()> {
    let path = files::append_suffix(database, ".lock");
    match OpenOptions::new().write(true).open(path) {
        // Any other number works. A random one needs no coordination between processes.
        Ok(file) => file.write_all_at(&rand::random::<u64>().to_ne_bytes(), HOLDER_BYTES as u64),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // The file is removed while it is still locked, so this never removes another holder's file.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the lock file could not be deleted");
        }
    }
}

fn read_holder(file: &mut File) -> LockHolder {
    let mut text = Vec::new();
    // The holder is only for messages, so an unreadable file gives an unknown holder.
    let _ = file.take(HOLDER_BYTES as u64).read_to_end(&mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn whoever_asks_for_the_server_keeps_none_from_starting() {
        let directory = TempDir::new().unwrap();
        let database = directory.path().join("test.db");
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        read_published_address(&database);
                    }
                });
            }
            let taken = (0..2_000).map(|_| ProcessLock::acquire(&database).map(drop));
            let refused = taken.filter_map(Result::err).next();
            ended.store(true, Ordering::Relaxed);
            assert!(refused.is_none(), "{refused:?}");
        });
        let _held = ProcessLock::acquire(&database).unwrap();
        let second = ProcessLock::acquire(&database);
        assert!(matches!(second, Err(OpenError::InUse { .. })));
    }
}
