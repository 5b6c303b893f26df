use super::*;
use crate::store::Health;

#[tokio::test]
async fn a_read_cannot_write() {
    let directory = directory();
    let store = open(&directory);
    let refused = store.read(|connection| {
        connection.execute("INSERT INTO item (name) VALUES ('x')", [])?;
        Ok(())
    });
    assert!(refused.is_err());
    let refused = store
        .scan(|connection| Ok(connection.execute("DELETE FROM item", [])?))
        .await;
    assert!(refused.is_err());
    assert_eq!(store.health(), Health::Ok);
    assert!(list_names(&store).is_empty());
}

#[tokio::test]
async fn a_read_sees_what_was_answered() {
    let directory = directory();
    let store = open(&directory);
    for number in 0..50 {
        insert(&store, format!("{number:02}")).await.unwrap();
        assert_eq!(list_names(&store).len(), number + 1);
    }
}

#[tokio::test]
async fn a_scan_sees_one_state() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "first").await.unwrap();
    let (first_read_sender, first_read) = oneshot::channel();
    let (resume, resumed) = channel();
    let scan = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .scan(move |connection| {
                    let count = || -> Result<i64> {
                        Ok(connection.query_row("SELECT count(*) FROM item", [], |r| r.get(0))?)
                    };
                    let first = count()?;
                    first_read_sender.send(()).unwrap();
                    resumed.recv().unwrap();
                    Ok((first, count()?))
                })
                .await
        }
    });
    first_read.await.unwrap();
    insert(&store, "second").await.unwrap();
    resume.send(()).unwrap();
    assert_eq!(scan.await.unwrap().unwrap(), (1, 1));
    assert_eq!(list_names(&store).len(), 2);
}

#[tokio::test]
async fn a_short_page_is_read_on_the_calling_thread_and_sees_one_state() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "first").await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let (here, other) = (std::thread::current().id(), store.clone());
    let page = store.read_page(true, move |connection| {
        assert_eq!(std::thread::current().id(), here);
        let count = || -> Result<i64> {
            Ok(connection.query_row("SELECT count(*) FROM item", [], |r| r.get(0))?)
        };
        let first = count()?;
        let insertion = std::thread::spawn(move || runtime.block_on(insert(&other, "second")));
        insertion.join().unwrap().unwrap();
        Ok((first, count()?))
    });
    assert_eq!(page.await.unwrap(), (1, 1));
    assert_eq!(list_names(&store).len(), 2, "the transaction has ended");
}

#[tokio::test]
async fn a_panicking_scan_is_an_error_and_its_connection_is_good() {
    let directory = directory();
    let settings = Settings {
        scan_connections: 1,
        ..settings(&directory)
    };
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    let error = store
        .scan(|connection| -> Result<()> {
            let _: i64 = connection.query_row("SELECT count(*) FROM item", [], |r| r.get(0))?;
            panic!("a defect")
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    insert(&store, "x").await.unwrap();
    let count: i64 = store
        .scan(|c| Ok(c.query_row("SELECT count(*) FROM item", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(count, 1, "the snapshot of the failed scan is gone");
}

#[tokio::test]
async fn more_scans_than_connections_wait_their_turn() {
    let directory = directory();
    let settings = Settings {
        scan_connections: 2,
        busy_timeout_ms: 100,
        ..settings(&directory)
    };
    let store = Store::open_with(&settings, MIGRATIONS).unwrap();
    let scans: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .scan(|c| Ok(c.query_row("SELECT 1", [], |r| r.get::<_, i64>(0))?))
                    .await
            })
        })
        .collect();
    for scan in scans {
        assert_eq!(scan.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn reads_of_many_threads_share_the_pool() {
    let directory = directory();
    let store = open(&directory);
    insert(&store, "x").await.unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(list_names(&store), ["x"]);
                }
            });
        }
    });
}
