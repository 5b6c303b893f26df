//! Parses DOCX and PDF in a separate process (this program in its hidden mode `document-worker`). The
//! process limits itself first, so that a hostile document costs at most a fixed time and memory.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::{
    Settings,
    parse::{Content, Format, parse_docx, parse_pdf},
};
use crate::{
    engine::{confinement, helper},
    kernel::clock::with_timeout,
};

/// Additional time for a process to start and to return its output, because other processes may use
/// the processors.
const STARTUP_ALLOWANCE: Duration = Duration::from_secs(20);
/// Maximum size of the worker's output, in bytes.
const OUTPUT_MAX: u64 = 64 * 1024 * 1024;
/// Maximum number of bytes read from the worker's standard error.
const STDERR_MAX: u64 = 4096;

/// Parses a document in a separate process.
///
/// # Errors
/// The reason to skip the file, as a message.
pub(super) async fn parse_document(
    program: Option<&Path>,
    settings: &Settings,
    format: Format,
    bytes: Vec<u8>,
) -> Result<Content, String> {
    let time = Duration::from_secs(settings.document_seconds);
    let working = run_child(program, settings, format, bytes);
    let answer = with_timeout(time + STARTUP_ALLOWANCE, working).await;
    answer.unwrap_or_else(|_| Err(timeout_message(settings)))
}

async fn run_child(
    program: Option<&Path>,
    settings: &Settings,
    format: Format,
    bytes: Vec<u8>,
) -> Result<Content, String> {
    let unstarted = |error: io::Error| format!("the document worker cannot be started: {error}");
    let mut command = helper::command(program, helper::DOCUMENT_WORKER);
    for (name, value) in [
        ("--memory-bytes", settings.document_memory_bytes),
        ("--seconds", settings.document_seconds),
    ] {
        command.args([name, &value.to_string()]);
    }
    if format == Format::Pdf {
        command.arg("--pdf");
    }
    let mut child = Command::from(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(unstarted)?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut input), Some(output), Some(stderr_pipe)) = pipes else {
        return Err("the document worker has no standard streams".to_owned());
    };
    let write_input = async move {
        // A worker that ends early does not read all of its input.
        let _ = input.write_all(&bytes).await;
    };
    let (mut answer, mut stderr) = (Vec::new(), String::new());
    let mut output = output.take(OUTPUT_MAX);
    let mut stderr_pipe = stderr_pipe.take(STDERR_MAX);
    let read_output = output.read_to_end(&mut answer);
    let read_stderr = stderr_pipe.read_to_string(&mut stderr);
    let ((), read_result, _) = tokio::join!(write_input, read_output, read_stderr);
    read_result.map_err(|error| format!("the document worker has ended: {error}"))?;
    let _ = child.start_kill();
    let status = child.wait().await.map_err(unstarted)?;
    if let Ok(content) = serde_json::from_slice(&answer) {
        return content;
    }
    Err(if stderr.contains("memory allocation of") {
        let max_bytes = settings.document_memory_bytes;
        format!(
            "it needs more than {max_bytes} bytes of memory to be read (folders.document_memory_bytes)"
        )
    } else if is_cpu_time_exceeded(&status) {
        timeout_message(settings)
    } else {
        tracing::error!(%status, words = stderr, "a worker for documents has ended");
        "it cannot be read: the document worker failed".to_owned()
    })
}

fn timeout_message(settings: &Settings) -> String {
    let seconds = settings.document_seconds;
    format!("it takes longer than {seconds} s to be read (folders.document_seconds)")
}

/// True if the system killed the process for its use of CPU time.
fn is_cpu_time_exceeded(status: &std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const KILL: i32 = 9;
    const XCPU: i32 = 24;
    matches!(status.signal(), Some(KILL | XCPU))
}

/// Runs the worker: parses a document (PDF, else DOCX) from standard input and writes the result to standard output.
///
/// # Errors
/// Errors of the standard streams, or of a limit that cannot be set.
pub fn run_document_worker(is_pdf: bool, memory: u64, seconds: u64) -> io::Result<()> {
    confinement::limit_cpu_time(seconds)?;
    confinement::limit_added_memory(memory)?;
    confinement::confine_worker()?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let read = match is_pdf {
        true => parse_pdf(&bytes),
        false => parse_docx(&bytes),
    };
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, &read)?;
    output.flush()
}
