//! One script worker process, as the server sees it.

use std::{io, process::Stdio};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use super::{
    MAX_RUN_TIME, ScriptError,
    frame::{self, Hello, ScriptResult},
    worker::{FRAME_OVERHEAD, TIMED_OUT_STATUS},
};
use crate::{
    engine::{Settings, helper},
    kernel::clock::with_timeout,
};

/// Maximum time until a worker has started; other processes may occupy the processors.
const START_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// Time that an exchange may take beyond [`MAX_RUN_TIME`]. The worker itself ends a script that takes too long; this limit is
/// for a worker that does not.
const SLACK: std::time::Duration = std::time::Duration::from_secs(5);

/// Maximum number of bytes that are read of the error output of a worker that ended.
const MAX_STDERR_BYTES: u64 = 4096;

/// A worker that has started. Dropping it ends the worker.
pub(super) struct WorkerProcess {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    stderr: ChildStderr,
    memory: usize,
    max_output: usize,
}

/// The outcome of an exchange.
pub(super) enum Outcome {
    /// The worker responded.
    Answered(ScriptResult),
    /// The worker had ended by itself and did not take the script; another worker must run it.
    Retired,
    /// The script ended the worker.
    Broken(ScriptError),
}

impl WorkerProcess {
    /// Starts a worker.
    ///
    /// # Errors
    /// `Unavailable` if the worker does not start.
    pub(super) async fn start(settings: &Settings) -> Result<Self, ScriptError> {
        let started = with_timeout(START_TIMEOUT, Self::spawn(settings)).await;
        let started = started.unwrap_or_else(|_| Err(io::Error::other("it does not answer")));
        started.map_err(|error| {
            tracing::error!(%error, "a worker for scripts cannot be started");
            ScriptError::Unavailable("this server could not start a worker".to_owned())
        })
    }

    async fn spawn(settings: &Settings) -> io::Result<Self> {
        let mut command = helper::command(settings.executable.as_deref(), helper::SCRIPT_WORKER);
        for (name, value) in [
            ("--memory-bytes", settings.script_memory_bytes as u64),
            ("--input-bytes", settings.script_input_bytes as u64),
            ("--output-bytes", settings.script_output_bytes as u64),
            ("--idle-seconds", settings.script_idle_seconds),
        ] {
            command.args([name, &value.to_string()]);
        }
        let mut child = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(io::Error::other("it has no standard streams"));
        };
        let mut process = Self {
            child,
            input,
            output,
            stderr: errors,
            memory: settings.script_memory_bytes,
            max_output: settings.script_output_bytes + FRAME_OVERHEAD,
        };
        let hello = frame::read_async(&mut process.output, FRAME_OVERHEAD).await;
        if !hello.is_ok_and(|hello: Hello| hello == Hello::new()) {
            let (_, text) = process.end().await;
            return Err(io::Error::other(format!(
                "it is not a script worker: {text}"
            )));
        }
        Ok(process)
    }

    /// Sends a frame to the worker and waits for the outcome.
    pub(super) async fn exchange(&mut self, frame: &[u8]) -> Outcome {
        let answer = async {
            self.input.write_all(frame).await?;
            frame::read_bytes(&mut self.output, self.max_output).await
        };
        match with_timeout(MAX_RUN_TIME + SLACK, answer).await {
            Ok(Ok(bytes)) => Outcome::Answered(parse_result(&bytes)),
            Ok(Err(_)) => self.classify_end().await,
            Err(_) => Outcome::Broken(ScriptError::TimedOut),
        }
    }

    /// Waits until the worker ends by itself.
    pub(super) async fn wait_for_end(&mut self) {
        // After an error there is nothing to wait for.
        let _ = self.child.wait().await;
    }

    async fn classify_end(&mut self) -> Outcome {
        let (status, text) = self.end().await;
        let failed = |text: &str| Outcome::Broken(ScriptError::Failed(text.to_owned()));
        match status {
            Some(0) => Outcome::Retired,
            Some(TIMED_OUT_STATUS) => Outcome::Broken(ScriptError::TimedOut),
            // The standard library of Rust prints this text.
            _ if text.contains("memory allocation of") => {
                Outcome::Broken(ScriptError::Memory(self.memory))
            }
            _ if text.contains("overflowed its stack") => failed("it is nested too deeply"),
            _ => {
                tracing::error!(?status, text, "a worker for scripts has ended");
                failed("the script engine has a defect")
            }
        }
    }

    /// Ends the worker. Returns its status, if it had ended by itself, and its error output.
    async fn end(&mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        let status = with_timeout(SLACK, async {
            let mut errors = (&mut self.stderr).take(MAX_STDERR_BYTES);
            // The worker writes UTF-8.
            let _ = errors.read_to_string(&mut text).await;
            self.child.wait().await
        });
        let status = status.await.ok().and_then(Result::ok);
        // Fails only if the worker has ended.
        let _ = self.child.start_kill();
        (status.and_then(|status| status.code()), text)
    }
}

fn parse_result(bytes: &[u8]) -> ScriptResult {
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        let text = format!("its output cannot be read: {error}");
        Err(ScriptError::Failed(text))
    })
}
