//! Copying the write-ahead log into the database while the writer goes on.
//!
//! SQLite would do it within a commit, with all callers waiting for thousands of pages and for the
//! disk. Here a thread of its own copies what there is, again and again, until little is left. That
//! the writer copies, between two commits, so that its next one begins the log anew: as long as
//! something is written, nobody else can get to the log's end.

use std::{
    cell::Cell,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, config::DbConfig, hooks::Wal};

use super::{Settings, connection::open_checkpointer, room::Room};

/// How many pages of the log may be left for the writer.
const TAIL: u32 = 400;

/// After how many pages more the disk is asked again how much room there is.
const ASK_EVERY: u32 = 256;

/// How often the thread copies what was added while it copied, at most: as long as it is faster than
/// the writer, each time there is less.
const PASSES: usize = 6;

thread_local! {
    /// The pages in the log after the last commit of the connection that this thread watches.
    static LOGGED: Cell<u32> = const { Cell::new(0) };
}

fn note_logged(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    LOGGED.set(pages.unsigned_abs());
    Ok(())
}

/// How the thread got on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    /// The disk has what was copied.
    Synchronised,
    /// The disk may not have what was copied, and does not say so twice.
    Lost,
}

/// The thread that copies, as the writer's thread has it.
pub(super) struct Checkpointer {
    bell: SyncSender<()>,
    /// Told when what is left is the writer's.
    copied: Receiver<Copied>,
    thread: JoinHandle<Option<File>>,
    /// Whether the thread is at it.
    copying: bool,
    /// Whether the disk has refused to take what was copied.
    failed: bool,
    /// The disk, which says how long the log may become. It is asked now and then.
    room: Room,
    /// The pages at which the log is long.
    long: u32,
    /// The pages in the log when it was last copied: if a read keeps it from beginning anew, it grows by
    /// as much again.
    copied_at: u32,
    /// The pages in the log when this was last looked at.
    logged: u32,
    /// The pages at which the disk is asked again.
    ask_at: u32,
}

impl Checkpointer {
    /// Starts the thread for the database at `path`.
    pub(super) fn start(path: PathBuf, settings: Settings) -> io::Result<Self> {
        Self::start_with(path, settings, None)
    }

