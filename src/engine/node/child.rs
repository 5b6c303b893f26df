//! One Node.js child process, from its start to its end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    NodeInstall,
    lines::{self, Line},
    protocol::{RunnerMessage, RunnerRequest},
    spawner,
};
use crate::{
    engine::{
        EngineError, Exception, Level, Limits, Program, Request, Response, error::truncate_text,
        log::LogSink,
    },
    kernel::{
        clock::{sleep_real_time, with_timeout},
        secret::new_token,
    },
};

const RUNNER_SCRIPT: &str = include_str!("../js/node-runner.js");

/// Time that Node.js itself may take to start, in addition to the time limit of the code.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum length of a line from a child, in bytes: a response.
const MAX_LINE_BYTES: usize = 32 * 1024 * 1024;

/// Interval at which a child with calls is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Maximum time to wait for the last output of a child that has ended.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// Memory that Node.js itself uses, in addition to the program's limit, in bytes.
const NODE_MEMORY: u64 = 160 * 1024 * 1024;

/// A program in a child process. Dropping it ends the child.
pub(in crate::engine) struct Child {
    state: Arc<State>,
    pid: u32,
}

struct State {
    input: mpsc::UnboundedSender<String>,
    table: Mutex<CallTable>,
    end_requested: Notify,
    memory: AtomicU64,
    limits: Limits,
    program: Arc<str>,
    sink: LogSink,
    /// Prefix of the runner's frames; the program does not know it.
    mark: String,
}

#[derive(Default)]
struct CallTable {
    last_id: u64,
    calls: HashMap<u64, oneshot::Sender<Result<Response, EngineError>>>,
    pings: HashMap<u64, oneshot::Sender<()>>,
    loaded: Option<oneshot::Sender<Result<(), EngineError>>>,
    /// The reason why the child is ending or has ended.
    ended: Option<EngineError>,
}

impl Child {
    /// Starts a child and loads the program in it.
    ///
    /// # Errors
    /// A [`EngineError`] if the child does not start or the program cannot be loaded.
    pub(in crate::engine) async fn load(
        (program, code): (&Program, &str),
        install: &NodeInstall,
        sink: LogSink,
    ) -> Result<Self, EngineError> {
        let stopped = |error: std::io::Error| EngineError::Stopped(error.to_string());
        let mut child = spawner::spawn(install.command(RUNNER_SCRIPT, program.limits.memory))
            .await
            .map_err(stopped)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(EngineError::Stopped(
                "it has no standard streams".to_owned(),
            ));
        };
        let (input, orders) = mpsc::unbounded_channel();
        let (loaded, ready) = oneshot::channel();
        let state = Arc::new(State {
            input,
            table: Mutex::default(),
            end_requested: Notify::new(),
            memory: AtomicU64::new(0),
            limits: program.limits,
            program: Arc::from(program.id.as_str()),
            sink,
            mark: new_token("").expose().to_owned(),
        });
        state.lock_table().loaded = Some(loaded);
        let child_handle = Self {
            pid: child.id().unwrap_or_default(),
            state: Arc::clone(&state),
        };
        tokio::spawn(write_orders(stdin, orders));
        let outputs = [
            tokio::spawn(read_stderr(BufReader::new(stderr), Arc::clone(&state))),
            tokio::spawn(read_frames(BufReader::new(stdout), Arc::clone(&state))),
        ];
        tokio::spawn(supervise(Arc::downgrade(&state), child_handle.pid));
        tokio::spawn(wait_for_end(child, outputs, Arc::clone(&state)));
        state.send_order(&RunnerRequest::Load {
            mark: &state.mark,
            code,
            env: program
                .env
                .iter()
                .map(|(name, value)| (name.as_str(), value.expose()))
                .collect(),
        });
        match with_timeout(START_TIMEOUT + program.limits.cpu, ready).await {
            Ok(Ok(Ok(()))) => Ok(child_handle),
            Ok(Ok(Err(failure))) => Err(failure),
            Ok(Err(_)) => Err(state.end_error()),
            Err(_) => Err(EngineError::CpuTime(program.limits.cpu)),
        }
    }

    /// Calls `handler`.
    ///
    /// # Errors
    /// Any [`EngineError`] of the call.
    pub(in crate::engine) async fn call(&self, request: &Request) -> Result<Response, EngineError> {
        let (reply, answer) = oneshot::channel();
        let id = {
            let mut table = self.state.lock_table();
            if let Some(failure) = &table.ended {
                return Err(failure.clone());
            }
            table.last_id += 1;
            let id = table.last_id;
            table.calls.insert(id, reply);
            id
        };
        let _forgotten = CallGuard {
            state: &self.state,
            id,
        };
        self.state.send_order(&RunnerRequest::Call { id, request });
        let wall = self.state.limits.wall;
        match with_timeout(wall, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(self.state.end_error()),
            Err(_) => Err(EngineError::TimedOut(wall)),
        }
    }

    /// Returns the reason why the child is ending or has ended, if it is.
    pub(in crate::engine) fn end_error(&self) -> Option<EngineError> {
        self.state.lock_table().ended.clone()
    }

    /// Returns the memory at the last measurement, in bytes.
    pub(in crate::engine) fn memory(&self) -> u64 {
        self.state.memory.load(Ordering::Relaxed)
    }

    /// Returns the process id.
    pub(in crate::engine) const fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.state.end_requested.notify_one();
    }
}

