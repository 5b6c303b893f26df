//! A consistent copy of a database that may be in use.

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
    files::{self, Draft},
    identity::Identity,
    migrations, startup,
};

/// How long a copy waits for a lock of the source.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The copy, as an absolute path.
    pub target: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The number of migrations that it has.
    pub version: i64,
}

/// Why a backup or a restore failed. Nothing was replaced, and no temporary file is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The source or the target is not usable.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target is there, and replacing it was not allowed.
    #[error("{} exists\nGive another path, or allow overwriting", .path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Source and target are one file.
    #[error("{} cannot be copied onto itself", .path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// The target of a backup is a database in use, or one that was not closed.
    #[error("{} looks like a database in use: there is a {} beside it\nGive another path", .path.display(), .companion.display())]
    TargetInUse {
        /// The target.
        path: PathBuf,
        /// The file that shows it.
        companion: PathBuf,
    },
    /// The copy is not sound, which means that the source is not.
    #[error("{} is damaged: {report}", .path.display())]
    Damaged {
        /// The source.
        path: PathBuf,
        /// What is wrong with it.
        report: CheckReport,
    },
    /// The source stayed locked.
    #[error("{} is locked by another process\nTry again", .path.display())]
    Busy {
        /// The source.
        path: PathBuf,
    },
    /// Copying failed.
    #[error("{} could not be copied", .path.display())]
    Copy {
        /// The source.
        path: PathBuf,
        /// Why.
        source: kernel::Error,
    },
    /// Writing the target failed.
    #[error("{} could not be written", .path.display())]
    Write {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Copies the database at `source` to `target` as one file, while a server may be writing to it.
/// The copy holds every write that was answered before it began. It is checked before it gets
/// its name. Seals are copied as they are; the key is not part of a backup.
///
/// # Errors
/// [`BackupError`]; `target` is then as it was.
pub fn backup(source: &Path, target: &Path, overwrite: bool) -> Result<BackupReport, BackupError> {
    let source = files::locate(source)?;
    let target = files::locate(target)?;
    startup::look_beside(&source)?.require(&source, i64::MAX)?;
    if source == target {
        return Err(BackupError::SameFile { path: target });
    }
    if target.exists() && !overwrite {
        return Err(BackupError::Exists { path: target });
    }
    // The log of another database would be replayed into the copy.
    if let Some(companion) = files::find_companion(&target) {
        return Err(BackupError::TargetInUse {
            path: target,
            companion,
        });
    }
    let copy = copy_checked(&source, &target, READ_WRITE)?;
    let (bytes, version) = (copy.bytes, copy.identity.version);
    copy.draft
        .put_in_place(&target)
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

/// A sound copy that has not got its name yet.
pub(super) struct Copy {
    pub(super) draft: Draft,
    pub(super) identity: Identity,
    pub(super) bytes: u64,
}

/// Copies the database at `source` to a draft beside `target` and checks it.
pub(super) fn copy_checked(
    source: &Path,
    target: &Path,
    flags: OpenFlags,
) -> Result<Copy, BackupError> {
    let unwritten = |error| BackupError::Write {
        path: target.to_owned(),
        source: error,
    };
    let failed = |error: kernel::Error| BackupError::Copy {
        path: source.to_owned(),
        source: error,
    };
    let draft = Draft::create_unique(target, ".partial").map_err(unwritten)?;
    let (identity, report) = match copy(source, draft.path(), flags).map_err(failed)? {
        Copied::Done { identity, report } => (identity, report),
        Copied::Busy => {
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
    let bytes = fs::metadata(draft.path()).map_err(unwritten)?.len();
    Ok(Copy {
        draft,
        identity,
        bytes,
    })
}

enum Copied {
    Done {
        identity: Identity,
        report: CheckReport,
    },
    Busy,
}

fn copy(source: &Path, draft: &Path, flags: OpenFlags) -> kernel::Result<Copied> {
    let from = Connection::open_with_flags(source, flags)?;
    from.busy_timeout(BUSY_TIMEOUT)?;
    from.pragma_update(None, "query_only", true)?;
    let mut to = Connection::open_with_flags(draft, READ_WRITE)?;
    // The draft is synchronised once, as a whole, when it is put in place.
    to.pragma_update(None, "synchronous", "OFF")?;
    // One step is one read transaction: a single state of the source, and in WAL mode the
    // server's writer does not wait for it.
    match Backup::new(&from, &mut to)?.step(-1)? {
        StepResult::Done => {}
        _ => return Ok(Copied::Busy),
    }
    drop(from);
    // The copy is marked as having a log, like its source. Without one it is a single file.
    to.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(Copied::Done {
        identity: Identity::of(&to)?,
        report: check(&to)?,
    })
}

/// The version that this program can restore at most.
pub(super) fn known_version() -> i64 {
    migrations::version_of(migrations::ALL)
}
