//! Documents that take more than decoding: they are read by a process of their own (this program in its
//! hidden mode `document-worker`), which limits itself first, so that a hostile one costs a stated time and
//! memory and nothing else.

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
    read::{Content, docx},
};
use crate::{
    engine::{confinement, helper},
    kernel::clock::within,
};

/// How much longer than its time a process may take to start and to hand its answer over: others may have
/// the processors.
const SLACK: Duration = Duration::from_secs(20);
/// The most that a document's text may have, in bytes of the worker's answer.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// How much is read of what a worker says when it ends, in bytes.
const LAST_WORDS: u64 = 4096;

/// Reads a document in a process of its own.
///
/// # Errors
/// Why it is left out, in words.
pub(super) async fn read(
    program: Option<&Path>,
    settings: &Settings,
    bytes: Vec<u8>,
) -> Result<Content, String> {
    let time = Duration::from_secs(settings.document_seconds);
    let working = work(program, settings, bytes);
    let answer = within(time + SLACK, working).await;
    answer.unwrap_or_else(|_| Err(too_long(settings)))
}

async fn work(
    program: Option<&Path>,
    settings: &Settings,
    bytes: Vec<u8>,
) -> Result<Content, String> {
    let unstarted = |error: io::Error| format!("what reads it cannot be started: {error}");
    let mut command = helper::command(program, helper::DOCUMENT_WORKER);
    for (name, figure) in [
        ("--memory-bytes", settings.document_memory_bytes),
        ("--seconds", settings.document_seconds),
    ] {
        command.args([name, &figure.to_string()]);
    }
    let mut child = Command::from(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(unstarted)?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut input), Some(output), Some(errors)) = pipes else {
        return Err("what reads it has no standard streams".to_owned());
    };
    let give = async move {
        // One that ends early does not read all of it.
        let _ = input.write_all(&bytes).await;
    };
    let (mut answer, mut words) = (Vec::new(), String::new());
    let mut output = output.take(ANSWER_MAX);
    let mut errors = errors.take(LAST_WORDS);
    let take = output.read_to_end(&mut answer);
    let hear = errors.read_to_string(&mut words);
    let ((), taken, _) = tokio::join!(give, take, hear);
    taken.map_err(|error| format!("what reads it has ended: {error}"))?;
    let _ = child.start_kill();
    let status = child.wait().await.map_err(unstarted)?;
    if let Ok(read) = serde_json::from_slice(&answer) {
        return read;
    }
    Err(if words.contains("memory allocation of") {
        let most = settings.document_memory_bytes;
        format!(
            "it needs more than {most} bytes of memory to be read (folders.document_memory_bytes)"
        )
    } else if is_out_of_time(&status) {
        too_long(settings)
    } else {
        tracing::error!(%status, words, "a worker for documents has ended");
        "it cannot be read: its reader has a defect".to_owned()
    })
}

fn too_long(settings: &Settings) -> String {
    let seconds = settings.document_seconds;
    format!("it takes longer than {seconds} s to be read (folders.document_seconds)")
}

/// True for a process that the system ended for the time it used.
fn is_out_of_time(status: &std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const KILL: i32 = 9;
    const XCPU: i32 = 24;
    matches!(status.signal(), Some(KILL | XCPU))
}

/// The worker: reads a document from standard input and writes what it says to standard output.
///
/// # Errors
/// Those of the standard streams, and if it cannot limit itself.
pub fn serve(memory: u64, seconds: u64) -> io::Result<()> {
    confinement::limit_time(seconds)?;
    confinement::limit_more_memory(memory)?;
    confinement::confine_worker()?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let read = docx(&bytes);
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, &read)?;
    output.flush()
}
