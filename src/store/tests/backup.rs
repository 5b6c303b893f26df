use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::Connection;

use super::*;
use crate::store::{BackupError, OpenError, backup, check};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_during_writes_is_one_consistent_state() {
    let directory = directory();
    let store = open(&directory);
    let stopped = Arc::new(AtomicBool::new(false));
    insert(&store, "000000-a").await.unwrap();
    insert(&store, "000000-b").await.unwrap();
    let writer = tokio::spawn({
        let (store, stopped) = (store.clone(), Arc::clone(&stopped));
        async move {
            let mut number = 1;
            while !stopped.load(Ordering::Relaxed) {
                // Both rows or none.
                store
                    .write(move |connection| {
                        for half in ["a", "b"] {
                            connection.execute(
                                "INSERT INTO item (name, body) VALUES (?1, zeroblob(3000))",
                                [format!("{number:06}-{half}")],
                            )?;
                        }
                        Ok(())
                    })
                    .await
                    .unwrap();
                number += 1;
            }
            number
        }
    });
    for copy in 0..5 {
        let answered = list_names(&store).len();
        let target = directory.path().join(format!("copy-{copy}.db"));
        let source = store.path().to_owned();
        let report = tokio::task::spawn_blocking({
            let target = target.clone();
            move || backup(&source, &target, false).unwrap()
        })
        .await
        .unwrap();
        assert_eq!(report.version, 2);
        assert_eq!(report.bytes, fs::metadata(&target).unwrap().len());
        let connection = Connection::open(&target).unwrap();
        assert!(check(&connection).unwrap().is_sound());
        let (rows, mode): (usize, String) = (
            connection
                .query_row("SELECT count(*) FROM item", [], |row| row.get::<_, i64>(0))
                .map(|rows| rows.unsigned_abs() as usize)
                .unwrap(),
            connection
                .query_row("PRAGMA journal_mode", [], |row| row.get(0))
                .unwrap(),
        );
        assert!(
            rows >= answered && rows.is_multiple_of(2),
            "{rows} of {answered}"
        );
        assert_eq!(mode, "delete");
    }
    stopped.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    store.close();
    let left: Vec<_> = read_directory(directory.path()).into_keys().collect();
    assert_eq!(left.len(), 6, "{left:?}");
}

#[tokio::test]
async fn a_backup_replaces_only_when_told_and_never_a_live_database() {
    let directory = directory();
    let store = open(&directory);
    let target = directory.path().join("copy.db");
    backup(store.path(), &target, false).unwrap();
    let before = fs::read(&target).unwrap();
    insert(&store, "x").await.unwrap();
    let error = backup(store.path(), &target, false).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    assert!(fs::read(&target).unwrap() == before);
    backup(store.path(), &target, true).unwrap();
    assert!(fs::read(&target).unwrap() != before);

    let error = backup(&target, store.path(), true).unwrap_err();
    assert!(matches!(error, BackupError::TargetInUse { .. }), "{error}");
    let error = backup(store.path(), store.path(), true).unwrap_err();
    assert!(matches!(error, BackupError::SameFile { .. }), "{error}");
    assert_eq!(list_names(&store), ["x"]);
}

#[tokio::test]
async fn a_failed_backup_leaves_nothing() {
    let directory = directory();
    let store = open(&directory);
    store
        .write(|connection| {
            connection
                .execute_batch("INSERT INTO item (name, body) VALUES ('x', zeroblob(100000))")?;
            Ok(())
        })
        .await
        .unwrap();
    let path = store.path().to_owned();
    store.close();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    // The overflow pages of the large value.
    bytes[end - 8 * 4096..].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let before: Vec<_> = read_directory(directory.path()).into_keys().collect();
    let target = directory.path().join("copy.db");
    let error = backup(&path, &target, false).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    let missing = directory.path().join("none.db");
    let error = backup(&missing, &target, false).unwrap_err();
    assert!(matches!(
        error,
        BackupError::Open(OpenError::Missing { .. })
    ));
    let error = backup(&path, &directory.path().join("no/copy.db"), false).unwrap_err();
    assert!(matches!(
        error,
        BackupError::Open(OpenError::DirectoryMissing { .. })
    ));
    let after: Vec<_> = read_directory(directory.path()).into_keys().collect();
    assert_eq!(before, after);
}
