//! Tests with files as a power failure leaves them: SQLite decides about them after recovery.

use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::store::{OpenError, backup, files::append_suffix, restore};

/// Size of a disk sector, which is written as a whole, in bytes.
const SECTOR: usize = 512;

/// Zeroes the first sector, as a power failure during the write of the first page does.
fn zero_first_sector(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[..SECTOR].fill(0);
    fs::write(path, bytes).unwrap();
}

/// Copies a database with those of SQLite's files that survive a power failure.
fn copy_with_logs(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    for suffix in ["-wal", "-journal"] {
        let log = append_suffix(from, suffix);
        if log.exists() {
            fs::copy(log, append_suffix(to, suffix)).unwrap();
        }
    }
}

/// Creates a database with a torn first page. The log contains the whole page.
async fn create_torn_database(directory: &TempDir) -> Settings {
    let original = Settings {
        path: directory.path().join("original.db"),
        ..Settings::default()
    };
    let store = Store::open_with(&original, MIGRATIONS).unwrap();
    insert(&store, "acknowledged").await.unwrap();
    grow_file(&store).await;
    let torn = settings(directory);
    copy_with_logs(&original.path, &torn.path);
    store.close();
    zero_first_sector(&torn.path);
    torn
}

/// Makes the file longer; the first page contains the length.
async fn grow_file(store: &Store) {
    let grown = store.write(|connection| {
        let sql = "INSERT INTO item (name, body) VALUES ('large', zeroblob(50000))";
        Ok(connection.execute(sql, [])?)
    });
    grown.await.unwrap();
}

/// Creates a file of this program whose last writer crashed in a transaction: the first page is torn, and the
/// journal contains its previous content.
fn create_unfinished_database(directory: &TempDir) -> Settings {
    let settings = settings(directory);
    let store = open(directory);
    store.close();
    let original = directory.path().join("original.db");
    fs::rename(&settings.path, &original).unwrap();
    let writer = Connection::open(&original).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5;
             INSERT INTO item (name) VALUES ('before');
             BEGIN; PRAGMA user_version = 77;
             INSERT INTO item (name, body) VALUES ('unfinished', zeroblob(500000));",
        )
        .unwrap();
    copy_with_logs(&original, &settings.path);
    assert!(append_suffix(&settings.path, "-journal").exists());
    zero_first_sector(&settings.path);
    drop(writer);
    fs::remove_file(original).unwrap();
    settings
}

#[tokio::test]
async fn a_first_page_that_is_torn_is_recovered_from_the_log() {
    let directory = directory();
    let settings = create_torn_database(&directory).await;
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    assert!(!store.was_created());
    assert_eq!(list_names(&store), ["acknowledged", "large"]);
    store.close();
    let names: Vec<String> = read_directory(directory.path()).into_keys().collect();
    assert_eq!(names, ["original.db", "test.db"]);
    assert_eq!(
        &fs::read(&settings.path).unwrap()[..16],
        b"SQLite format 3\0"
    );
}

#[tokio::test]
async fn a_command_sees_a_torn_file_as_the_server_does() {
    let directory = directory();
    let settings = create_torn_database(&directory).await;
    let store = Store::open_for_command_with(&settings, MIGRATIONS).unwrap();
    assert_eq!(list_names(&store), ["acknowledged", "large"]);
}

#[tokio::test]
async fn a_newer_version_behind_a_torn_page_is_not_touched() {
    let directory = directory();
    let settings = create_torn_database(&directory).await;
    let before = read_directory(directory.path());
    let error = Store::open_with(&settings, &MIGRATIONS[..1]).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 2, .. }),
        "{error:?}"
    );
    assert!(before == read_directory(directory.path()));
}

