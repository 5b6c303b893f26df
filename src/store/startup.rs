//! Opens, creates and migrates the database file.

use std::path::Path;

use rusqlite::Connection;

use super::{
    OpenError, Settings, checkpoint,
    connection::{READ_WRITE, enforce_foreign_keys, open_writer},
    files::{self, StagedFile},
    identity::{APPLICATION_ID, Identity},
    log_limit::LogLimit,
    migrations::{self, Migration, MigrationError},
    restore,
};

/// The writer's connection. `created` is true if the file is new.
#[derive(Debug)]
pub(super) struct OpenedDatabase {
    pub(super) connection: Connection,
    pub(super) created: bool,
}

/// Opens the file for a server, which holds its lock. Creates or migrates the file if necessary.
pub(super) fn open_or_create(
    path: &Path,
    settings: &Settings,
    migrations: &[Migration],
) -> Result<OpenedDatabase, OpenError> {
    let found = Identity::inspect(path)?;
    let Some(identity) = found else {
        refuse_leftovers(path)?;
        create_database(path, migrations)?;
        return open_migrated(path, settings)
            .map(|connection| OpenedDatabase {
                connection,
                created: true,
            })
            .inspect_err(|_| remove_unused_database(path));
    };
    identity.check_supported(path, migrations::version_of(migrations))?;
    let mut connection = open_writer(path, settings)?;
    checkpoint_if_disk_low(path, settings, &connection);
    enforce_foreign_keys(&connection, false)
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    migrations::apply(&mut connection, migrations)
        .map_err(|failed| migration_error(path, failed))?;
    enforce_foreign_keys(&connection, true).map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(OpenedDatabase {
        connection,
        created: false,
    })
}

/// Copies a leftover log before the first write if the disk has little free space. The log may be the file
/// that fills it.
fn checkpoint_if_disk_low(path: &Path, settings: &Settings, connection: &Connection) {
    if !LogLimit::new(path, settings).is_disk_low() {
        return;
    }
    if let Err(error) = checkpoint::truncate_log(connection) {
        tracing::warn!(%error, "disk space is low, and the write-ahead log cannot be checkpointed");
    }
}

/// Removes a newly created database that cannot be used after all.
pub(super) fn remove_unused_database(path: &Path) {
    if let Err(error) = files::remove_with_companions(path) {
        tracing::warn!(path = %path.display(), %error, "an unused database could not be deleted");
    }
}

/// Opens a file that a server may be running on. The file must exist and be up to date.
pub(super) fn open_existing(
    path: &Path,
    settings: &Settings,
    migrations: &[Migration],
) -> Result<OpenedDatabase, OpenError> {
    let identity = read_identity(path)?;
    let known = migrations::version_of(migrations);
    identity.check_supported(path, known)?;
    if identity.version < known {
        return Err(OpenError::Older {
            path: path.to_owned(),
            found: identity.version,
            known,
        });
    }
    Ok(OpenedDatabase {
        connection: open_migrated(path, settings)?,
        created: false,
    })
}

/// Reads the identity of the existing file at `path`. SQLite reads it, because this process may have the file open.
pub(super) fn read_identity(path: &Path) -> Result<Identity, OpenError> {
    if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        refuse_leftovers(path)?;
        return Err(OpenError::Missing {
            path: path.to_owned(),
        });
    }
    Identity::read_via_sqlite(path)
}

/// Refuses to create a database beside remains of an earlier one. SQLite would adopt or delete a leftover
/// log, and a new database would hide the one that an interrupted restore moved aside.
fn refuse_leftovers(path: &Path) -> Result<(), OpenError> {
    let path = path.to_owned();
    if let Some(companion) = files::find_companion(&path) {
        return Err(OpenError::OrphanedLog { path, companion });
    }
    match restore::find_moved_database(&path) {
        Some(aside) => Err(OpenError::MovedAside { path, aside }),
        None => Ok(()),
    }
}

/// Opens the writer's connection to a file that is up to date.
pub(super) fn open_migrated(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    let connection = open_writer(path, settings)?;
    enforce_foreign_keys(&connection, true).map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(connection)
}

/// Creates a new database under a temporary name, so that it appears completely or not at all.
fn create_database(path: &Path, migrations: &[Migration]) -> Result<(), OpenError> {
    let draft =
        StagedFile::create(path, ".new").map_err(|error| OpenError::from_io(path, error))?;
    let failed = |error| OpenError::from_sqlite(path, error);
    let mut connection = Connection::open_with_flags(draft.path(), READ_WRITE).map_err(failed)?;
    // The final rename synchronises the whole draft once.
    connection
        .pragma_update(None, "synchronous", "OFF")
        .and_then(|()| {
            connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))
        })
        .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| enforce_foreign_keys(&connection, false))
        .map_err(failed)?;
    migrations::create(&mut connection, migrations)
        .map_err(|failed| migration_error(path, failed))?;
    enable_wal(&connection).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    draft
        .persist(path)
        .map_err(|error| OpenError::from_io(path, error))
}

/// Sets WAL mode on a draft. To do it later, in place, would add a moment in which a power failure can tear
/// the first page.
pub(super) fn enable_wal(draft: &Connection) -> rusqlite::Result<()> {
    draft.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

fn migration_error(path: &Path, failed: MigrationError) -> OpenError {
    OpenError::Migration {
        path: path.to_owned(),
        name: failed.name,
        source: failed.source,
    }
}