/// Removes a call when its caller stops waiting.
struct CallGuard<'a> {
    state: &'a State,
    id: u64,
}

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        self.state.lock_table().calls.remove(&self.id);
    }
}

impl State {
    fn lock_table(&self) -> MutexGuard<'_, CallTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_order(&self, order: &RunnerRequest<'_>) {
        if let Ok(mut line) = serde_json::to_string(order) {
            line.push('\n');
            // Fails only if the child is gone, and then its calls fail when its end is noticed.
            let _ = self.input.send(line);
        }
    }

    fn end_error(&self) -> EngineError {
        let ended = self.lock_table().ended.clone();
        ended.unwrap_or_else(|| EngineError::Stopped("its process ended".to_owned()))
    }

    /// Ends the child for this reason, unless another reason is set already.
    fn end_with(&self, failure: EngineError) {
        self.lock_table().ended.get_or_insert(failure);
        self.end_requested.notify_one();
    }

    fn handle_frame(&self, frame: RunnerMessage) {
        match frame {
            RunnerMessage::Loaded => self.finish_loading(Ok(())),
            RunnerMessage::Unloadable {
                text,
                stack,
                missing,
            } => self.finish_loading(Err(if missing {
                EngineError::Missing(format!("Node.js does not have a needed feature: {text}"))
            } else {
                EngineError::Load(Exception::new(text, &stack))
            })),
            RunnerMessage::Answer { id, response } => {
                self.finish_call(id, self.check_size(response))
            }
            RunnerMessage::Failed {
                id,
                text,
                stack,
                answer,
            } => {
                let failure = if answer {
                    EngineError::BadAnswer(truncate_text(text))
                } else {
                    EngineError::Thrown(Exception::new(text, &stack))
                };
                self.finish_call(id, Err(failure));
            }
            RunnerMessage::Pong { id } => {
                // Dropping the sender wakes the waiting check.
                drop(self.lock_table().pings.remove(&id));
            }
            RunnerMessage::Log { level, text, bot } => {
                let bot = bot.map(Arc::from);
                self.sink
                    .write(&self.program, bot, Level::from_name(&level), &text);
            }
            RunnerMessage::Uncaught { text, stack, bot } => {
                let exception = Exception::new(text, &stack);
                let bot = bot.map(Arc::from);
                self.sink.write_uncaught(&self.program, bot, &exception);
            }
        }
    }

    fn check_size(&self, response: Response) -> Result<Response, EngineError> {
        let headers = response.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        let max_bytes = self.limits.response_bytes;
        if headers + response.body.len() > max_bytes {
            let text = format!("it is longer than {max_bytes} bytes (runtime.max_answer_bytes)");
            return Err(EngineError::BadAnswer(text));
        }
        Ok(response)
    }

    fn finish_loading(&self, result: Result<(), EngineError>) {
        if let Some(loaded) = self.lock_table().loaded.take() {
            let _ = loaded.send(result);
        }
    }

    fn finish_call(&self, id: u64, result: Result<Response, EngineError>) {
        if let Some(reply) = self.lock_table().calls.remove(&id) {
            let _ = reply.send(result);
        }
    }
}

