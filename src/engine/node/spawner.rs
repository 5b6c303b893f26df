//! The thread that starts children. The kernel kills a child when the thread that started it ends (the launcher asks
//! for that), so this thread lives as long as this process.

use std::{
    io,
    sync::{LazyLock, mpsc},
    thread,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

struct SpawnRequest {
    command: Command,
    tokio: Handle,
    started: oneshot::Sender<io::Result<Child>>,
}

static SPAWN_QUEUE: LazyLock<mpsc::Sender<SpawnRequest>> = LazyLock::new(|| {
    let (orders, incoming) = mpsc::channel::<SpawnRequest>();
    thread::spawn(move || {
        for mut order in incoming {
            let _in_runtime = order.tokio.enter();
            // If the caller no longer waits, dropping the child kills it.
            let _ = order.started.send(order.command.spawn());
        }
    });
    orders
});

/// Starts a child.
///
/// # Errors
/// Errors of the system.
pub(super) async fn spawn(command: Command) -> io::Result<Child> {
    let (started, child) = oneshot::channel();
    let order = SpawnRequest {
        command,
        tokio: Handle::current(),
        started,
    };
    let ended_error = || io::Error::other("the thread that starts children has ended");
    SPAWN_QUEUE.send(order).map_err(|_| ended_error())?;
    child.await.map_err(|_| ended_error())?
}

/// Returns the resident memory of a process, in bytes, if the system reports it.
pub(super) fn resident_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
