//! This program once more, in a hidden mode: how such a process is started.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// The mode that runs scripts.
pub(crate) const SCRIPT_WORKER: &str = "script-worker";

/// The mode that reads a document.
pub(crate) const DOCUMENT_WORKER: &str = "document-worker";

/// The mode that limits itself and becomes Node.js.
pub(crate) const NODE_LAUNCHER: &str = "node-launcher";

/// A command that starts this program, or `program`, in a hidden mode: without variables, in the root directory,
/// and in a process group of its own, so that what is sent to a whole group stays apart.
pub(crate) fn command(program: Option<&Path>, mode: &str) -> Command {
    let path = program.map_or_else(own, Path::to_owned);
    let mut command = Command::new(path);
    command
        .arg0("parlance")
        .arg(mode)
        .env_clear()
        .current_dir("/")
        .process_group(0);
    command
}

/// The file of this program. Linux finds it although an upgrade has replaced it.
fn own() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("parlance"))
}