#[test]
fn an_unfinished_transaction_is_rolled_back() {
    for beside in [false, true] {
        let directory = directory();
        let settings = create_unfinished_database(&directory);
        let open = match beside {
            true => Store::open_for_command_with,
            false => Store::open_with,
        };
        let store = open(&settings, MIGRATIONS).unwrap();
        assert_eq!(list_names(&store), ["before"], "beside: {beside}");
    }
}

#[test]
fn a_copy_with_an_unfinished_transaction_can_be_restored() {
    let (source, target) = (directory(), directory());
    // With the product's migrations, because a restore checks them.
    Store::open(&settings(&source)).unwrap().close();
    let original = settings(&source).path;
    let copy = source.path().join("copy.db");
    let writer = Connection::open(&original).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5;
             BEGIN; INSERT INTO meta VALUES ('unfinished', zeroblob(500000));",
        )
        .unwrap();
    copy_with_logs(&original, &copy);
    drop(writer);
    restore(&copy, &settings(&target).path, false).unwrap();
    let store = Store::open(&settings(&target)).unwrap();
    let unfinished = store.read(|connection| crate::store::meta::get(connection, "unfinished"));
    assert_eq!(unfinished.unwrap(), None);
    store.close();
    backup(&copy, &target.path().join("again.db"), false).unwrap();
}

/// Creates files that are refused, each with a log beside it.
fn create_refused_files(directory: &TempDir) -> Vec<(PathBuf, &'static str)> {
    let foreign = directory.path().join("foreign.db");
    let writer = Connection::open(directory.path().join("theirs.db")).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)")
        .unwrap();
    copy_with_logs(&directory.path().join("theirs.db"), &foreign);
    let torn_foreign = directory.path().join("torn-foreign.db");
    copy_with_logs(&foreign, &torn_foreign);
    zero_first_sector(&torn_foreign);
    drop(writer);
    let text = directory.path().join("text.db");
    fs::write(&text, "a diary, not a database\n".repeat(100)).unwrap();
    fs::write(append_suffix(&text, "-wal"), "somebody's log").unwrap();
    let note = directory.path().join("note.db");
    fs::write(&note, "a note\n").unwrap();
    fs::write(append_suffix(&note, "-journal"), "somebody's journal").unwrap();
    // A torn file, and no log has the first page.
    let lost = directory.path().join("lost.db");
    open(directory).close();
    fs::rename(settings(directory).path, &lost).unwrap();
    zero_first_sector(&lost);
    fs::write(append_suffix(&lost, "-wal"), "").unwrap();
    vec![
        (foreign, "of another program"),
        (torn_foreign, "of another program"),
        (text, "is not a SQLite file"),
        (note, "is not a SQLite file"),
        (lost, "is not a SQLite file"),
    ]
}

#[test]
fn a_log_beside_a_file_of_others_is_not_touched() {
    let directory = directory();
    for (path, expected) in create_refused_files(&directory) {
        let settings = Settings {
            path,
            ..Settings::default()
        };
        let before = read_directory(directory.path());
        let error = Store::open_with(&settings, MIGRATIONS).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(before == read_directory(directory.path()), "{error}");
    }
}

#[test]
fn a_log_without_its_database_is_named_by_every_command() {
    let directory = directory();
    let settings = settings(&directory);
    fs::write(append_suffix(&settings.path, "-wal"), "the only copy").unwrap();
    for content in [None, Some("")] {
        if let Some(content) = content {
            fs::write(&settings.path, content).unwrap();
        }
        for open in [Store::open_with, Store::open_for_command_with] {
            let error = open(&settings, MIGRATIONS).unwrap_err();
            assert!(matches!(error, OpenError::OrphanedLog { .. }), "{error:?}");
        }
    }
}

#[test]
fn a_new_file_has_a_log_from_the_beginning() {
    let directory = directory();
    let store = open(&directory);
    // SQLite's format versions for write and read in the file header; 2 means WAL.
    let path = store.path().to_owned();
    store.close();
    assert_eq!(fs::read(path).unwrap()[18..20], [2, 2]);
}
