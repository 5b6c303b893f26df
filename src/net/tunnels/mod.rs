//! Tunnels: a program in development without a public address, such as `bp dev`, connects to this server and receives
//! the requests that arrive below the tunnel's id (botpress.md §5).
//!
//! A tunnel exists while a client is connected; nothing is stored. A client that connects with an open id takes the
//! tunnel over, because the vendor's command line reconnects at once and may do so twice. The older connection stays
//! open, so responses under way still arrive, and neither client has a reason to reconnect against the other. If the
//! newer connection ends first, the older one receives requests again.

mod connection;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::sync::Cache;
use url::Url;
use uuid::Uuid;

use self::connection::TunnelConnection;
pub use self::{
    connection::{CloseReason, MessageReceiver, Outgoing, Session},
    settings::Settings,
    wire::{Request, Response},
};
use crate::kernel::clock::with_timeout;

/// Maximum number of clients connected to one tunnel.
const MAX_CONNECTIONS: usize = 4;

/// Maximum number of ids that are remembered after their tunnel was open.
const MAX_REMEMBERED_IDS: usize = 10_000;

/// The reason why a request through a tunnel has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TunnelError {
    /// No client is connected.
    #[error("no client is connected to this tunnel; `bp dev` opens it")]
    NotConnected,
    /// Too many requests wait for a response.
    #[error("too many requests wait for the client of this tunnel")]
    Busy,
    /// The client disconnected before it responded.
    #[error("the client of this tunnel disconnected before it answered")]
    Lost,
    /// The client did not respond in time.
    #[error("the client of this tunnel did not answer within {0:?}")]
    TimedOut(Duration),
}

impl TunnelError {
    /// Returns the index of the outcome in [`OUTCOMES`].
    const fn outcome_index(self) -> usize {
        match self {
            Self::NotConnected => 1,
            Self::Busy => 2,
            Self::Lost => 3,
            Self::TimedOut(_) => 4,
        }
    }
}

/// Outcomes of requests, in the order of [`Stats::requests`].
pub const OUTCOMES: [&str; 5] = ["answered", "not_connected", "busy", "lost", "timed_out"];

/// The reason why a client cannot connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectError {
    /// The maximum number of tunnels is open.
    Full,
    /// The server is stopping.
    Stopping,
    /// The id is not a valid tunnel id.
    InvalidId,
}

/// Counters of all tunnels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Number of open tunnels.
    pub open: usize,
    /// Number of connections since the start.
    pub connections: u64,
    /// Number of requests since the start, by [`OUTCOMES`].
    pub requests: [u64; OUTCOMES.len()],
}

/// The tunnel, path and query that a URL of this server refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) query: String,
}

/// All tunnels. Clones share them.
#[derive(Debug, Clone)]
pub struct Tunnels(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    enabled: bool,
    open_connections: Mutex<HashMap<String, Vec<Arc<TunnelConnection>>>>,
    /// Ids that were open since the start, each with the host by which its client knows this server.
    remembered_ids: Cache<String, Option<String>>,
    /// First segments of this server's own paths.
    reserved: OnceLock<BTreeSet<String>>,
    /// Hosts, with their ports, that refer to this server.
    hosts: Mutex<BTreeSet<String>>,
    stopping: AtomicBool,
    connection_count: AtomicU64,
    requests: [AtomicU64; OUTCOMES.len()],
}

