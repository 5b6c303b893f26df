//! The worker: this program in its hidden mode `script-worker`. It reads scripts with their objects from standard
//! input and writes their results to standard output, one after the other.
//!
//! It confines itself first: it opens no more files, sends no signals, and gets a fixed amount of memory for a script
//! beyond its memory at rest. A script that breaks a limit ends the worker; the server starts another one.

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
    MAX_RUN_TIME, MAX_SOURCE_BYTES, ScriptError,
    compiler::Compiler,
    frame::{self, Hello, ScriptRequest, ScriptResult},
};
use crate::engine::confinement;

/// Exit status of a worker that ended because a script ran for too long.
pub(super) const TIMED_OUT_STATUS: i32 = 87;

/// Stack of the thread that compiles, in bytes: more than the deepest source of [`MAX_SOURCE_BYTES`] needs. Only the used part
/// of it takes memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Maximum time to compile a script.
const COMPILE_TIMEOUT: Duration = Duration::from_secs(2);

/// Time that a script may run beyond [`MAX_RUN_TIME`] without checking the time: one call of a library function, and reading
/// and writing around it.
const GRACE: Duration = Duration::from_millis(400);

/// Maximum number of bytes of a frame in addition to the object or the result: the source and the JSON around them.
pub(super) const FRAME_OVERHEAD: usize = 4 * MAX_SOURCE_BYTES;

/// The limits of a worker.
#[derive(Debug, Clone)]
pub struct WorkerLimits {
    /// Memory of a script, in bytes.
    pub memory: usize,
    /// Maximum size of a script's input, in bytes.
    pub input: usize,
    /// Maximum size of a script's output, in bytes.
    pub output: usize,
    /// Time without a script after which the worker ends.
    pub idle: Duration,
}

/// Runs scripts until the input ends, the worker is idle for too long, or a script breaks a limit.
///
/// # Errors
/// Errors of the standard streams, and an error if the process cannot confine itself.
pub fn run_worker(worker: &WorkerLimits) -> io::Result<()> {
    // Opened now, because no file can be opened after the confinement.
    let memory = MemoryUsage::open();
    confinement::confine_worker()?;
    let (time_limits, time_limit_receiver) = mpsc::channel();
    let idle = worker.idle;
    thread::Builder::new().spawn(move || watch_time(idle, &time_limit_receiver))?;
    let worker = worker.clone();
    let working = thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || run_scripts(&worker, memory, &time_limits))?;
    let panicked = |_| Err(io::Error::other("the script engine has a defect"));
    working.join().unwrap_or_else(panicked)
}

/// The time limit for the current activity of the worker.
enum TimeLimit {
    Until(Duration),
    Idle,
}

/// Ends the process when the current activity takes too long.
fn watch_time(idle: Duration, time_limit_receiver: &mpsc::Receiver<TimeLimit>) {
    let (mut wait, mut status) = (idle, 0);
    loop {
        match time_limit_receiver.recv_timeout(wait) {
            Ok(TimeLimit::Until(limit)) => (wait, status) = (limit, TIMED_OUT_STATUS),
            Ok(TimeLimit::Idle) => (wait, status) = (idle, 0),
            Err(RecvTimeoutError::Timeout) => exit(status),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn run_scripts(
    worker: &WorkerLimits,
    memory: Option<MemoryUsage>,
    time_limits: &Sender<TimeLimit>,
) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin(), io::stdout());
    let mut language = Compiler::new();
    // Initializes everything that VRL creates on first use.
    let _ = language.check("true");
    let mut memory_limit = memory.map(|memory| MemoryLimit::new(memory, worker.memory as u64));
    if let Some(memory_limit) = &mut memory_limit {
        memory_limit.apply()?;
    }
    write_message(&mut output, &Hello::new(), MAX_SOURCE_BYTES)?;
    let max_bytes = worker.input + FRAME_OVERHEAD;
    while let Some(request) = read_request(&mut input, max_bytes)? {
        let answer = handle_request(&mut language, request, time_limits);
        // The thread that receives it lives as long as the process.
        let _ = time_limits.send(TimeLimit::Idle);
        write_message(&mut output, &answer, worker.output)?;
        if let Some(memory_limit) = &mut memory_limit
            && !memory_limit.apply()?
        {
            return Ok(());
        }
    }
    Ok(())
}

fn handle_request(
    language: &mut Compiler,
    request: ScriptRequest,
    time_limits: &Sender<TimeLimit>,
) -> ScriptResult {
    // The thread that receives it lives as long as the process.
    let _ = time_limits.send(TimeLimit::Until(COMPILE_TIMEOUT));
    let Some(object) = request.object else {
        return language
            .check(&request.source)
            .map(|()| serde_json::Value::Null);
    };
    let program = language.get_or_compile(&request.source)?;
    let _ = time_limits.send(TimeLimit::Until(MAX_RUN_TIME + GRACE));
    super::compiler::resolve(program, object)
}

fn read_request(input: &mut Stdin, max_bytes: usize) -> io::Result<Option<ScriptRequest>> {
    frame::read(input, max_bytes)
}

fn write_message(
    output: &mut Stdout,
    value: &impl serde::Serialize,
    max_bytes: usize,
) -> io::Result<()> {
    let bytes = frame::encode(value, max_bytes).or_else(|_| {
        let too_large: ScriptResult = Err(ScriptError::Output(max_bytes));
        frame::encode(&too_large, FRAME_OVERHEAD)
    });
    let bytes = bytes.map_err(|_| io::Error::other("a result cannot be serialized"))?;
    frame::write(output, &bytes)
}

/// The memory figures of this process, as the kernel reports them.
struct MemoryUsage(File);

impl MemoryUsage {
    fn open() -> Option<Self> {
        File::open("/proc/self/statm").ok().map(Self)
    }

    /// Returns the bytes of writable memory (data and stack), and the resident bytes.
    fn read(&self) -> io::Result<(u64, u64)> {
        let mut text = [0; 128];
        let read = self.0.read_at(&mut text, 0)?;
        let text = String::from_utf8_lossy(&text[..read]);
        let page = rustix::param::page_size() as u64;
        let mut fields = text.split(' ').map(|field| {
            let pages: Option<u64> = field.trim().parse().ok();
            pages.map(|pages| pages * page)
        });
        let resident = fields.nth(1).flatten();
        let writable = fields.nth(3).flatten();
        writable
            .zip(resident)
            .ok_or_else(|| io::Error::other("the system does not report this process's memory"))
    }
}

/// The memory limit of a script, on top of the memory of the worker at rest.
struct MemoryLimit {
    memory: MemoryUsage,
    script_bytes: u64,
    at_rest: (u64, u64),
}

impl MemoryLimit {
    fn new(memory: MemoryUsage, script: u64) -> Self {
        let rest = memory.read().unwrap_or_default();
        Self {
            memory,
            script_bytes: script,
            at_rest: rest,
        }
    }

    /// Limits the memory of the next script, beyond the memory in use. Returns false if earlier scripts left too much
    /// in use for that: compiled programs, and memory that the allocator keeps.
    fn apply(&self) -> io::Result<bool> {
        let (writable, resident) = self.memory.read()?;
        let max_growth = self.script_bytes / 2;
        if writable > self.at_rest.0 + max_growth || resident > self.at_rest.1 + max_growth {
            return Ok(false);
        }
        confinement::limit_memory(
            writable + self.script_bytes,
            self.at_rest.0 + 2 * self.script_bytes,
        )?;
        Ok(true)
    }
}
