//! Assembles the server: opens the database, listens, serves requests, runs the workers and stops.

mod connections;
mod exposure;
mod router;
mod routes;
mod workers;

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use poem::{Endpoint, Response};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tracing::{info, warn};

use self::{
    connections::Connections,
    workers::{Workers, wait_for_stop},
};
use crate::{
    config::{self, Config, Profile},
    dialects::{self, botpress, chat_api},
    domain::{
        self, Addresses, App, ai,
        bots::packages::shipped,
        retrieval::connectors,
        tenancy::{
            bootstrap::{self, StartResult},
            usage,
        },
        webchat, webhooks,
    },
    engine,
    kernel::{self, Clock},
    store::{OpenError, Sealer, Store, seal::KeyError},
};

/// The reason why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No usable sealing key exists.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The initial data cannot be created from the settings.
    #[error("cannot prepare the database")]
    Bootstrap(#[source] kernel::Error),
}

impl StartError {
    /// True if another program already listens on this address.
    #[must_use]
    pub fn is_address_in_use(&self, wanted: SocketAddr) -> bool {
        match self {
            Self::Listen { address, source } => {
                *address == wanted && source.kind() == io::ErrorKind::AddrInUse
            }
            _ => false,
        }
    }
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    /// The address of the metrics listener, which needs no API key.
    metrics_address: Option<SocketAddr>,
    metrics_task: Option<JoinHandle<()>>,
    app: App,
    started: StartResult,
    created_database: bool,
    stop_sender: watch::Sender<bool>,
    serving_task: JoinHandle<()>,
    workers: Workers,
}

