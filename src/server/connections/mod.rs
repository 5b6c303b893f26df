//! Accepts connections, bounds their number and time, and serves them with hyper.

mod connection;
mod descriptors;
mod registry;
mod service;
mod stream;

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use poem::{Endpoint, Response, web::LocalAddr, web::RemoteAddr};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{net::TcpListener, sync::Notify};
use tracing::{info, warn};

use self::{
    connection::{Connection, Ending, TimeLimits},
    registry::Registry,
    service::{ConnectionService, SharedEndpoint},
    stream::{Drain, Stream},
};
use crate::{
    config,
    kernel::clock::{Stopwatch, sleep_real_time, with_timeout},
};

/// Maximum number of concurrent requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 200;

/// Maximum number of HTTP/2 streams that the client reset before hyper accepted them.
const MAX_PENDING_RESETS: usize = 20;

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Minimum time between log lines about connections that cannot be accepted.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Accepts and serves connections.
pub(super) struct Connections {
    registry: Arc<Registry>,
    builder: Builder<TokioExecutor>,
    max: usize,
    limits: TimeLimits,
    drain: Drain,
    /// Number of tasks that serve a connection. A WebSocket no longer has one.
    serving_tasks: AtomicUsize,
    all_tasks_ended: Notify,
}

impl Connections {
    /// Raises the limit on file descriptors, and reads the limits from the settings. `gauge` counts the open
    /// connections.
    pub(super) fn new(settings: &config::ServerSettings, gauge: Gauge) -> Arc<Self> {
        let descriptors = descriptors::raise_limit();
        let derived = || descriptors::default_connections(descriptors);
        let max = settings.max_connections.unwrap_or_else(derived);
        info!(max, "connections");
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().max_buf_size(settings.header_bytes);
        let header_bytes = u32::try_from(settings.header_bytes).unwrap_or(u32::MAX);
        builder
            .http2()
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
            .max_header_list_size(header_bytes);
        Arc::new(Self {
            registry: Arc::new(Registry::new(gauge)),
            builder,
            max,
            limits: TimeLimits {
                header: settings.header_timeout_seconds.saturating_mul(1_000),
                keep_alive: settings.keep_alive_seconds.saturating_mul(1_000),
            },
            drain: Drain {
                bytes: settings.drain_bytes,
                time: Duration::from_secs(settings.drain_seconds),
            },
            serving_tasks: AtomicUsize::new(0),
            all_tasks_ended: Notify::new(),
        })
    }

    /// Serves connections until `stopped` completes, and then lets open requests finish for at most `grace`.
    pub(super) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        endpoint: impl Endpoint<Output = Response> + 'static,
        stopped: impl Future<Output = ()>,
        grace: Duration,
    ) {
        let answerer = service::share_endpoint(endpoint);
        tokio::select! {
            () = stopped => {}
            () = self.accept_all(&listener, &answerer) => {}
            () = self.registry.reap(self.limits) => {}
        }
        drop(listener);
        self.registry.end_all(Ending::Graceful);
        if with_timeout(grace, self.wait_for_tasks()).await.is_err() {
            self.registry.end_all(Ending::Abrupt);
            self.wait_for_tasks().await;
        }
    }

    async fn wait_for_tasks(&self) {
        while self.serving_tasks.load(Ordering::Acquire) > 0 {
            self.all_tasks_ended.notified().await;
        }
    }

    async fn accept_all(self: &Arc<Self>, listener: &TcpListener, answerer: &SharedEndpoint) {
        let mut logged: Option<Stopwatch> = None;
        loop {
            let accepted = listener.accept().await;
            let prepared = accepted.and_then(|(stream, remote)| {
                // Without it, the client's delayed acknowledgement can hold back a small answer for 40 ms.
                stream.set_nodelay(true)?;
                Ok((stream.local_addr()?, stream, remote))
            });
            match prepared {
                Ok((local, stream, remote)) => {
                    self.registry.free_slot(self.max).await;
                    let connection = self.registry.add();
                    let answering = ConnectionService {
                        endpoint: answerer.clone(),
                        connection: connection.clone(),
                        local: LocalAddr(local.into()),
                        remote: RemoteAddr(remote.into()),
                        drain: self.drain,
                    };
                    let stream = Stream::new(stream, connection, self.drain);
                    self.spawn(stream, answering);
                }
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    if logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
                        logged = Some(Stopwatch::start());
                        let open = self.registry.count();
                        warn!(%error, open, "connections cannot be accepted");
                    }
                    self.registry.close_longest();
                    sleep_real_time(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    fn spawn(self: &Arc<Self>, stream: Stream, answering: ConnectionService) {
        let served = TaskGuard::begin(self);
        tokio::spawn(async move {
            served.0.serve_connection(stream, answering).await;
        });
    }

    async fn serve_connection(&self, stream: Stream, answering: ConnectionService) {
        let connection: Arc<Connection> = answering.connection.clone();
        let io = TokioIo::new(stream);
        let served = self.builder.serve_connection_with_upgrades(io, answering);
        let mut served = pin!(served);
        let mut ending = Ending::None;
        loop {
            tokio::select! {
                // Errors of a single connection come from its client.
                _ = &mut served => return,
                next = connection.wait_for_ending(ending) => ending = next,
            }
            match ending {
                Ending::Graceful => served.as_mut().graceful_shutdown(),
                Ending::None | Ending::Abrupt => return,
            }
        }
    }
}

/// True for an error of the connection being accepted, which is gone; false for an error of the server.
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
    )
}

/// Counts a task that serves a connection until dropped.
struct TaskGuard(Arc<Connections>);

impl TaskGuard {
    fn begin(connections: &Arc<Connections>) -> Self {
        connections.serving_tasks.fetch_add(1, Ordering::AcqRel);
        Self(connections.clone())
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if self.0.serving_tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.all_tasks_ended.notify_one();
        }
    }
}
