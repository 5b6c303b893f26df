use rusqlite::Connection;

use super::*;
use crate::{kernel::Error, store::Health};

#[tokio::test]
async fn waiting_jobs_share_a_commit_and_all_are_durable() {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    let jobs: Vec<_> = (0..100)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, format!("{number:03}")).await })
        })
        .collect();
    wait_until_queued(&store, 100).await;
    held.release().await;
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(metric(&store, "store_batch_size_count"), 2.0);
    assert_eq!(metric(&store, "store_batch_size_sum"), 101.0);
    assert_eq!(metric(&store, "store_commit_seconds_count"), 2.0);
    store.close();
    let store = open(&directory);
    assert_eq!(list_names(&store).len(), 100);
}

#[tokio::test]
async fn a_batch_has_at_most_its_size() {
    let directory = directory();
    let settings = Settings {
        batch_size: 4,
        ..settings(&directory)
    };
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    let held = BlockedWriter::block(&store).await;
    let jobs: Vec<_> = (0..10)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { insert(&store, format!("{number}")).await })
        })
        .collect();
    wait_until_queued(&store, 10).await;
    held.release().await;
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(metric(&store, "store_batch_size_count"), 4.0);
}

/// Runs three inserts in one batch. The middle one calls `ending` after its insert.
async fn run_batch(
    store: &Store,
    ending: impl FnOnce() -> Result<()> + Send + 'static,
) -> [Result<()>; 3] {
    let held = BlockedWriter::block(store).await;
    let spawn = |name: &'static str, ending: Box<dyn FnOnce() -> Result<()> + Send>| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |connection| {
                    connection.execute("INSERT INTO item (name) VALUES (?1)", [name])?;
                    ending()
                })
                .await
        })
    };
    let before = spawn("before", Box::new(|| Ok(())));
    wait_until_queued(store, 1).await;
    let middle = spawn("middle", Box::new(ending));
    wait_until_queued(store, 2).await;
    let after = spawn("after", Box::new(|| Ok(())));
    wait_until_queued(store, 3).await;
    held.release().await;
    [
        before.await.unwrap(),
        middle.await.unwrap(),
        after.await.unwrap(),
    ]
}

#[tokio::test]
async fn a_failing_job_is_rolled_back_alone() {
    let directory = directory();
    let store = open(&directory);
    let [before, middle, after] = run_batch(&store, || Err(Error::not_found("no"))).await;
    assert!(before.is_ok() && after.is_ok());
    assert_eq!(middle.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(list_names(&store), ["after", "before"]);
}

#[tokio::test]
async fn a_panicking_job_is_rolled_back_alone_and_the_writer_lives_on() {
    let directory = directory();
    let store = open(&directory);
    let [before, middle, after] = run_batch(&store, || panic!("a defect")).await;
    assert!(before.is_ok() && after.is_ok());
    let error = middle.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(error.message().contains("a defect"));
    assert_eq!(list_names(&store), ["after", "before"]);
    insert(&store, "later").await.unwrap();
    assert_eq!(store.health(), Health::Ok);
}

#[tokio::test]
async fn a_job_that_ends_the_transaction_has_no_job_falsely_answered() {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    let before = tokio::spawn({
        let store = store.clone();
        async move { insert(&store, "before").await }
    });
    wait_until_queued(&store, 1).await;
    let rogue = tokio::spawn({
        let store = store.clone();
        async move { store.write(|c| Ok(c.execute_batch("ROLLBACK")?)).await }
    });
    wait_until_queued(&store, 2).await;
    let after = tokio::spawn({
        let store = store.clone();
        async move { insert(&store, "after").await }
    });
    wait_until_queued(&store, 3).await;
    held.release().await;
    assert!(is_unavailable(&before.await.unwrap()));
    assert!(is_unavailable(&rogue.await.unwrap()));
    assert!(after.await.unwrap().is_ok());
    assert_eq!(list_names(&store), ["after"]);
}

#[tokio::test]
async fn a_duplicate_is_a_conflict_and_no_fault() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "x").await.unwrap();
    let error = insert(&store, "x").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(store.health(), Health::Ok);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let directory = directory();
    let settings = Settings {
        queue_depth: 1,
        ..settings(&directory)
    };
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    let held = BlockedWriter::block(&store).await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { insert(&store, "waiting").await }
    });
    wait_until_queued(&store, 1).await;
    assert!(is_unavailable(&insert(&store, "refused").await));
    held.release().await;
    waiting.await.unwrap().unwrap();
    assert_eq!(list_names(&store), ["waiting"]);
    assert_eq!(store.metrics().queue_depth.get(), 0);
}

