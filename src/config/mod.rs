//! The configuration: a struct of settings for each area, their sources, and their validation.

mod check;
mod load;
mod ranges;
mod show;

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use self::{
    load::{ConfigError, Loaded, Overrides, load},
    show::{Setting, list_settings},
};
use crate::{
    dialects::{ada, aloochat, botpress, cohere},
    domain::{
        ai,
        bots::{deliveries, manage, tables, uploaded_files},
        inbox,
        retrieval::{answers, connectors, folders},
        service_integrations,
        shared::{plans, rate_limits},
        tenancy::{audit, billing, bootstrap, bounds},
        webchat, webhooks,
    },
    engine,
    http::{self, AllowedHost, PublicUrl},
    kernel::schema,
    net::{outbound, tunnels},
    store::{self, seal},
};

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// HTTP server.
    pub server: ServerSettings,
    /// Log.
    pub log: LogSettings,
    /// Metrics endpoint.
    pub metrics: http::MetricsSettings,
    /// Answers to wrong API keys.
    pub wrong_keys: http::WrongKeySettings,
    /// Database.
    pub store: store::Settings,
    /// Key that encrypts stored secrets.
    pub seal: seal::Settings,
    /// First start, and API keys with fixed values.
    pub bootstrap: bootstrap::Settings,
    /// Rate limits per tenant and API class.
    pub limits: rate_limits::Settings,
    /// Maximum numbers of objects per tenant.
    pub bounds: bounds::Settings,
    /// Audit log.
    pub audit: audit::Settings,
    /// Connections to external services.
    pub service_integrations: service_integrations::Settings,
    /// Plans: the quotas and prices of workspaces.
    pub plans: plans::Settings,
    /// Simulated billing.
    pub billing: billing::Settings,
    /// Outgoing HTTP requests.
    pub outbound: outbound::Settings,
    /// Code execution.
    pub runtime: engine::Settings,
    /// Deliveries to bots and integrations.
    pub deliveries: deliveries::Settings,
    /// Tunnels to programs in development.
    pub tunnel: tunnels::Settings,
    /// Bots.
    pub bots: manage::Settings,
    /// Files of bots with a key.
    pub files: uploaded_files::Settings,
    /// Tables of bots.
    pub tables: tables::Settings,
    /// Built-in webchat integration.
    pub webchat: webchat::Settings,
    /// Webhooks.
    pub webhooks: webhooks::Settings,
    /// Test inbox.
    pub inbox: inbox::Settings,
    /// Connectors.
    pub connectors: connectors::Settings,
    /// Local folders that are served as connectors.
    pub folders: folders::Settings,
    /// Generated answers.
    pub answers: answers::Settings,
    /// AI for bots.
    pub ai: ai::Settings,
    /// Limits on the complexity of JSON Schemas.
    pub schemas: schema::Limits,
    /// Ada API.
    pub ada: ada::Settings,
    /// Aloochat API.
    pub aloochat: aloochat::Settings,
    /// Cohere API.
    pub cohere: cohere::Settings,
    /// Botpress API.
    pub botpress: botpress::Settings,
}

/// Settings of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address and port to listen on; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The public address (scheme, host and port) for URLs of this server. By default, URLs use the host of each
    /// request.
    pub public_url: Option<PublicUrl>,
    /// True to trust `X-Forwarded-Proto` and `X-Forwarded-Host`. Safe only behind a proxy that always sets them.
    pub trust_forwarded: bool,
    /// Additional hosts to answer to. Names and addresses of this machine, `listen` and the public addresses are
    /// always allowed.
    pub allowed_hosts: Vec<AllowedHost>,
    /// The purpose of the server, which decides several defaults.
    pub profile: Profile,
    /// Maximum size of a request body, in bytes.
    pub body_limit_bytes: usize,
    /// Maximum size of a request body that has the code of a program, in bytes: at least `body_limit_bytes`, at most
    /// `body_memory_bytes`.
    pub code_body_limit_bytes: usize,
    /// Maximum memory for the bodies of all requests together, in bytes.
    pub body_memory_bytes: usize,
    /// Maximum time that a request may take, in seconds.
    pub request_timeout_seconds: u64,
    /// Maximum size of a request head, in bytes.
    pub header_bytes: usize,
    /// Maximum time until a request head has arrived, in seconds.
    pub header_timeout_seconds: u64,
    /// Maximum time that a connection may wait for its next request, in seconds.
    pub keep_alive_seconds: u64,
    /// Maximum number of connections. By default as many as the limit on file descriptors allows.
    pub max_connections: Option<usize>,
    /// Maximum part of a rejected request's body that is read and discarded, in bytes.
    pub drain_bytes: usize,
    /// Maximum time for reading and discarding it, in seconds.
    pub drain_seconds: u64,
    /// Maximum time that running requests may take when the server stops, in seconds.
    pub shutdown_timeout_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4600)),
            public_url: None,
            trust_forwarded: false,
            allowed_hosts: Vec::new(),
            profile: Profile::Dev,
            body_limit_bytes: 10 * 1024 * 1024,
            code_body_limit_bytes: 64 * 1024 * 1024,
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

/// The purpose of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Development on the developer's own machine. The operator may freeze and advance the clock.
    Dev,
    /// Production.
    Production,
}

/// Settings of the log, which is written to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// A level, or `tracing` directives such as `info,parlance=debug`. At `debug`, each request is logged.
    pub level: String,
    /// The format of log lines.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info,poem=warn".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}
