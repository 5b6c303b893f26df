//! Tunnels: programs in development that have no address of their own, such as `bp dev`, connect to
//! this server and are sent the requests that arrive below the tunnel's id (botpress.md §5).
//!
//! A tunnel lives as long as a client is connected; nothing of it is stored. A client that connects
//! with an id that is open takes it over: the vendor's command line reconnects at once and may do so
//! twice. The older connection stays, so that answers which are on their way arrive and neither client
//! has a reason to reconnect against the other; it is used again if the newer one ends first.

mod line;
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

use moka::sync::Cache;
use url::Url;
use uuid::Uuid;

use self::line::Line;
pub use self::{
    line::{Close, Ear, Outgoing, Session},
    settings::Settings,
    wire::{Request, Response},
};
use crate::kernel::clock::within;

/// The most clients that are connected to one tunnel.
const MAX_LINES: usize = 4;

/// How many tunnels that were open are remembered.
const KNOWN: u64 = 10_000;

/// Why a request through a tunnel has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody is connected.
    #[error("no client is connected to this tunnel; `bp dev` opens it")]
    NotConnected,
    /// Too many requests wait.
    #[error("too many requests wait for the client of this tunnel")]
    Busy,
    /// The client went away before it answered.
    #[error("the client of this tunnel went away before it answered")]
    Lost,
    /// The client took too long.
    #[error("the client of this tunnel did not answer within {0:?}")]
    TimedOut(Duration),
}

impl Failure {
    /// Its place in [`OUTCOMES`].
    const fn outcome(self) -> usize {
        match self {
            Self::NotConnected => 1,
            Self::Busy => 2,
            Self::Lost => 3,
            Self::TimedOut(_) => 4,
        }
    }
}

/// What becomes of requests, in the order of [`Stats::requests`].
pub const OUTCOMES: [&str; 5] = ["answered", "not_connected", "busy", "lost", "timed_out"];

/// Why a client is not connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOpened {
    /// As many tunnels are open as there may be.
    Full,
    /// The server stops.
    Stopping,
    /// The id cannot be that of a tunnel.
    InvalidId,
}

/// The state of all tunnels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many are open.
    pub open: usize,
    /// How many clients were connected since the start.
    pub connections: u64,
    /// What became of requests since the start, by [`OUTCOMES`].
    pub requests: [u64; OUTCOMES.len()],
}

/// A program that a url of this server stands for.
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
    open: Mutex<HashMap<String, Vec<Arc<Line>>>>,
    /// Ids that were open since the start, each with the host by which its client knows this server.
    known: Cache<String, Option<String>>,
    /// What paths of this server begin with.
    reserved: OnceLock<BTreeSet<String>>,
    /// The hosts, with their ports, that stand for this server.
    hosts: Mutex<BTreeSet<String>>,
    stopping: AtomicBool,
    connections: AtomicU64,
    requests: [AtomicU64; OUTCOMES.len()],
}