#[tokio::test]
async fn a_caller_that_gives_up_harms_nobody() {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    let gone = tokio::spawn({
        let store = store.clone();
        async move { insert(&store, "gone").await }
    });
    wait_until_queued(&store, 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    held.release().await;
    insert(&store, "other").await.unwrap();
    assert_eq!(list_names(&store), ["gone", "other"]);
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    let queued_job = tokio::spawn({
        let store = store.clone();
        async move { insert(&store, "queued").await }
    });
    wait_until_queued(&store, 1).await;
    let closing = tokio::task::spawn_blocking({
        let store = store.clone();
        move || store.close()
    });
    held.release().await;
    closing.await.unwrap();
    queued_job.await.unwrap().unwrap();
    store.close();
    assert!(is_unavailable(&insert(&store, "late").await));
    assert!(is_unavailable(&store.read(|_| Ok(()))));
    assert!(is_unavailable(&store.scan(|_| Ok(())).await));
    assert!(is_unavailable(&store.probe().await));
    let left: Vec<_> = read_directory(directory.path()).into_keys().collect();
    assert_eq!(left, ["test.db"], "one file stays, and no lock");
    assert_eq!(list_names(&open(&directory)), ["queued"]);
}

#[tokio::test]
async fn dropping_the_last_clone_closes() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "x").await.unwrap();
    let clone = store.clone();
    drop(store);
    assert_eq!(list_names(&clone), ["x"]);
    drop(clone);
    assert_eq!(read_directory(directory.path()).len(), 1);
}

#[tokio::test]
async fn a_job_may_hold_the_last_clone() {
    let directory = directory();
    let store = open(&directory);
    let (started, starts) = oneshot::channel();
    let (release, released) = channel();
    let caller = tokio::spawn(async move {
        let inside = store.clone();
        let job = move |connection: &rusqlite::Connection| {
            connection.execute("INSERT INTO item (name) VALUES ('x')", [])?;
            started.send(()).unwrap();
            released.recv().unwrap();
            drop(inside);
            Ok(())
        };
        store.write(job).await
    });
    starts.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    release.send(()).unwrap();
    let store = loop {
        match Store::open_with(&settings(&directory), MIGRATIONS) {
            Ok(store) => break store,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    insert(&store, "y").await.unwrap();
    assert_eq!(list_names(&store), ["x", "y"]);
}

#[tokio::test]
async fn what_a_commit_causes_happens_though_the_caller_has_given_up() {
    let directory = directory();
    let store = open(&directory);
    let held = BlockedWriter::block(&store).await;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let job = |name: &'static str, fails: bool| {
        let (store, sender) = (store.clone(), sender.clone());
        tokio::spawn(async move {
            let work = move |connection: &Connection| {
                connection.execute("INSERT INTO item (name) VALUES (?1)", [name])?;
                match fails {
                    true => Err(Error::invalid("it fails")),
                    false => Ok(name),
                }
            };
            let then = move |name| sender.send(name).unwrap();
            store.write_then(work, then).await
        })
    };
    let jobs = [
        job("first", false),
        job("second", true),
        job("third", false),
    ];
    wait_until_queued(&store, 3).await;
    for job in jobs {
        job.abort();
        assert!(job.await.unwrap_err().is_cancelled());
    }
    held.release().await;
    drop(sender);
    let mut seen = Vec::new();
    while let Some(name) = receiver.recv().await {
        seen.push(name);
    }
    seen.sort_unstable();
    assert_eq!(seen, ["first", "third"]);
}

#[tokio::test]
async fn a_command_leaves_the_log_to_the_server() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "server").await.unwrap();
    let log = store.path().with_extension("db-wal");
    let command = Store::open_for_command_with(&settings(&directory), MIGRATIONS).unwrap();
    insert(&command, "command").await.unwrap();
    command.close();
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    store.close();
    assert!(!log.exists());
}
