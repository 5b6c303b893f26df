//! Brings the file to where the engine can run on it.

use std::path::Path;

use rusqlite::Connection;

use super::{
    OpenError, Settings, checkpoint,
    connection::{READ_WRITE, enforce_foreign_keys, open_writer},
    files::{self, Draft},
    identity::{APPLICATION_ID, Identity},
    migrations::{self, Migration, MigrationFailed},
    restore,
    room::Room,
};

/// The writer's connection, and whether the file was made for it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) created: bool,
}

/// Opens the file of a server, which holds its lock: creates it if it is not there, migrates it.
pub(super) fn open_or_create(
    path: &Path,
    settings: &Settings,
    migrations: &[Migration],
) -> Result<Opened, OpenError> {
    let found = Identity::look(path)?;
    let Some(identity) = found else {
        refuse_remains(path)?;
        create(path, migrations)?;
        return open_current(path, settings)
            .map(|connection| Opened {
                connection,
                created: true,
            })
            .inspect_err(|_| discard(path));
    };
    identity.require(path, migrations::version_of(migrations))?;
    let mut connection = open_writer(path, settings)?;
    copy_log_if_tight(path, settings, &connection);
    enforce_foreign_keys(&connection, false).map_err(|error| OpenError::sqlite(path, error))?;
    migrations::apply(&mut connection, migrations).map_err(|failed| migration(path, failed))?;
    enforce_foreign_keys(&connection, true).map_err(|error| OpenError::sqlite(path, error))?;
    Ok(Opened {
        connection,
        created: false,
    })
}

/// Copies a log that was left behind before anything is written, where the disk has little room: the log
/// may be what fills it.
fn copy_log_if_tight(path: &Path, settings: &Settings, connection: &Connection) {
    if !Room::of(path, settings).is_tight() {
        return;
    }
    if let Err(error) = checkpoint::truncate(connection) {
        tracing::warn!(%error, "there is little room, and the write-ahead log cannot be copied");
    }
}

/// Removes a database that was just created, because it cannot be used after all.
pub(super) fn discard(path: &Path) {
    if let Err(error) = files::remove_with_companions(path) {
        tracing::warn!(path = %path.display(), %error, "an unused database stays behind");
    }
}

/// Opens a file that a server may be running on: it must be there and up to date.
pub(super) fn open_beside(
    path: &Path,
    settings: &Settings,
    migrations: &[Migration],
) -> Result<Opened, OpenError> {
    let identity = look_beside(path)?;
    let known = migrations::version_of(migrations);
    identity.require(path, known)?;
    if identity.version < known {
        return Err(OpenError::Older {
            path: path.to_owned(),
            found: identity.version,
            known,
        });
    }
    Ok(Opened {
        connection: open_current(path, settings)?,
        created: false,
    })
}

/// What the existing file at `path` says of itself. SQLite reads it, because this process may
/// have the file open.
pub(super) fn look_beside(path: &Path) -> Result<Identity, OpenError> {
    if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        refuse_remains(path)?;
        return Err(OpenError::Missing {
            path: path.to_owned(),
        });
    }
    Identity::recover(path)
}

/// There is no database. SQLite would take a log for that of a new one, or remove it with what is only there;
/// and a new one would hide what a restore that was cut off has moved away.
fn refuse_remains(path: &Path) -> Result<(), OpenError> {
    let path = path.to_owned();
    if let Some(companion) = files::find_companion(&path) {
        return Err(OpenError::StrayLog { path, companion });
    }
    match restore::find_aside(&path) {
        Some(aside) => Err(OpenError::MovedAside { path, aside }),
        None => Ok(()),
    }
}

/// The writer's connection to a file that is up to date.
pub(super) fn open_current(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    let connection = open_writer(path, settings)?;
    enforce_foreign_keys(&connection, true).map_err(|error| OpenError::sqlite(path, error))?;
    Ok(connection)
}

/// Makes a new database under another name, so that it appears whole or not at all.
fn create(path: &Path, migrations: &[Migration]) -> Result<(), OpenError> {
    let draft = Draft::create(path, ".new").map_err(|error| OpenError::io(path, error))?;
    let failed = |error| OpenError::sqlite(path, error);
    let mut connection = Connection::open_with_flags(draft.path(), READ_WRITE).map_err(failed)?;
    // The draft is synchronised once, as a whole, when it is put in place.
    connection
        .pragma_update(None, "synchronous", "OFF")
        .and_then(|()| {
            connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))
        })
        .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| enforce_foreign_keys(&connection, false))
        .map_err(failed)?;
    migrations::apply(&mut connection, migrations).map_err(|failed| migration(path, failed))?;
    write_ahead(&connection).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    draft
        .put_in_place(path)
        .map_err(|error| OpenError::io(path, error))
}

/// Puts a draft into WAL mode. Done later, in place, it would be one more moment at which the first
/// page can be torn.
pub(super) fn write_ahead(draft: &Connection) -> rusqlite::Result<()> {
    draft.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

fn migration(path: &Path, failed: MigrationFailed) -> OpenError {
    OpenError::Migration {
        path: path.to_owned(),
        name: failed.name,
        source: failed.source,
    }
}
