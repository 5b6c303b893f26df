use std::io::{Seek, SeekFrom, Write};

use super::*;
use crate::store::Health;

/// Limits the database to `pages` more pages than it has.
async fn limit_free_pages(store: &Store, pages: i64) {
    store
        .write(move |connection| {
            let count: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            connection.pragma_update_and_check(
                None,
                "max_page_count",
                count + pages,
                |_| Ok(()),
            )?;
            Ok(())
        })
        .await
        .unwrap();
}

async fn insert_large(store: &Store, name: &'static str) -> Result<()> {
    store
        .write(move |connection| {
            connection.execute(
                "INSERT INTO item (name, body) VALUES (?1, zeroblob(200000))",
                [name],
            )?;
            Ok(())
        })
        .await
}

#[tokio::test]
async fn a_full_disk_fails_writes_keeps_reads_and_mends_by_itself() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "first").await.unwrap();
    limit_free_pages(&store, 0).await;
    assert!(is_unavailable(&insert_large(&store, "large").await));
    let Health::WritesFailing { message, .. } = store.health() else {
        panic!("healthy on a full disk");
    };
    assert!(message.contains("space"), "{message}");
    assert!(is_unavailable(&store.probe().await), "the probe needs room");
    assert_eq!(list_names(&store), ["first"]);

    limit_free_pages(&store, 100_000).await;
    assert_ne!(store.health(), Health::Ok, "nothing was written yet");
    store.probe().await.unwrap();
    assert_eq!(store.health(), Health::Ok);
    insert_large(&store, "large").await.unwrap();
    assert_eq!(list_names(&store), ["first", "large"]);
}

#[tokio::test]
async fn what_a_full_disk_took_away_is_not_acknowledged() {
    let directory = directory();
    let store = open(&directory);
    limit_free_pages(&store, 2).await;
    let held = BlockedWriter::block(&store).await;
    let mut jobs = Vec::new();
    for number in 0..20 {
        let waiting = store.clone();
        jobs.push(tokio::spawn(async move {
            if number == 10 {
                insert_large(&waiting, "10").await
            } else {
                insert(&waiting, format!("{number:02}")).await.map(|_| ())
            }
        }));
        wait_until_queued(&store, number + 1).await;
    }
    held.release().await;
    let mut acknowledged = Vec::new();
    for (number, job) in jobs.into_iter().enumerate() {
        match job.await.unwrap() {
            Ok(()) => acknowledged.push(format!("{number:02}")),
            refused => assert!(is_unavailable(&refused)),
        }
    }
    assert!(!acknowledged.contains(&"10".to_owned()));
    assert!(acknowledged.contains(&"19".to_owned()), "the rest goes on");
    store.close();
    assert_eq!(list_names(&open(&directory)), acknowledged);
}

#[tokio::test]
async fn damage_fails_what_meets_it_and_the_writer_goes_on() {
    let directory = directory();
    let store = open(&directory);
    insert_large(&store, "large").await.unwrap();
    let root: u64 = store
        .write(|connection| {
            connection.execute_batch("CREATE TABLE other (name TEXT)")?;
            Ok(connection.query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'item'",
                [],
                |row| row.get(0),
            )?)
        })
        .await
        .map(|root: i64| root.unsigned_abs())
        .unwrap();
    store.close();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(settings(&directory).path)
        .unwrap();
    file.seek(SeekFrom::Start((root - 1) * 4096)).unwrap();
    file.write_all(&[0xA5; 512]).unwrap();
    drop(file);

    let store = open(&directory);
    let error = insert(&store, "x").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal, "{error}");
    assert!(matches!(store.health(), Health::WritesFailing { .. }));
    store
        .write(|connection| Ok(connection.execute("INSERT INTO other VALUES ('x')", [])?))
        .await
        .unwrap();
    assert_eq!(store.health(), Health::Ok);
    let others: i64 = store
        .read(|c| Ok(c.query_row("SELECT count(*) FROM other", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(others, 1, "the rest can be read");
    let report = store.read(crate::store::check).unwrap();
    assert!(!report.is_sound());
}

#[tokio::test]
async fn a_writer_that_cannot_be_reopened_answers_and_comes_back() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "before").await.unwrap();
    let path = settings(&directory).path;
    let away = directory.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    let spoiled = store
        .write(|_| -> Result<()> {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_WRITE);
            Err(rusqlite::Error::SqliteFailure(code, None).into())
        })
        .await;
    assert!(is_unavailable(&spoiled));
    assert!(is_unavailable(&insert(&store, "meanwhile").await));
    assert!(matches!(store.health(), Health::WritesFailing { .. }));
    assert!(!path.exists(), "no empty database in its place");
    fs::rename(&away, &path).unwrap();
    insert(&store, "after").await.unwrap();
    assert_eq!(store.health(), Health::Ok);
    assert_eq!(list_names(&store), ["after", "before"]);
}

#[tokio::test]
async fn a_lock_of_another_process_is_waited_for_and_then_unavailable() {
    let directory = directory();
    let settings = Settings {
        busy_timeout_ms: 20,
        ..settings(&directory)
    };
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    let other = Store::open_for_command_with(&settings, MIGRATIONS).unwrap();
    let held = BlockedWriter::block(&other).await;
    assert!(is_unavailable(&insert(&store, "x").await));
    assert!(matches!(store.health(), Health::WritesFailing { .. }));
    held.release().await;
    insert(&store, "x").await.unwrap();
    assert_eq!(store.health(), Health::Ok);
}