impl Server {
    /// Opens the database and starts to accept connections.
    ///
    /// # Errors
    /// [`StartError`] if the address, the database, the sealing key or the initial data is unusable.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen {
            address: config.server.listen,
            source,
        };
        // Bind before opening the database: if the address is taken, no new database file is left behind.
        let listener = bind(config.server.listen).await?;
        let address = listener.local_addr().map_err(listen)?;
        let measured = match config.metrics.listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let store = Store::open(&config.store)?;
        let sealer = Sealer::load(&store, &config.seal).await?;
        let created = store.was_created();
        let settings = domain::Settings {
            limits: config.limits.clone(),
            service_integrations: config.service_integrations.clone(),
            outbound: config.outbound.clone(),
            runtime: config.runtime.clone(),
            plans: config.plans.clone(),
            billing: config.billing.clone(),
            deliveries: config.deliveries.clone(),
            tunnel: config.tunnel.clone(),
            bots: config.bots.clone(),
            files: config.files.clone(),
            tables: config.tables.clone(),
            webchat: config.webchat.clone(),
            webhooks: config.webhooks.clone(),
            inbox: config.inbox.clone(),
            connectors: config.connectors.clone(),
            folders: config.folders.clone(),
            audit: config.audit.clone(),
            bounds: config.bounds.clone(),
            answers: config.answers.clone(),
            ai: config.ai.clone(),
            schemas: config.schemas,
            development: config.server.profile == Profile::Dev,
        };
        let app = domain::open(store, sealer, clock, settings, dialects::RENDERERS)
            .map_err(StartError::Bootstrap)?;
        // A deleted workspace can still hold the id that the first start wants.
        crate::domain::lifecycle::workspace_deletion::purge_at_start(&app)
            .await
            .map_err(StartError::Bootstrap)?;
        webhooks::seal_addresses(&app)
            .await
            .map_err(StartError::Bootstrap)?;
        let own_url = url(address);
        let public = config.server.public_url.as_ref();
        let public = config.botpress.webhook_url.as_ref().or(public);
        let public = public.map_or_else(|| own_url.clone(), ToString::to_string);
        app.set_addresses(Addresses {
            webhooks: format!("{public}{}", botpress::WEBHOOKS_PATH),
            api: own_url,
        });
        app.set_native_programs(native_integrations(&app));
        let started = bootstrap::start(&app, &config.bootstrap)
            .await
            .map_err(StartError::Bootstrap)?;
        webchat::register(&app)
            .await
            .map_err(StartError::Bootstrap)?;
        shipped::register(&app)
            .await
            .map_err(StartError::Bootstrap)?;
        ai::register(&app).await.map_err(StartError::Bootstrap)?;
        connectors::register_folders(&app, &started.workspace.id, &local_url(address))
            .await
            .map_err(StartError::Bootstrap)?;
        if let Err(error) = app.store().publish_address(&url(address)) {
            warn!(%error, "the address of this server could not be written to the lock file");
        }
        let (stop, stopping) = watch::channel(false);
        for warning in exposure::warnings(config, address) {
            warn!("{warning}");
        }
        let open = Gauge::default();
        let metrics_address = measured
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        let hosts = routes::ListenerHosts {
            server: exposure::allowed_hosts(config, address),
            metrics: exposure::allowed_hosts(config, metrics_address.unwrap_or(address)),
        };
        let (endpoint, metrics) = routes::build_endpoints(&app, config, hosts, &open);
        let measuring = measured.map(|listener| {
            tokio::spawn(serve_metrics(
                config.server.clone(),
                listener,
                metrics,
                wait_for_stop(stopping.clone()),
            ))
        });
        let serving = Connections::new(&config.server, open).serve(
            listener,
            endpoint,
            wait_for_stop(stopping.clone()),
            Duration::from_secs(config.server.shutdown_timeout_seconds),
        );
        Ok(Self {
            address,
            metrics_address,
            metrics_task: measuring,
            started,
            created_database: created,
            stop_sender: stop,
            serving_task: tokio::spawn(serving),
            workers: Workers::start(&app, &stopping),
            app,
        })
    }

    /// Returns the URL of the server: `http://127.0.0.1:4600`.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Returns the URL of the metrics, if they have their own listener: `http://127.0.0.1:9464/metrics`.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        let address = self.metrics_address?;
        Some(format!("{}/metrics", url(address)))
    }

    /// Returns the domain.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Returns the objects that the start found or created.
    #[must_use]
    pub const fn started(&self) -> &StartResult {
        &self.started
    }

    /// True if this start created the database.
    #[must_use]
    pub const fn created_database(&self) -> bool {
        self.created_database
    }

    /// Stops the server: rejects new connections, lets running requests finish, flushes the usage counters, and
    /// closes the database, which leaves a single file.
    pub async fn stop(self) {
        self.stop_sender.send_replace(true);
        // Tunnels are upgraded connections, which the listener does not wait for.
        self.app.tunnels().stop();
        // Event streams do not end on their own.
        self.app.listeners().close();
        // Fails only if the task panicked, and then nothing is being served.
        let _ = self.serving_task.await;
        if let Some(measuring) = self.metrics_task {
            // The metrics listener only serves reads.
            let _ = measuring.await;
        }
        // Workers continue unfinished work after the next start.
        self.workers.join().await;
        if let Err(error) = usage::flush(&self.app).await {
            warn!(?error, "the last usage counts are lost");
        }
        let store = self.app.store().clone();
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        if closed.is_ok() {
            info!("stopped");
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = |source| StartError::Listen { address, source };
    TcpListener::bind(address).await.map_err(listen)
}

/// Maximum number of connections to the metrics listener.
const METRICS_CONNECTIONS: usize = 16;

async fn serve_metrics(
    mut settings: config::ServerSettings,
    listener: TcpListener,
    endpoint: impl Endpoint<Output = Response> + 'static,
    stopped: impl Future<Output = ()>,
) {
    settings.max_connections = Some(METRICS_CONNECTIONS);
    let grace = Duration::from_secs(settings.shutdown_timeout_seconds);
    let connections = Connections::new(&settings, Gauge::default());
    connections.serve(listener, endpoint, stopped, grace).await;
}

/// Returns the built-in integrations, which run as native code.
fn native_integrations(app: &App) -> BTreeMap<&'static str, Arc<dyn engine::NativeProgram>> {
    let mut programs = botpress::native_programs(app);
    if app.webchat_settings().enabled {
        programs.extend(chat_api::native_programs(app));
    }
    programs
}

/// Returns the URL at which this server can call itself.
fn local_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    url(SocketAddr::new(ip, address.port()))
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