async fn write_orders(mut stdin: ChildStdin, mut orders: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = orders.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_frames(mut stdout: BufReader<ChildStdout>, state: Arc<State>) {
    loop {
        match lines::read_line(&mut stdout, MAX_LINE_BYTES).await {
            Line::Text(line) => {
                let frame = line.strip_prefix(&state.mark);
                match frame.and_then(|frame| serde_json::from_str(frame).ok()) {
                    Some(frame) => state.handle_frame(frame),
                    None => state.sink.write(&state.program, None, Level::Info, &line),
                }
            }
            Line::TooLong => {
                return state.end_with(EngineError::Stopped(format!(
                    "its process wrote a line of more than {MAX_LINE_BYTES} bytes"
                )));
            }
            Line::End => return,
        }
    }
}

/// Logs the error output of Node.js itself: mostly, the reason why it ends.
async fn read_stderr(mut stderr: BufReader<tokio::process::ChildStderr>, state: Arc<State>) {
    while let Line::Text(line) = lines::read_line(&mut stderr, MAX_LINE_BYTES).await {
        if line.contains("heap out of memory") {
            let memory = state.limits.memory;
            state
                .lock_table()
                .ended
                .get_or_insert(EngineError::Memory(memory));
        }
        if !line.is_empty() {
            state.sink.write(&state.program, None, Level::Error, &line);
        }
    }
}

/// Waits until the child ends, or kills it on request. Then fails its pending calls.
async fn wait_for_end(
    mut child: tokio::process::Child,
    outputs: [JoinHandle<()>; 2],
    state: Arc<State>,
) {
    let status = tokio::select! {
        status = child.wait() => status,
        () = state.end_requested.notified() => {
            let _ = child.start_kill();
            child.wait().await
        }
    };
    for output in outputs {
        let _ = with_timeout(OUTPUT_TIMEOUT, output).await;
    }
    let text = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    let mut table = state.lock_table();
    let failure = EngineError::Stopped(format!("its process ended ({text})"));
    let failure = table.ended.get_or_insert(failure).clone();
    for (_, reply) in table.calls.drain() {
        let _ = reply.send(Err(failure.clone()));
    }
    table.loaded = None;
}

/// Checks at intervals that a child with calls responds to pings and stays within its memory limit.
async fn supervise(state: std::sync::Weak<State>, pid: u32) {
    loop {
        sleep_real_time(CHECK_INTERVAL).await;
        let Some(state) = state.upgrade() else { return };
        let (pong, id) = {
            let mut table = state.lock_table();
            if table.ended.is_some() {
                return;
            }
            if table.calls.is_empty() && state.memory.load(Ordering::Relaxed) > 0 {
                continue;
            }
            table.last_id += 1;
            let id = table.last_id;
            let (ping, pong) = oneshot::channel();
            table.pings.insert(id, ping);
            (pong, id)
        };
        if let Some(bytes) = spawner::resident_memory(pid) {
            state.memory.store(bytes, Ordering::Relaxed);
            if bytes > state.limits.memory as u64 + NODE_MEMORY {
                return state.end_with(EngineError::Memory(state.limits.memory));
            }
        }
        state.send_order(&RunnerRequest::Ping { id });
        let limit = state.limits.cpu;
        // A pong drops the sender, so only the timeout is an error here.
        if with_timeout(limit, pong).await.is_err() {
            return state.end_with(EngineError::CpuTime(limit));
        }
    }
}
