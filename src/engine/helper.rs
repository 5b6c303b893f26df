//! Commands that start this program again in a hidden mode.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// Mode that runs scripts.
pub(crate) const SCRIPT_WORKER: &str = "script-worker";

/// Mode that reads a document.
pub(crate) const DOCUMENT_WORKER: &str = "document-worker";

/// Mode that confines itself and becomes Node.js.
pub(crate) const NODE_LAUNCHER: &str = "node-launcher";

/// Returns a command that starts this program, or `program`, in a hidden mode: without environment variables, in the
/// root directory, and in its own process group, so that signals to the server's group do not reach it.
pub(crate) fn command(program: Option<&Path>, mode: &str) -> Command {
    let path = program.map_or_else(own_executable, Path::to_owned);
    let mut command = Command::new(path);
    command
        .arg0("parlance")
        .arg(mode)
        .env_clear()
        .current_dir("/")
        .process_group(0);
    command
}

/// Returns the path of this program. On Linux it works even after an upgrade has replaced the file.
fn own_executable() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("parlance"))
}
