//! The thread that starts children. The system ends a child with the thread that started it (the
//! launcher asks for that), so that thread has to last as long as this process.

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

struct Order {
    command: Command,
    tokio: Handle,
    started: oneshot::Sender<io::Result<Child>>,
}

static ORDERS: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, incoming) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for mut order in incoming {
            let _in_runtime = order.tokio.enter();
            // If nobody waits for it any more, dropping the child ends it.
            let _ = order.started.send(order.command.spawn());
        }
    });
    orders
});

/// Starts a child.
///
/// # Errors
/// That of the system.
pub(super) async fn spawn(command: Command) -> io::Result<Child> {
    let (started, child) = oneshot::channel();
    let order = Order {
        command,
        tokio: Handle::current(),
        started,
    };
    let gone = || io::Error::other("the thread that starts children is gone");
    ORDERS.send(order).map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}
