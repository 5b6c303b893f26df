//! Replaces a database with a backup. Never destroys the old database.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use crate::kernel::{Clock, Timestamp};

use super::{
    BackupError, OpenError,
    backup::{copy_checked, max_known_version},
    connection::{READ_WRITE, recovery_flags},
    files::{self, append_suffix},
    lock::ProcessLock,
    startup,
};

/// Suffix of a database that was moved aside; the time follows.
const ASIDE_SUFFIX: &str = ".before-restore-";

/// The result of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// Absolute path of the database.
    pub target: PathBuf,
    /// Path of the previous database after it was moved aside, if there was one.
    pub moved_to: Option<PathBuf>,
    /// Size of the restored database in bytes.
    pub bytes: u64,
    /// Number of migrations that it has. The next start of a server applies the missing ones.
    pub version: i64,
}

/// Puts a checked copy of `backup_file` at `target`. An existing database is moved aside to
/// `{target}.before-restore-{time}`, and only if `overwrite` is true. The key file stays; it must contain the
/// key that the backup was sealed with.
///
/// # Errors
/// [`BackupError`]. `target` is unchanged then. In particular [`OpenError::InUse`] if a server runs on it.
pub fn restore(
    backup_file: &Path,
    target: &Path,
    overwrite: bool,
) -> Result<RestoreReport, BackupError> {
    let source = files::resolve_path(backup_file)?;
    let target = files::resolve_path(target)?;
    if source == target {
        return Err(BackupError::SameFile { path: target });
    }
    if !source.exists() {
        return Err(OpenError::Missing { path: source }.into());
    }
    let _lock = ProcessLock::acquire(&target)?;
    if has_database_files(&target) && !overwrite {
        return Err(BackupError::Exists { path: target });
    }
    startup::read_identity(&source)?.check_supported(&source, max_known_version())?;
    let copy = copy_checked(&source, &target, recovery_flags(&source))?;
    enable_wal(copy.draft.path()).map_err(|error| OpenError::from_sqlite(&target, error))?;
    let (bytes, version) = (copy.bytes, copy.identity.version);
    let write_error = |error| BackupError::Write {
        path: target.clone(),
        source: error,
    };
    let moved_to = move_aside(&target, Clock::system().now()).map_err(write_error)?;
    copy.draft
        .persist(&target)
        .inspect_err(|_| move_back(&target, moved_to.as_deref()))
        .map_err(write_error)?;
    Ok(RestoreReport {
        target,
        moved_to,
        bytes,
        version,
    })
}

fn enable_wal(draft: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(draft, READ_WRITE)?;
    startup::enable_wal(&connection)?;
    connection.close().map_err(|(_, error)| error)
}

fn has_database_files(target: &Path) -> bool {
    target.exists() || files::find_companion(target).is_some()
}

/// Moves a database together with SQLite's files, so that it can be opened at its new path.
fn move_aside(target: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    if !has_database_files(target) {
        return Ok(None);
    }
    let aside = choose_free_name(target, now);
    move_database_files(target, &aside).inspect_err(|_| move_back(target, Some(&aside)))?;
    Ok(Some(aside))
}

fn move_back(target: &Path, aside: Option<&Path>) {
    let Some(aside) = aside else { return };
    if let Err(error) = move_database_files(aside, target) {
        tracing::error!(path = %aside.display(), %error, "the database could not be moved back");
    }
}

fn move_database_files(from: &Path, to: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::rename(append_suffix(from, suffix), append_suffix(to, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Returns the database that was last moved aside from `target`, by its name.
pub(super) fn find_moved_database(target: &Path) -> Option<PathBuf> {
    let prefix = append_suffix(target, ASIDE_SUFFIX);
    let prefix = prefix.file_name()?.to_str()?;
    let entries = fs::read_dir(target.parent()?).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let of_target = |name: &String| {
        name.starts_with(prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let last = names.filter(of_target).max()?;
    Some(target.with_file_name(last))
}

fn choose_free_name(target: &Path, now: Timestamp) -> PathBuf {
    let time: String = now
        .to_rfc3339_millis()
        .chars()
        .filter(|character| !matches!(character, '-' | ':' | '.'))
        .collect();
    let first = append_suffix(target, &format!("{ASIDE_SUFFIX}{time}"));
    let mut name = first.clone();
    let mut count = 2;
    while has_database_files(&name) {
        name = append_suffix(&first, &format!("-{count}"));
        count += 1;
    }
    name
}