impl Tunnels {
    /// None is open yet.
    #[must_use]
    pub fn new(settings: &Settings, development: bool) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            enabled: settings.is_on(development),
            open: Mutex::default(),
            known: Cache::new(KNOWN),
            reserved: OnceLock::new(),
            hosts: Mutex::default(),
            stopping: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            requests: Default::default(),
        }))
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whether there are tunnels.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.enabled
    }

    /// Notes what paths of this server begin with: no tunnel has such an id. Only the first time counts.
    pub fn reserve(&self, names: BTreeSet<String>) {
        // They were noted before.
        let _ = self.0.reserved.set(names);
    }

    /// Notes an address that stands for this server.
    pub fn serves_at(&self, url: &str) {
        let Some(url) = Url::parse(url).ok() else {
            return;
        };
        let ip: Option<IpAddr> = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(ip.into()),
            Some(url::Host::Ipv6(ip)) => Some(ip.into()),
            _ => None,
        };
        let here = ip.is_some_and(|ip| ip.is_loopback() || ip.is_unspecified());
        let port = port(&url);
        let others = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}{port}"));
        let others = others.into_iter().filter(|_| here);
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.extend(others.chain(authority(&url)));
    }

    fn open_lines(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Line>>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether other paths of this server begin with this.
    #[must_use]
    pub fn is_reserved(&self, name: &str) -> bool {
        let names = self.0.reserved.get();
        name.is_empty() || names.is_some_and(|names| names.contains(name))
    }

    /// Whether a text may be the id of a tunnel here.
    fn may_be(&self, id: &str) -> bool {
        wire::is_id(id) && !self.is_reserved(id)
    }

    /// Whether what is below this first part of a path belongs to a tunnel: one that is or was open,
    /// or that the vendor's command line might open.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        let known = || Uuid::try_parse(id).is_ok() || self.0.known.contains_key(id);
        self.0.enabled && self.may_be(id) && known()
    }

    /// Connects a client that knows this server by `host`.
    ///
    /// # Errors
    /// [`NotOpened`]
    pub fn open(&self, id: &str, host: Option<&str>) -> Result<Session, NotOpened> {
        if !self.may_be(id) {
            return Err(NotOpened::InvalidId);
        }
        let (line, frames) = Line::new(self.0.settings.max_requests);
        {
            let mut open = self.open_lines();
            if self.0.stopping.load(Ordering::SeqCst) {
                return Err(NotOpened::Stopping);
            }
            if !open.contains_key(id) && open.len() >= self.0.settings.max_tunnels {
                return Err(NotOpened::Full);
            }
            let lines = open.entry(id.to_owned()).or_default();
            if lines.len() >= MAX_LINES {
                lines.remove(0).close(Close::CONFLICT);
            }
            lines.push(line.clone());
        }
        let host = host.and_then(|host| Url::parse(&format!("http://{host}")).ok());
        let host = host.and_then(|url| authority(&url));
        self.0.known.insert(id.to_owned(), host);
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Session::new(self.clone(), id.to_owned(), line, frames))
    }

    fn leave(&self, id: &str, line: &Arc<Line>) {
        let mut open = self.open_lines();
        if let Some(lines) = open.get_mut(id) {
            lines.retain(|other| !Arc::ptr_eq(other, line));
            if lines.is_empty() {
                open.remove(id);
            }
        }
    }

    /// Asserts that a tunnel takes requests, before the body of one is read.
    ///
    /// # Errors
    /// [`Failure::NotConnected`] or [`Failure::Busy`]
    pub fn check_open(&self, id: &str) -> Result<(), Failure> {
        let line = self.line(id).ok_or(Failure::NotConnected);
        let checked = line.and_then(|line| line.check_room());
        if let Err(failure) = &checked {
            self.count(failure.outcome());
        }
        checked
    }

    /// The connection that takes the requests of a tunnel.
    fn line(&self, id: &str) -> Option<Arc<Line>> {
        let open = self.open_lines();
        open.get(id).and_then(|lines| lines.last().cloned())
    }

    fn count(&self, outcome: usize) {
        self.0.requests[outcome].fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a request through a tunnel and waits for the answer.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn request(
        &self,
        id: &str,
        request: &Request,
        timeout: Duration,
    ) -> Result<Response, Failure> {
        let answer = match self.line(id) {
            Some(line) => within(timeout, line.ask(request))
                .await
                .unwrap_or(Err(Failure::TimedOut(timeout))),
            None => Err(Failure::NotConnected),
        };
        let outcome = answer.as_ref().err().map_or(0, |failure| failure.outcome());
        self.count(outcome);
        answer
    }

    /// The program that a url stands for, if that is a tunnel of this server.
    pub(crate) fn target(&self, url: &str) -> Option<Target> {
        let url = Url::parse(url).ok().filter(|_| self.0.enabled)?;
        let host = authority(&url)?;
        let path = url.path().strip_prefix('/')?;
        let (id, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = || self.0.known.get(id) == Some(Some(host.clone()));
        let here = hosts.contains(&host) || known();
        (here && self.has(id)).then(|| Target {
            id: id.to_owned(),
            path: if rest.is_empty() { "/" } else { rest }.to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
        })
    }

    /// Ends all connections, and takes no more.
    pub fn stop(&self) {
        let open = self.open_lines();
        self.0.stopping.store(true, Ordering::SeqCst);
        for line in open.values().flatten() {
            line.close(Close::STOPPING);
        }
    }

    /// The state of all tunnels.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            open: self.open_lines().len(),
            connections: count(&self.0.connections),
            requests: self.0.requests.each_ref().map(count),
        }
    }
}

/// Host and port of a url; the port only if it is not the usual one.
fn authority(url: &Url) -> Option<String> {
    Some(format!("{}{}", url.host_str()?, port(url)))
}

/// `:4600`; nothing if it is the usual one.
fn port(url: &Url) -> String {
    url.port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default()
}
