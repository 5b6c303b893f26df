//! Tests of the whole store with real files.

mod backup;
mod commit_hook;
mod faults;
mod keys;
mod reading;
mod recovery;
mod restore;
mod startup;
mod writing;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::mpsc::{Sender, channel},
};

use prometheus_client::{encoding::text::encode, registry::Registry};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::kernel::{Kind, Result};

use super::{
    Settings, Store,
    migrations::{ALL, Migration},
};

/// The product's first migration and a table to write to.
const MIGRATIONS: &[Migration] = &[
    ALL[0],
    Migration {
        name: "0002_test",
        sql: "CREATE TABLE item (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body BLOB) STRICT",
    },
];

fn settings(directory: &TempDir) -> Settings {
    Settings {
        path: directory.path().join("test.db"),
        ..Settings::default()
    }
}

fn directory() -> TempDir {
    TempDir::new().unwrap()
}

fn open(directory: &TempDir) -> Store {
    Store::open_with(&settings(directory), MIGRATIONS).unwrap()
}

async fn insert(store: &Store, name: impl Into<String>) -> Result<i64> {
    let name = name.into();
    store
        .write(move |connection| {
            connection.execute("INSERT INTO item (name) VALUES (?1)", [name])?;
            Ok(connection.last_insert_rowid())
        })
        .await
}

fn list_names(store: &Store) -> Vec<String> {
    store
        .read(|connection| {
            let mut statement = connection.prepare_cached("SELECT name FROM item ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
        .unwrap()
}

fn is_unavailable<T>(result: &Result<T>) -> bool {
    matches!(result, Err(error) if matches!(error.kind(), Kind::Unavailable { .. }))
}

/// Reads all files of a directory.
fn read_directory(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

fn metric(store: &Store, name: &str) -> f64 {
    let mut registry = Registry::default();
    store.metrics().register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {name} in {text}"))
}

/// A job that blocks the writer until it is released.
struct BlockedWriter {
    release: Sender<()>,
    answer: JoinHandle<Result<()>>,
}

impl BlockedWriter {
    async fn block(store: &Store) -> Self {
        let (started, starts) = oneshot::channel();
        let (release, released) = channel();
        let store = store.clone();
        let answer = tokio::spawn(async move {
            store
                .write(move |_| {
                    started.send(()).unwrap();
                    released.recv().unwrap();
                    Ok(())
                })
                .await
        });
        starts.await.unwrap();
        Self { release, answer }
    }

    async fn release(self) {
        self.release.send(()).unwrap();
        self.answer.await.unwrap().unwrap();
    }
}

/// Waits until `count` jobs wait for the writer.
async fn wait_until_queued(store: &Store, count: i64) {
    while store.metrics().queue_depth.get() != count {
        tokio::task::yield_now().await;
    }
}
