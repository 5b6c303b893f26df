use std::os::unix::fs::{PermissionsExt, symlink};

use rusqlite::Connection;

use super::*;
use crate::store::{LockHolder, OpenError, identity::APPLICATION_ID, migrations::version_of};

/// Opens a database, expects an error, and checks that the directory is unchanged.
fn expect_refusal(directory: &TempDir, settings: &Settings) -> OpenError {
    let before = read_directory(directory.path());
    let error = Store::open_with(settings, MIGRATIONS).unwrap_err();
    assert!(
        before == read_directory(directory.path()),
        "{error}: not as it was"
    );
    error
}

fn settings_for(directory: &TempDir, name: &str) -> Settings {
    Settings {
        path: directory.path().join(name),
        ..Settings::default()
    }
}

#[tokio::test]
async fn the_first_start_creates_and_the_second_keeps() {
    let directory = directory();
    let store = Store::open(&settings(&directory)).unwrap();
    assert!(store.was_created());
    let (application, version, mode, synchronous, keys): (i32, i64, String, i64, bool) = store
        .write(|connection| {
            Ok((
                connection.query_row("PRAGMA application_id", [], |row| row.get(0))?,
                connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
                connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
                connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?,
                connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(application, APPLICATION_ID);
    assert_eq!(application.to_be_bytes(), *b"PARL");
    assert_eq!(version, version_of(ALL));
    let full = 2;
    assert_eq!((mode.as_str(), synchronous, keys), ("wal", full, true));
    let mode = fs::metadata(store.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    store.close();
    let store = Store::open(&settings(&directory)).unwrap();
    assert!(!store.was_created());
}

#[test]
fn an_empty_file_becomes_a_database() {
    let directory = directory();
    fs::write(settings(&directory).path, b"").unwrap();
    assert!(open(&directory).was_created());
}

#[test]
fn an_older_file_is_migrated_without_losing_rows() {
    let directory = directory();
    let settings = settings(&directory);
    let store = Store::open_with(&settings, &MIGRATIONS[..1]).unwrap();
    store.close();
    assert!(matches!(
        Store::open_for_command_with(&settings, MIGRATIONS),
        Err(OpenError::Older {
            found: 1,
            known: 2,
            ..
        })
    ));
    let store = open(&directory);
    assert!(!store.was_created());
    assert!(list_names(&store).is_empty());
    store.close();
    assert!(matches!(
        Store::open_with(&settings, &MIGRATIONS[..1]),
        Err(OpenError::Newer {
            found: 2,
            known: 1,
            ..
        })
    ));
}

#[test]
fn a_failed_migration_leaves_the_step_before() {
    let directory = directory();
    let settings = settings(&directory);
    Store::open_with(&settings, &MIGRATIONS[..1])
        .unwrap()
        .close();
    for sql in [
        "CREATE TABLE half (x); SELECT no_such_function()",
        "CREATE TABLE child (parent TEXT REFERENCES meta (key)); INSERT INTO child VALUES ('none')",
    ] {
        let broken = [
            MIGRATIONS[0],
            Migration {
                name: "broken",
                sql,
            },
        ];
        let error = Store::open_with(&settings, &broken).unwrap_err();
        assert!(
            matches!(error, OpenError::Migration { name: "broken", .. }),
            "{error}"
        );
        let error = Store::open_with(&settings_for(&directory, "new.db"), &broken).unwrap_err();
        assert!(matches!(error, OpenError::Migration { .. }));
        assert_eq!(read_directory(directory.path()).len(), 1, "no new database");
    }
    let tables: i64 = Connection::open(&settings.path)
        .unwrap()
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('half', 'child')",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn a_newer_file_is_not_touched() {
    let directory = directory();
    open(&directory).close();
    let settings = settings(&directory);
    let connection = Connection::open(&settings.path).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    connection.close().unwrap();
    let error = expect_refusal(&directory, &settings);
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(matches!(
        Store::open_for_command_with(&settings, MIGRATIONS),
        Err(OpenError::Newer { .. })
    ));
}

#[test]
fn a_newer_version_that_is_only_in_the_log_is_seen() {
    let directory = directory();
    open(&directory).close();
    let settings = settings(&directory);
    let writer = Connection::open(&settings.path).unwrap();
    writer.pragma_update(None, "user_version", 3).unwrap();
    // Still open, as after a crash: the log is not in the file yet.
    let before = fs::read(&settings.path).unwrap();
    let error = Store::open_with(&settings, MIGRATIONS).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 3, .. }),
        "{error:?}"
    );
    assert!(before == fs::read(&settings.path).unwrap());
    writer.close().unwrap();
}

#[test]
fn other_files_are_refused_untouched() {
    let directory = directory();
    fs::write(
        directory.path().join("text.db"),
        "a diary, not a database\n".repeat(100),
    )
    .unwrap();
    fs::write(directory.path().join("short.db"), "SQLite format 3\0").unwrap();
    let foreign = Connection::open(directory.path().join("foreign.db")).unwrap();
    foreign
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)")
        .unwrap();
    foreign.close().unwrap();
    fs::write(directory.path().join("gone.db-wal"), "somebody's log").unwrap();
    for (name, expected) in [
        ("text.db", "is not a SQLite file"),
        ("short.db", "is not a SQLite file"),
        ("foreign.db", "of another program"),
        ("gone.db", "a part of one"),
    ] {
        let text = expect_refusal(&directory, &settings_for(&directory, name)).to_string();
        assert!(text.contains(expected) && text.contains(name), "{text}");
        assert!(text.lines().count() == 2, "{text}");
    }
    let beside = Store::open_for_command(&settings_for(&directory, "foreign.db")).unwrap_err();
    assert!(matches!(beside, OpenError::OtherApplication { .. }));
    let beside = Store::open_for_command(&settings_for(&directory, "text.db")).unwrap_err();
    assert!(
        matches!(beside, OpenError::NotADatabase { .. }),
        "{beside:?}"
    );
}

#[test]
fn unusable_paths_are_refused() {
    let directory = directory();
    fs::create_dir(directory.path().join("folder")).unwrap();
    fs::write(directory.path().join("file"), "x").unwrap();
    for (name, missing) in [
        ("no/such.db", true),
        ("file/such.db", true),
        ("folder", false),
    ] {
        let error = expect_refusal(&directory, &settings_for(&directory, name));
        assert_eq!(
            missing,
            matches!(error, OpenError::DirectoryMissing { .. }),
            "{error}"
        );
        assert_eq!(
            !missing,
            matches!(error, OpenError::IsDirectory { .. }),
            "{error}"
        );
    }
    let error = expect_refusal(
        &directory,
        &Settings {
            path: "/proc/parlance.db".into(),
            ..Settings::default()
        },
    );
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
    let error = Store::open_for_command(&settings_for(&directory, "none.db")).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }));
    assert_eq!(read_directory(directory.path()).len(), 2);
}

