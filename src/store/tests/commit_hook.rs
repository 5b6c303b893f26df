use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rusqlite::Connection;

use super::*;
use crate::{kernel::Error, store::CommitHook};

/// A hook that writes one row for each transaction and counts its calls.
#[derive(Default)]
struct Summary {
    /// True if the hook fails in every transaction but the first.
    fails: bool,
    written: AtomicUsize,
    committed: AtomicUsize,
    lost: AtomicUsize,
}

impl CommitHook for Summary {
    fn before_commit(&self, connection: &Connection) -> Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        connection.execute(
            "INSERT INTO item (name) VALUES (?1)",
            [format!("summary {number}")],
        )?;
        if self.fails && number > 0 {
            return Err(Error::internal("no summary", "a test"));
        }
        Ok(())
    }

    fn after_commit(&self) {
        self.committed.fetch_add(1, Ordering::Relaxed);
    }

    fn after_rollback(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs two inserts in one transaction, with a hook.
async fn run_batch_with_hook(hook: &Arc<Summary>) -> (Store, TempDir, [Result<i64>; 2]) {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    store.set_commit_hook(hook.clone());
    let [one, two] = ["one", "two"].map(|name| {
        let store = store.clone();
        tokio::spawn(async move { insert(&store, name).await })
    });
    wait_until_queued(&store, 2).await;
    held.release().await;
    let answers = [one.await.unwrap(), two.await.unwrap()];
    (store, directory, answers)
}

#[tokio::test]
async fn a_hook_writes_once_in_each_transaction_and_is_told_before_the_callers() {
    let hook = Arc::new(Summary::default());
    let (store, _directory, answers) = run_batch_with_hook(&hook).await;
    assert!(answers.iter().all(Result::is_ok));
    // The job that blocked the writer was a transaction of its own.
    assert_eq!(list_names(&store), ["one", "summary 0", "summary 1", "two"]);
    assert_eq!(hook.committed.load(Ordering::Relaxed), 2);
    assert_eq!(hook.lost.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nothing_of_a_transaction_is_kept_whose_hook_fails() {
    let hook = Arc::new(Summary {
        fails: true,
        ..Summary::default()
    });
    let (store, _directory, answers) = run_batch_with_hook(&hook).await;
    assert!(answers.iter().all(is_unavailable));
    assert_eq!(list_names(&store), ["summary 0"]);
    assert_eq!(hook.committed.load(Ordering::Relaxed), 1);
    assert_eq!(hook.lost.load(Ordering::Relaxed), 1);
}
