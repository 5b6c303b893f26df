//! The configuration: one struct for each concern, and where each value comes from.

mod check;
mod load;
mod ranges;
mod show;

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use self::{
    load::{ConfigError, Loaded, Overrides, load},
    show::{Setting, settings},
};
use crate::{
    dialects::{ada, aloochat, botpress, cohere},
    domain::{
        bots::{deliveries, manage},
        inbox,
        retrieval::{answers, connectors, folders},
        service_integrations,
        shared::{limits, plans},
        tenancy::{audit, billing, bootstrap, bounds},
        webchat, webhooks,
    },
    engine,
    http::{self, AllowedHost, PublicUrl},
    kernel::schema,
    net::{outbound, tunnels},
    store::{self, seal},
};

/// Every setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server.
    pub server: Server,
    /// The log.
    pub log: Log,
    /// The address of the metrics.
    pub metrics: http::MetricsSettings,
    /// How wrong keys are answered.
    pub wrong_keys: http::WrongKeySettings,
    /// The database.
    pub store: store::Settings,
    /// The key that seals secrets.
    pub seal: seal::Settings,
    /// The first start, and fixed keys.
    pub bootstrap: bootstrap::Settings,
    /// Calls allowed per tenant and API class.
    pub limits: limits::Settings,
    /// The most of each thing that a tenant can have.
    pub bounds: bounds::Settings,
    /// Audit records.
    pub audit: audit::Settings,
    /// Connections to outside services.
    pub service_integrations: service_integrations::Settings,
    /// Plans: what workspaces may have, and what that costs.
    pub plans: plans::Settings,
    /// Billing, which is simulated.
    pub billing: billing::Settings,
    /// Outgoing requests.
    pub outbound: outbound::Settings,
    /// Running code.
    pub runtime: engine::Settings,
    /// Telling bots and integrations what they are to know.
    pub deliveries: deliveries::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Bots.
    pub bots: manage::Settings,
    /// The built-in chat.
    pub webchat: webchat::Settings,
    /// Webhooks.
    pub webhooks: webhooks::Settings,
    /// The test inbox.
    pub inbox: inbox::Settings,
    /// Connectors.
    pub connectors: connectors::Settings,
    /// Folders that are served as connectors.
    pub folders: folders::Settings,
    /// Answers.
    pub answers: answers::Settings,
    /// How much JSON Schemas may ask for.
    pub schemas: schema::Limits,
    /// The Ada dialect.
    pub ada: ada::Settings,
    /// The Aloochat dialect.
    pub aloochat: aloochat::Settings,
    /// The Cohere dialect.
    pub cohere: cohere::Settings,
    /// The Botpress dialect.
    pub botpress: botpress::Settings,
}

/// Settings of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address and port to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The address that others know the server by, wherever it writes a URL of its own: scheme, host
    /// and port. By default what each request says.
    pub public_url: Option<PublicUrl>,
    /// Whether to believe `X-Forwarded-Proto` and `X-Forwarded-Host`: only behind a proxy that
    /// always sets them.
    pub trust_forwarded: bool,
    /// The hosts that it answers to, beside those of this machine, of `listen` and of its public
    /// addresses.
    pub allowed_hosts: Vec<AllowedHost>,
    /// What the server is for.
    pub profile: Profile,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// How much the bodies of all requests may take together, in bytes.
    pub body_memory_bytes: usize,
    /// The longest that a request may take, in seconds.
    pub request_timeout_seconds: u64,
    /// The largest head of a request, in bytes.
    pub header_bytes: usize,
    /// The longest that the head of a request may take to arrive, in seconds.
    pub header_timeout_seconds: u64,
    /// How long a connection may wait for its next request, in seconds.
    pub keep_alive_seconds: u64,
    /// The most connections; by default as many as the limit on file descriptors leaves room for.
    pub max_connections: Option<usize>,
    /// How much of the body of a request that is refused is read and dropped, in bytes.
    pub drain_bytes: usize,
    /// How long that is done, in seconds.
    pub drain_seconds: u64,
    /// How long running requests may still take when the server stops, in seconds.
    pub shutdown_timeout_seconds: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4600)),
            public_url: None,
            trust_forwarded: false,
            allowed_hosts: Vec::new(),
            profile: Profile::Dev,
            body_limit_bytes: 10 * 1024 * 1024,
            body_memory_bytes: 128 * 1024 * 1024,
            request_timeout_seconds: 60,
            header_bytes: 64 * 1024,
            header_timeout_seconds: 10,
            keep_alive_seconds: 75,
            max_connections: None,
            drain_bytes: 32 * 1024 * 1024,
            drain_seconds: 10,
            shutdown_timeout_seconds: 10,
        }
    }
}

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Development on one's own machine: the operator may move the clock.
    Dev,
    /// Use by others.
    Production,
}

/// Settings of the log, which goes to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What to log: a level, or `tracing` directives such as `info,parlance=debug`. At `debug`
    /// every request is a line.
    pub level: String,
    /// Lines for people or for machines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info,poem=warn".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