    fn start_with(path: PathBuf, settings: Settings, file: Option<File>) -> io::Result<Self> {
        let room = Room::of(&path, &settings);
        let (bell, rung) = sync_channel(1);
        let (done, copied) = sync_channel(1);
        let copier = Copier {
            path,
            settings,
            connection: None,
            file,
        };
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || copier.run(&rung, &done))?;
        Ok(Self {
            bell,
            copied,
            thread,
            copying: false,
            failed: false,
            long: room.pages(),
            room,
            copied_at: 0,
            logged: 0,
            ask_at: ASK_EVERY,
        })
    }

    /// Has this thread, and not a commit, see to the log of the writer's connection, which belongs to
    /// the calling thread.
    pub(super) fn watch(connection: &Connection) {
        LOGGED.set(0);
        connection.wal_hook(Some(note_logged));
    }

    /// To be called between two transactions: begins to copy if the log is long, and copies the end of
    /// it when that is what is left.
    pub(super) fn between_commits(&mut self, connection: &Connection) {
        if self.failed {
            return;
        }
        let logged = LOGGED.get();
        if logged < self.logged {
            self.copied_at = 0;
            self.ask_at = 0;
        }
        self.logged = logged;
        if logged >= self.ask_at {
            self.long = self.room.pages();
            self.ask_at = logged.saturating_add(ASK_EVERY);
        }
        if self.copying {
            match self.copied.try_recv() {
                Ok(Copied::Synchronised) => {
                    self.copy(connection);
                    self.copying = false;
                    self.copied_at = logged;
                }
                Ok(Copied::Lost) => self.fail(connection),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.leave(connection),
            }
        } else if logged >= self.begin_at() {
            match self.bell.try_send(()) {
                Ok(()) => self.copying = true,
                Err(_) => self.leave(connection),
            }
        }
    }

    /// The pages at which to begin.
    const fn begin_at(&self) -> u32 {
        self.copied_at.saturating_add(self.long)
    }

    /// The disk is full: copies the log between two transactions, so that the next one begins it anew and
    /// needs no room that it does not have already.
    pub(super) fn make_room(&mut self, connection: &Connection) {
        // While the thread copies, it has the lock; the writer copies what that leaves.
        if !self.copying && !self.failed {
            self.copy(connection);
        }
        self.ask_at = 0;
    }

    /// Copies what is in the log between two transactions.
    fn copy(&mut self, connection: &Connection) {
        match copy(connection) {
            Ok(_) => {}
            Err(error) if is_lost(&error) => self.fail(connection),
            Err(error) => tracing::warn!(%error, "a checkpoint failed"),
        }
    }

    /// The disk has refused to take pages that count as copied. They are still in the log, so that must not
    /// begin anew: nothing is copied or written any more, and nothing is copied at the end either. The next
    /// start reads the whole log again.
    fn fail(&mut self, connection: &Connection) {
        tracing::error!(
            "the disk did not take what was copied from the log: the log is kept, and nothing is written until the server is started again"
        );
        self.failed = true;
        self.copying = false;
        let kept = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        report("keeping the log", kept.map(drop));
    }

    /// Whether the disk has refused to take what was copied.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// The thread is gone: SQLite sees to the log again.
    fn leave(&mut self, connection: &Connection) {
        tracing::error!("the thread that copies the log is gone");
        self.copying = false;
        // Nothing notes it from now on.
        LOGGED.set(0);
        let restored =
            connection.pragma_update_and_check(None, "wal_autocheckpoint", self.long, |_| Ok(()));
        report("PRAGMA wal_autocheckpoint", restored);
    }

    /// Ends the thread. What comes back is to be dropped when all connections are closed: a process that
    /// closes a file loses its locks on that, whoever in it has taken them.
    pub(super) fn end(self) -> Option<File> {
        drop(self.bell);
        self.thread.join().ok().flatten()
    }
}

/// What the thread has.
struct Copier {
    path: PathBuf,
    settings: Settings,
    /// Made when it is first needed, and anew after a failure.
    connection: Option<Connection>,
    /// The database, for its synchronisation. Kept once it is open.
    file: Option<File>,
}

impl Copier {
    fn run(mut self, rung: &Receiver<()>, done: &SyncSender<Copied>) -> Option<File> {
        while rung.recv().is_ok() {
            // There is room: the bell rings again when this has been taken. Or nobody is there.
            let _ = done.try_send(self.copied());
        }
        self.file
    }

    fn copied(&mut self) -> Copied {
        if let Err(error) = self.copy_most() {
            tracing::warn!(%error, "copying the log failed");
            self.connection = None;
            // After any other failure the writer tries again, and meets what cannot be mended.
            if is_lost(&error) {
                return Copied::Lost;
            }
        }
        match self.synchronise() {
            Ok(()) => Copied::Synchronised,
            Err(error) => {
                tracing::error!(%error, "synchronising the database failed");
                Copied::Lost
            }
        }
    }

    fn copy_most(&mut self) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_checkpointer(&self.path, &self.settings)?,
        };
        let connection = self.connection.insert(connection);
        for _ in 0..PASSES {
            if copy(connection)? <= TAIL {
                break;
            }
        }
        Ok(())
    }

    /// Has the disk take most of the pages before the writer must wait until it has the last.
    fn synchronise(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(open(&self.path)?),
        };
        file.sync_data()
    }
}

/// Whether a checkpoint failed because the disk did not take what was copied. The system says so once: a
/// second attempt would succeed without having written those pages.
fn is_lost(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_FSYNC)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Copies what is in the log now, as far as no read still needs what it would replace; gives the
/// pages that are left.
fn copy(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            let (logged, copied): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(u32::try_from(logged - copied).unwrap_or_default())
        })
}

/// Copies the whole log, and cuts it off.
pub(super) fn truncate(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        match row.get::<_, bool>(0)? {
            true => Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                None,
            )),
            false => Ok(()),
        }
    })
}

fn report(what: &str, result: rusqlite::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what} failed");
    }
}

#[cfg(test)]
mod tests;
