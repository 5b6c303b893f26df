//! Makes a consistent copy of a database that may be in use.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::kernel;

use super::{
    CheckReport, OpenError, check,
    connection::READ_WRITE,
    files::{self, StagedFile},
    identity::Identity,
    migrations, startup,
};

/// Maximum time that a copy waits for a lock of the source.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The result of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// Absolute path of the copy.
    pub target: PathBuf,
    /// Size of the copy in bytes.
    pub bytes: u64,
    /// Number of migrations that the copy has.
    pub version: i64,
}

/// An error of a backup or a restore. No file was replaced, and no temporary file is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The source or the target cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target exists, and `overwrite` is false.
    #[error("{} exists\nGive another path, or allow overwriting", .path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Source and target are the same file.
    #[error("{} cannot be copied onto itself", .path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// The target of a backup is a database in use, or one that was not closed cleanly.
    #[error("{} looks like a database in use: there is a {} beside it\nGive another path", .path.display(), .companion.display())]
    TargetInUse {
        /// The target.
        path: PathBuf,
        /// The log file beside the target.
        companion: PathBuf,
    },
    /// The integrity check of the copy failed, so the source is damaged.
    #[error("{} is damaged: {report}", .path.display())]
    Damaged {
        /// The source.
        path: PathBuf,
        /// The result of the integrity check.
        report: CheckReport,
    },
    /// Another process kept the source locked.
    #[error("{} is locked by another process\nTry again", .path.display())]
    Busy {
        /// The source.
        path: PathBuf,
    },
    /// SQLite failed during the copy.
    #[error("{} could not be copied", .path.display())]
    Copy {
        /// The source.
        path: PathBuf,
        /// The cause.
        source: kernel::Error,
    },
    /// The target could not be written.
    #[error("{} could not be written", .path.display())]
    Write {
        /// The target.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Copies the database at `source` to `target` as one file. A server may write to the source meanwhile.
///
/// The copy contains every write that was acknowledged before the call. It gets its name only after an
/// integrity check. Sealed values are copied as they are; the sealing key is not part of a backup.
///
/// # Errors
/// [`BackupError`]. `target` is unchanged then.
pub fn backup(source: &Path, target: &Path, overwrite: bool) -> Result<BackupReport, BackupError> {
    let source = files::resolve_path(source)?;
    let target = files::resolve_path(target)?;
    startup::read_identity(&source)?.check_supported(&source, i64::MAX)?;
    if source == target {
        return Err(BackupError::SameFile { path: target });
    }
    if target.exists() && !overwrite {
        return Err(BackupError::Exists { path: target });
    }
    // SQLite would replay the log of another database into the copy.
    if let Some(companion) = files::find_companion(&target) {
        return Err(BackupError::TargetInUse {
            path: target,
            companion,
        });
    }
    let copy = copy_checked(&source, &target, READ_WRITE)?;
    let (bytes, version) = (copy.bytes, copy.identity.version);
    copy.draft
        .persist(&target)
        .map_err(|source| BackupError::Write {
            path: target.clone(),
            source,
        })?;
    Ok(BackupReport {
        target,
        bytes,
        version,
    })
}

/// A checked copy that still has its temporary name.
pub(super) struct CheckedCopy {
    pub(super) draft: StagedFile,
    pub(super) identity: Identity,
    pub(super) bytes: u64,
}

/// Copies the database at `source` to a draft beside `target` and checks it.
pub(super) fn copy_checked(
    source: &Path,
    target: &Path,
    flags: OpenFlags,
) -> Result<CheckedCopy, BackupError> {
    let write_error = |error| BackupError::Write {
        path: target.to_owned(),
        source: error,
    };
    let failed = |error: kernel::Error| BackupError::Copy {
        path: source.to_owned(),
        source: error,
    };
    let draft = StagedFile::create_unique(target, ".partial").map_err(write_error)?;
    let (identity, report) = match copy_database(source, draft.path(), flags).map_err(failed)? {
        CopyResult::Done { identity, report } => (identity, report),
        CopyResult::Busy => {
            return Err(BackupError::Busy {
                path: source.to_owned(),
            });
        }
    };
    if !report.is_sound() {
        return Err(BackupError::Damaged {
            path: source.to_owned(),
            report,
        });
    }
    let bytes = fs::metadata(draft.path()).map_err(write_error)?.len();
    Ok(CheckedCopy {
        draft,
        identity,
        bytes,
    })
}

enum CopyResult {
    Done {
        identity: Identity,
        report: CheckReport,
    },
    Busy,
}

fn copy_database(source: &Path, draft: &Path, flags: OpenFlags) -> kernel::Result<CopyResult> {
    let from = Connection::open_with_flags(source, flags)?;
    from.busy_timeout(BUSY_TIMEOUT)?;
    from.pragma_update(None, "query_only", true)?;
    let mut to = Connection::open_with_flags(draft, READ_WRITE)?;
    // The final rename synchronises the whole draft once.
    to.pragma_update(None, "synchronous", "OFF")?;
    // A single step is one read transaction. It copies one state of the source and, in WAL mode, does not
    // block the server's writer.
    match Backup::new(&from, &mut to)?.step(-1)? {
        StepResult::Done => {}
        _ => return Ok(CopyResult::Busy),
    }
    drop(from);
    // The copy is in WAL mode like its source. In mode DELETE it is a single file.
    to.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(CopyResult::Done {
        identity: Identity::read_from(&to)?,
        report: check(&to)?,
    })
}

/// Returns the highest version that this program can restore.
pub(super) fn max_known_version() -> i64 {
    migrations::version_of(migrations::ALL)
}
