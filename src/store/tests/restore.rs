use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::store::{
    BackupError, OpenError, backup, files::append_suffix, migrations::version_of, restore,
};

/// Creates a backup, with the product's migrations, in which `meta` contains `marker`.
async fn create_backup(directory: &TempDir, marker: &'static str) -> PathBuf {
    let settings = Settings {
        path: directory.path().join(format!("{marker}.db")),
        ..Settings::default()
    };
    let store = Store::open(&settings).unwrap();
    write_marker(&store, marker).await;
    let target = directory.path().join(format!("{marker}.backup"));
    backup(store.path(), &target, false).unwrap();
    target
}

async fn write_marker(store: &Store, marker: &'static str) {
    store
        .write(move |connection| crate::store::meta::set(connection, "marker", marker.as_bytes()))
        .await
        .unwrap();
}

fn read_marker(settings: &Settings) -> String {
    let store = Store::open(settings).unwrap();
    let marker = store.read(|connection| crate::store::meta::get(connection, "marker"));
    String::from_utf8(marker.unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn restores_where_nothing_was() {
    let (backups, directory) = (directory(), directory());
    let saved = create_backup(&backups, "saved").await;
    let report = restore(&saved, &settings(&directory).path, false).unwrap();
    assert_eq!(report.moved_to, None);
    assert_eq!(report.version, version_of(ALL));
    assert_eq!(read_directory(directory.path()).len(), 1);
    assert_eq!(read_marker(&settings(&directory)), "saved");
}

#[tokio::test]
async fn what_was_there_is_moved_aside_with_its_log() {
    let (backups, directory) = (directory(), directory());
    let saved = create_backup(&backups, "saved").await;
    let settings = settings(&directory);
    Store::open(&settings).unwrap().close();
    // The state that a killed server leaves: the last write is only in the log.
    let crashed = Connection::open(&settings.path).unwrap();
    crashed
        .execute("INSERT INTO meta VALUES ('marker', x'6F6C64')", [])
        .unwrap();

    let error = restore(&saved, &settings.path, false).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    let report = restore(&saved, &settings.path, true).unwrap();
    let moved = report.moved_to.unwrap();
    assert!(
        moved
            .to_str()
            .unwrap()
            .contains("test.db.before-restore-20")
    );
    assert_eq!(read_marker(&settings), "saved");
    assert_eq!(
        read_marker(&Settings {
            path: moved,
            ..Settings::default()
        }),
        "old"
    );
    drop(crashed);
}

#[tokio::test]
async fn a_running_server_is_not_restored_over() {
    let (backups, directory) = (directory(), directory());
    let saved = create_backup(&backups, "saved").await;
    let store = Store::open(&settings(&directory)).unwrap();
    write_marker(&store, "running").await;
    let error = restore(&saved, store.path(), true).unwrap_err();
    assert!(
        matches!(error, BackupError::Open(OpenError::InUse { .. })),
        "{error}"
    );
    store.close();
    assert_eq!(read_marker(&settings(&directory)), "running");
}

#[tokio::test]
async fn what_is_no_good_backup_changes_nothing() {
    let (backups, directory) = (directory(), directory());
    let settings = settings(&directory);
    Store::open(&settings).unwrap().close();
    let before = read_directory(directory.path());
    let newer = create_backup(&backups, "newer").await;
    let connection = Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    let damaged = create_backup(&backups, "damaged").await;
    let connection = Connection::open(&damaged).unwrap();
    connection
        .execute_batch("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(100000))")
        .unwrap();
    connection.close().unwrap();
    let mut bytes = fs::read(&damaged).unwrap();
    let end = bytes.len();
    bytes[end - 8 * 4096..].fill(0xA5);
    fs::write(&damaged, bytes).unwrap();
    let text = backups.path().join("text");
    fs::write(&text, "not a backup ".repeat(1000)).unwrap();
    let none = backups.path().join("none");

    let refused = |path: &Path| restore(path, &settings.path, true).unwrap_err();
    assert!(matches!(
        refused(&newer),
        BackupError::Open(OpenError::Newer { .. })
    ));
    assert!(matches!(refused(&damaged), BackupError::Damaged { .. }));
    assert!(matches!(
        refused(&text),
        BackupError::Open(OpenError::NotADatabase { .. })
    ));
    assert!(matches!(
        refused(&none),
        BackupError::Open(OpenError::Missing { .. })
    ));
    assert!(matches!(
        refused(&settings.path),
        BackupError::SameFile { .. }
    ));
    assert!(before == read_directory(directory.path()));
}

#[tokio::test]
async fn a_restore_that_was_cut_off_is_not_followed_by_a_new_database() {
    let (backups, directory) = (directory(), directory());
    let saved = create_backup(&backups, "saved").await;
    let settings = settings(&directory);
    Store::open(&settings).unwrap().close();
    // The state between the two renames.
    let aside = append_suffix(&settings.path, ".before-restore-20260301T120000000Z");
    std::fs::rename(&settings.path, &aside).unwrap();
    for open in [Store::open, Store::open_for_command] {
        let error = open(&settings).unwrap_err();
        assert!(matches!(error, OpenError::MovedAside { .. }), "{error:?}");
        assert!(
            error.to_string().contains(&aside.display().to_string()),
            "{error}"
        );
    }
    restore(&saved, &settings.path, false).unwrap();
    assert_eq!(read_marker(&settings), "saved");
}