impl Tunnels {
    /// Creates the state without open tunnels.
    #[must_use]
    pub fn new(settings: &Settings, development: bool) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            enabled: settings.is_enabled(development),
            open_connections: Mutex::default(),
            remembered_ids: Cache::new(MAX_REMEMBERED_IDS),
            reserved: OnceLock::new(),
            hosts: Mutex::default(),
            stopping: AtomicBool::new(false),
            connection_count: AtomicU64::new(0),
            requests: Default::default(),
        }))
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// True if tunnels are enabled.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// Sets the first segments of this server's own paths: no tunnel can have such an id. Only the first call has an
    /// effect.
    pub fn reserve_ids(&self, names: BTreeSet<String>) {
        // Already set.
        let _ = self.0.reserved.set(names);
    }

    /// Adds a URL that refers to this server. A loopback or unspecified address also adds the other loopback hosts.
    pub fn add_own_url(&self, url: &str) {
        let Some(url) = Url::parse(url).ok() else {
            return;
        };
        let ip: Option<IpAddr> = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(ip.into()),
            Some(url::Host::Ipv6(ip)) => Some(ip.into()),
            _ => None,
        };
        let is_this_machine = ip.is_some_and(|ip| ip.is_loopback() || ip.is_unspecified());
        let port = format_port(&url);
        let others = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}{port}"));
        let others = others.into_iter().filter(|_| is_this_machine);
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.extend(others.chain(format_authority(&url)));
    }

    fn lock_connections(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<TunnelConnection>>>> {
        self.0
            .open_connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// True if other paths of this server begin with this segment.
    #[must_use]
    pub fn is_reserved(&self, name: &str) -> bool {
        let names = self.0.reserved.get();
        name.is_empty() || names.is_some_and(|names| names.contains(name))
    }

    /// True if a text is a valid tunnel id on this server.
    fn is_valid_id(&self, id: &str) -> bool {
        wire::is_valid_id(id) && !self.is_reserved(id)
    }

    /// True if paths with this first segment belong to a tunnel: the tunnel is or was open, or the id is a UUID, as
    /// the vendor's command line generates.
    #[must_use]
    pub fn is_tunnel(&self, id: &str) -> bool {
        let known = || Uuid::try_parse(id).is_ok() || self.0.remembered_ids.contains_key(id);
        self.0.enabled && self.is_valid_id(id) && known()
    }

    /// Connects a client that knows this server by `host`.
    ///
    /// # Errors
    /// [`ConnectError`] if the id is invalid, too many tunnels are open, or the server is stopping.
    pub fn open(&self, id: &str, host: Option<&str>) -> Result<Session, ConnectError> {
        if !self.is_valid_id(id) {
            return Err(ConnectError::InvalidId);
        }
        let (line, frames) = TunnelConnection::new(self.0.settings.max_requests);
        {
            let mut open = self.lock_connections();
            if self.0.stopping.load(Ordering::SeqCst) {
                return Err(ConnectError::Stopping);
            }
            if !open.contains_key(id) && open.len() >= self.0.settings.max_tunnels {
                return Err(ConnectError::Full);
            }
            let lines = open.entry(id.to_owned()).or_default();
            if lines.len() >= MAX_CONNECTIONS {
                lines.remove(0).close(CloseReason::CONFLICT);
            }
            lines.push(line.clone());
        }
        let host = host.and_then(|host| Url::parse(&format!("http://{host}")).ok());
        let host = host.and_then(|url| format_authority(&url));
        self.0.remembered_ids.insert(id.to_owned(), host);
        self.0.connection_count.fetch_add(1, Ordering::Relaxed);
        Ok(Session::new(self.clone(), id.to_owned(), line, frames))
    }

    fn disconnect(&self, id: &str, line: &Arc<TunnelConnection>) {
        let mut open = self.lock_connections();
        if let Some(lines) = open.get_mut(id) {
            lines.retain(|other| !Arc::ptr_eq(other, line));
            if lines.is_empty() {
                open.remove(id);
            }
        }
    }

    /// Checks that a tunnel takes requests, before the body of one is read.
    ///
    /// # Errors
    /// [`TunnelError::NotConnected`] without a client, [`TunnelError::Busy`] if too many requests wait.
    pub fn check_available(&self, id: &str) -> Result<(), TunnelError> {
        let line = self.current_connection(id).ok_or(TunnelError::NotConnected);
        let checked = line.and_then(|line| line.check_capacity());
        if let Err(failure) = &checked {
            self.count_outcome(failure.outcome_index());
        }
        checked
    }

    /// Returns the newest connection of a tunnel, which takes its requests.
    fn current_connection(&self, id: &str) -> Option<Arc<TunnelConnection>> {
        let open = self.lock_connections();
        open.get(id).and_then(|lines| lines.last().cloned())
    }

    fn count_outcome(&self, outcome: usize) {
        self.0.requests[outcome].fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a request through a tunnel and waits for the response.
    ///
    /// # Errors
    /// Any [`TunnelError`].
    pub async fn send_request(
        &self,
        id: &str,
        request: &Request,
        timeout: Duration,
    ) -> Result<Response, TunnelError> {
        let answer = match self.current_connection(id) {
            Some(line) => with_timeout(timeout, line.send_request(request))
                .await
                .unwrap_or(Err(TunnelError::TimedOut(timeout))),
            None => Err(TunnelError::NotConnected),
        };
        let outcome = answer
            .as_ref()
            .err()
            .map_or(0, |failure| failure.outcome_index());
        self.count_outcome(outcome);
        answer
    }

    /// Returns the tunnel that a URL refers to, if it is a tunnel of this server.
    pub(crate) fn find_target(&self, url: &str) -> Option<Target> {
        let url = Url::parse(url).ok().filter(|_| self.0.enabled)?;
        let host = format_authority(&url)?;
        let path = url.path().strip_prefix('/')?;
        let (id, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = || self.0.remembered_ids.get(id) == Some(Some(host.clone()));
        let here = hosts.contains(&host) || known();
        (here && self.is_tunnel(id)).then(|| Target {
            id: id.to_owned(),
            path: if rest.is_empty() { "/" } else { rest }.to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
        })
    }

    /// Closes all connections and accepts no more.
    pub fn stop(&self) {
        let open = self.lock_connections();
        self.0.stopping.store(true, Ordering::SeqCst);
        for line in open.values().flatten() {
            line.close(CloseReason::STOPPING);
        }
    }

    /// Returns the counters of all tunnels.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            open: self.lock_connections().len(),
            connections: count(&self.0.connection_count),
            requests: self.0.requests.each_ref().map(count),
        }
    }
}

/// Returns the host and port of a URL, without the scheme's default port.
fn format_authority(url: &Url) -> Option<String> {
    Some(format!("{}{}", url.host_str()?, format_port(url)))
}

/// Returns the port as `:4600`, or an empty text for the scheme's default port.
fn format_port(url: &Url) -> String {
    url.port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default()
}
