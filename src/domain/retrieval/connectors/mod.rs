//! Connectors: a workspace's searchable sources of documents, which Cohere's API registers and its
//! chat asks.
//!
//! A connector is a web service that speaks the open connector protocol (cohere.md §3): it is sent
//! `{"query": …}` and answers `{"results": […]}`. What proves the call to it is sealed at rest and
//! never shown: one token for all, or for each user what that user has allowed ([`authorization`]).

mod answer;
mod auth;
pub mod authorization;
mod call;
mod change;
mod check;
mod logs;
mod own;
mod rewind;
mod rows;
mod search;
mod settings;

pub(in crate::domain) use self::rewind::MENDS;
pub use self::{
    answer::Document,
    auth::{Auth, Credentials, NewOAuth, OAuth, Scheme, ServiceAuth},
    authorization::Refreshes,
    change::{create, delete, update},
    logs::{LogEntry, LogFilter, logs},
    own::register_folders,
    rows::{find, list},
    search::{SearchFailure, SearchOptions, search},
    settings::{HostMapping, Settings},
};
use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Timestamp,
        ids::{ConnectorId, WorkspaceId},
    },
};

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Its id: the slug of its first name, `-` and 6 small letters or digits.
    pub id: ConnectorId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// Its name. Not unique.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Where it is asked.
    pub url: String,
    /// Fields of its documents that are kept out of ranking and prompt.
    pub excludes: Vec<String>,
    /// What calls to it are proven with; none if with nothing.
    pub auth: Option<Auth>,
    /// How the caller's own authorization stands; none without one.
    pub auth_status: Option<AuthStatus>,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether a chat goes on if this connector fails.
    pub continue_on_failure: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The sealed [`Credentials`].
    pub(in crate::domain) credentials: Option<Vec<u8>>,
}

text_enum! {
    /// How a user's authorization of a connector stands.
    pub enum AuthStatus {
        /// It can be used.
        Valid = "valid",
        /// It has ended, or the provider refuses it: the user must authorize the connector again.
        Expired = "expired",
    }
}

/// What a new connector is made of.
#[derive(Debug, Clone)]
pub struct New {
    /// Its name: 1 to 255 characters.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Where it is asked: an http or https address.
    pub url: String,
    /// Fields of its documents that are kept out of ranking and prompt.
    pub excludes: Vec<String>,
    /// Each user authorizes it. Not together with `service_auth`.
    pub oauth: Option<NewOAuth>,
    /// One token for all.
    pub service_auth: Option<ServiceAuth>,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether a chat goes on if this connector fails.
    pub continue_on_failure: bool,
}

/// What an update changes. What is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Another name. The id stays.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another address.
    pub url: Option<String>,
    /// Other fields to keep out.
    pub excludes: Option<Vec<String>>,
    /// Members of `oauth`; those that are absent stay. It takes the place of `service_auth`.
    pub oauth: Option<NewOAuth>,
    /// Another token. It takes the place of `oauth`.
    pub service_auth: Option<ServiceAuth>,
    /// Whether it may be used.
    pub is_active: Option<bool>,
    /// Whether a chat goes on if this connector fails.
    pub continue_on_failure: Option<bool>,
}

/// A part of a list that is newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// At most this many.
    pub limit: u64,
    /// Leave out this many of the newest.
    pub offset: u64,
}

/// A part of a list, and how long the list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}