#[test]
fn the_codes_of_a_read_only_place_say_not_writable() {
    for code in [
        rusqlite::ffi::SQLITE_READONLY,
        rusqlite::ffi::SQLITE_READONLY_DIRECTORY,
        rusqlite::ffi::SQLITE_CANTOPEN,
        rusqlite::ffi::SQLITE_FULL,
    ] {
        let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let error = OpenError::from_sqlite("x.db", failure);
        assert!(matches!(error, OpenError::NotWritable { .. }), "{code}");
    }
    for kind in [
        std::io::ErrorKind::PermissionDenied,
        std::io::ErrorKind::ReadOnlyFilesystem,
    ] {
        let error = OpenError::from_io("x.db", kind.into());
        assert!(matches!(error, OpenError::NotWritable { .. }), "{kind}");
    }
}

#[tokio::test]
async fn a_damaged_schema_is_named() {
    let directory = directory();
    open(&directory).close();
    let settings = settings(&directory);
    let mut bytes = fs::read(&settings.path).unwrap();
    bytes[100..4096].fill(0xA5);
    fs::write(&settings.path, bytes).unwrap();
    let error = expect_refusal(&directory, &settings);
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_second_server_is_refused_until_the_first_closes() {
    let directory = directory();
    let store = open(&directory);
    store.publish_address("http://127.0.0.1:4600").unwrap();
    let link = directory.path().join("link.db");
    symlink(store.path(), &link).unwrap();
    for path in [store.path(), &link] {
        let second = Settings {
            path: path.to_owned(),
            ..Settings::default()
        };
        let Err(OpenError::InUse { holder, path }) = Store::open_with(&second, MIGRATIONS) else {
            panic!("two servers on one file");
        };
        let us = LockHolder {
            pid: Some(std::process::id()),
            url: Some("http://127.0.0.1:4600".to_owned()),
        };
        assert_eq!((holder, path.as_path()), (us, store.path()));
    }
    Store::open_for_command_with(&settings(&directory), MIGRATIONS).unwrap();
    store.close();
    open(&directory);
}

#[tokio::test]
async fn a_command_writes_beside_a_server() {
    let directory = directory();
    let server = open(&directory);
    let command = Store::open_for_command_with(&settings(&directory), MIGRATIONS).unwrap();
    insert(&command, "of the command").await.unwrap();
    insert(&server, "of the server").await.unwrap();
    drop(command);
    assert_eq!(list_names(&server), ["of the command", "of the server"]);
}
