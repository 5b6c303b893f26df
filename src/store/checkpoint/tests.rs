//! Tests that the log restarts after a checkpoint, and that it is kept after a failed one.

use tempfile::TempDir;

use super::*;
use crate::store::connection::open_writer;

/// 64 pages.
const LOG_BYTES: u64 = 264_000;

struct Fixture {
    directory: TempDir,
    connection: Connection,
    checkpointer: Checkpointer,
    settings: Settings,
}

impl Fixture {
    fn new(log_bytes: u64) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("test.db");
        let settings = Settings {
            log_bytes,
            ..Settings::default()
        };
        drop(Connection::open(&path).unwrap());
        let connection = open_writer(&path, &settings).unwrap();
        connection
            .execute_batch("CREATE TABLE item (body BLOB)")
            .unwrap();
        Checkpointer::track_log_length(&connection);
        let checkpointer = Checkpointer::start(path, settings.clone()).unwrap();
        Self {
            directory,
            connection,
            checkpointer,
            settings,
        }
    }

    fn commit(&mut self) {
        self.connection
            .execute("INSERT INTO item VALUES (randomblob(3000))", [])
            .unwrap();
        self.checkpointer.run_between_commits(&self.connection);
    }

    /// Commits until the thread has reached the expected state.
    fn commit_until(&mut self, mut seen: impl FnMut(&Self) -> bool) {
        for _ in 0..200_000 {
            self.commit();
            if seen(self) {
                return;
            }
        }
        panic!("the log is not copied: {} pages", LOG_PAGES.get());
    }

    /// Closes everything. Returns the directory, and true if the thread has copied something.
    fn close(self) -> (TempDir, bool) {
        let file = self.checkpointer.stop();
        let was_opened = file.is_some();
        self.connection.close().unwrap();
        drop(file);
        (self.directory, was_opened)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }
}

#[test]
fn the_log_begins_anew_while_something_is_written() {
    let mut fixture = Fixture::new(LOG_BYTES);
    for _ in 0..3 {
        fixture.commit_until(|_| LOG_PAGES.get() >= 64);
        fixture.commit_until(|_| LOG_PAGES.get() < 64);
    }
    assert_eq!(fixture.checkpointer.next_checkpoint_pages(), 64);
    assert!(LOG_PAGES.get() < 64);
}

#[test]
fn a_read_that_lasts_keeps_the_log_until_it_has_ended() {
    let mut fixture = Fixture::new(LOG_BYTES);
    fixture.commit();
    let reader = Connection::open(fixture.path()).unwrap();
    let read = reader.unchecked_transaction().unwrap();
    let count = |read: &Connection| -> i64 {
        read.query_row("SELECT count(*) FROM item", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(&read), 1);
    fixture.commit_until(|fixture| fixture.checkpointer.next_checkpoint_pages() > 64);
    assert!(LOG_PAGES.get() >= 64);
    assert_eq!(count(&read), 1);
    drop(read);
    fixture.commit_until(|_| LOG_PAGES.get() < 64);
}

#[test]
fn everything_is_there_when_the_thread_has_ended() {
    let mut fixture = Fixture::new(LOG_BYTES);
    for _ in 0..500 {
        fixture.commit();
    }
    let path = fixture.path();
    let (_directory, copied) = fixture.close();
    assert!(copied, "the log was long");
    let connection = Connection::open(path).unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 500);
}

#[test]
fn the_log_is_kept_whole_once_the_disk_has_not_taken_what_was_copied() {
    let mut fixture = Fixture::new(LOG_BYTES);
    let path = fixture.path();
    let settings = fixture.settings.clone();
    // A pipe in place of the database, because it cannot be synchronised.
    let (pipe, _other_end) = io::pipe().unwrap();
    let file = File::from(std::os::fd::OwnedFd::from(pipe));
    let failing = Checkpointer::start_with(path.clone(), settings, Some(file)).unwrap();
    drop(std::mem::replace(&mut fixture.checkpointer, failing).stop());
    fixture.commit_until(|fixture| fixture.checkpointer.has_failed());
    let logged = LOG_PAGES.get();
    for _ in 0..200 {
        fixture.commit();
    }
    assert!(LOG_PAGES.get() > logged + 200);
    let (_directory, _) = fixture.close();
    let log = std::fs::metadata(path.with_extension("db-wal")).unwrap();
    assert!(log.len() > u64::from(logged) * 4096);
}
