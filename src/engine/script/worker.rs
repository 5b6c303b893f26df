//! The worker: this program in its hidden mode `script-worker`. It reads a script and its object from
//! standard input and writes what the script makes to standard output, one after the other.
//!
//! It limits itself first: it opens no further file, sends no signal, and gets so much memory for a
//! script beyond what it has at rest. A script that breaks a limit ends it; the server starts another
//! one.

use std::{
    fs::File,
    io::{self, Stdin, Stdout},
    os::unix::fs::FileExt,
    process::exit,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use super::{
    LONGEST, ScriptError, TIME,
    frame::{self, Answer, Asked, Hello},
    language::Language,
};
use crate::engine::confinement;

/// The status of a worker that ended a script which ran for too long.
pub(super) const TIMED_OUT: i32 = 87;

/// Stack of the thread that compiles: what the deepest source of [`LONGEST`] takes, and more. Only
/// what is used of it takes memory.
const STACK: usize = 256 * 1024 * 1024;

/// How long compiling may take.
const COMPILING: Duration = Duration::from_secs(2);

/// How much longer than [`TIME`] a script may take that does not look at the time: one call of a
/// function of the library, and what is read and written around it.
const GRACE: Duration = Duration::from_millis(400);

/// Room in a frame for what is around the object and the source.
pub(super) const AROUND: usize = 4 * LONGEST;

/// The limits of a worker.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The memory of a script, in bytes.
    pub memory: usize,
    /// The most that a script is given, in bytes.
    pub input: usize,
    /// The most that a script may make, in bytes.
    pub output: usize,
    /// After how long without a script it ends.
    pub idle: Duration,
}

/// Works until the input ends, nothing has come for long, or a script breaks a limit.
///
/// # Errors
/// Those of the standard streams, and if it cannot limit itself.
pub fn serve(worker: &Worker) -> io::Result<()> {
    // Opened before no file can be.
    let memory = Memory::open();
    confinement::confine_worker()?;
    let (watch, watched) = mpsc::channel();
    let idle = worker.idle;
    thread::Builder::new().spawn(move || look_after(idle, &watched))?;
    let worker = worker.clone();
    let working = thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK)
        .spawn(move || work(&worker, memory, &watch))?;
    let panicked = |_| Err(io::Error::other("the script engine has a defect"));
    working.join().unwrap_or_else(panicked)
}

/// How long the worker may go on from now.
enum Watch {
    Until(Duration),
    Idle,
}

/// Ends the process when what it does lasts too long.
fn look_after(idle: Duration, watched: &mpsc::Receiver<Watch>) {
    let (mut wait, mut status) = (idle, 0);
    loop {
        match watched.recv_timeout(wait) {
            Ok(Watch::Until(limit)) => (wait, status) = (limit, TIMED_OUT),
            Ok(Watch::Idle) => (wait, status) = (idle, 0),
            Err(RecvTimeoutError::Timeout) => exit(status),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn work(worker: &Worker, memory: Option<Memory>, watch: &Sender<Watch>) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin(), io::stdout());
    let mut language = Language::new();
    // Makes what the language makes when it is first used.
    let _ = language.check("true");
    let mut room = memory.map(|memory| Room::of(memory, worker.memory as u64));
    if let Some(room) = &mut room {
        room.limit()?;
    }
    send(&mut output, &Hello::new(), LONGEST)?;
    let most = worker.input + AROUND;
    while let Some(asked) = receive(&mut input, most)? {
        let answer = answer(&mut language, asked, watch);
        // The thread that looks after this one lives as long as the process.
        let _ = watch.send(Watch::Idle);
        send(&mut output, &answer, worker.output)?;
        if let Some(room) = &mut room
            && !room.limit()?
        {
            return Ok(());
        }
    }
    Ok(())
}

fn answer(language: &mut Language, asked: Asked, watch: &Sender<Watch>) -> Answer {
    // As above.
    let _ = watch.send(Watch::Until(COMPILING));
    let Some(object) = asked.object else {
        return language
            .check(&asked.source)
            .map(|()| serde_json::Value::Null);
    };
    let program = language.program(&asked.source)?;
    let _ = watch.send(Watch::Until(TIME + GRACE));
    super::language::resolve(program, object)
}

fn receive(input: &mut Stdin, most: usize) -> io::Result<Option<Asked>> {
    frame::read(input, most)
}

fn send(output: &mut Stdout, value: &impl serde::Serialize, most: usize) -> io::Result<()> {
    let bytes = frame::frame(value, most).or_else(|_| {
        let too_large: Answer = Err(ScriptError::Output(most));
        frame::frame(&too_large, AROUND)
    });
    let bytes = bytes.map_err(|_| io::Error::other("an answer cannot be written"))?;
    frame::write(output, &bytes)
}

/// This process's memory, as the system tells it.
struct Memory(File);

impl Memory {
    fn open() -> Option<Self> {
        File::open("/proc/self/statm").ok().map(Self)
    }

    /// The bytes that are its own to write, and those that are in memory.
    fn now(&self) -> io::Result<(u64, u64)> {
        let mut text = [0; 128];
        let read = self.0.read_at(&mut text, 0)?;
        let text = String::from_utf8_lossy(&text[..read]);
        let page = rustix::param::page_size() as u64;
        let mut fields = text.split(' ').map(|field| {
            let pages: Option<u64> = field.trim().parse().ok();
            pages.map(|pages| pages * page)
        });
        let resident = fields.nth(1).flatten();
        let own = fields.nth(3).flatten();
        own.zip(resident)
            .ok_or_else(|| io::Error::other("the system does not tell this process's memory"))
    }
}

/// The room that a script has.
struct Room {
    memory: Memory,
    script: u64,
    rest: (u64, u64),
}

impl Room {
    fn of(memory: Memory, script: u64) -> Self {
        let rest = memory.now().unwrap_or_default();
        Self {
            memory,
            script,
            rest,
        }
    }

    /// Gives the next script its memory beyond what is in use. False if earlier scripts have left
    /// behind too much for that: compiled programs, and what the allocator keeps.
    fn limit(&self) -> io::Result<bool> {
        let (own, resident) = self.memory.now()?;
        let most = self.script / 2;
        if own > self.rest.0 + most || resident > self.rest.1 + most {
            return Ok(false);
        }
        confinement::limit_memory(own + self.script, self.rest.0 + 2 * self.script)?;
        Ok(true)
    }
}
