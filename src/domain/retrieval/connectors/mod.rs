//! Connectors: a workspace's searchable document sources. Cohere's API registers them and its chat
//! searches them. Folders on this server are indexed by [`super::folders`].
//!
//! A connector is a web service that implements the open connector protocol (cohere.md §3): it
//! receives `{"query": …}` and returns `{"results": […]}`. Its credentials are sealed at rest and
//! never returned: one token for all callers, or the tokens that each user granted
//! ([`authorization`]).

mod auth;
pub mod authorization;
mod call;
mod change;
mod check;
mod local_folders;
mod logs;
mod response;
mod rewind;
mod rows;
mod search;
mod settings;

pub(in crate::domain) use self::rewind::REPAIRS;
pub use self::{
    auth::{Auth, Credentials, NewOAuth, OAuth, Scheme, ServiceAuth},
    authorization::RefreshLocks,
    change::{create, delete, update},
    local_folders::register_folders,
    logs::{LogEntry, LogFilter, list_logs},
    response::Document,
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
    /// Id: the slug of its first name, `-`, and 6 lowercase letters or digits.
    pub id: ConnectorId,
    /// The workspace that owns it.
    pub workspace_id: WorkspaceId,
    /// Name. Not unique.
    pub name: String,
    /// Description for people.
    pub description: Option<String>,
    /// URL that receives the queries.
    pub url: String,
    /// Fields of its documents that ranking and the prompt ignore.
    pub excludes: Vec<String>,
    /// Authentication of calls to it; none without authentication.
    pub auth: Option<Auth>,
    /// Status of the caller's own authorization; none without one.
    pub auth_status: Option<AuthStatus>,
    /// True if it may be used.
    pub is_active: bool,
    /// True if a chat continues when this connector fails.
    pub continue_on_failure: bool,
    /// Time of registration.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The sealed [`Credentials`].
    pub(in crate::domain) credentials: Option<Vec<u8>>,
}

text_enum! {
    /// Status of a user's authorization of a connector.
    pub enum AuthStatus {
        /// The authorization can be used.
        Valid = "valid",
        /// It has expired, or the provider refuses it: the user must authorize the connector again.
        Expired = "expired",
    }
}

/// Values of a new connector.
#[derive(Debug, Clone)]
pub struct New {
    /// Name: 1 to 255 characters.
    pub name: String,
    /// Description for people.
    pub description: Option<String>,
    /// URL that receives the queries: http or https.
    pub url: String,
    /// Fields of its documents that ranking and the prompt ignore.
    pub excludes: Vec<String>,
    /// OAuth configuration. It excludes `service_auth`.
    pub oauth: Option<NewOAuth>,
    /// Token for all callers.
    pub service_auth: Option<ServiceAuth>,
    /// True if it may be used.
    pub is_active: bool,
    /// True if a chat continues when this connector fails.
    pub continue_on_failure: bool,
}

/// Changes of an update. An absent member stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New name. The id stays.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New URL.
    pub url: Option<String>,
    /// New list of ignored fields.
    pub excludes: Option<Vec<String>>,
    /// Members of `oauth` to change; absent members stay. It replaces `service_auth`.
    pub oauth: Option<NewOAuth>,
    /// New token. It replaces `oauth`.
    pub service_auth: Option<ServiceAuth>,
    /// True if it may be used.
    pub is_active: Option<bool>,
    /// True if a chat continues when this connector fails.
    pub continue_on_failure: Option<bool>,
}

/// Offset and limit of a list that is newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetPage {
    /// Maximum number of items.
    pub limit: u64,
    /// Number of the newest items to skip.
    pub offset: u64,
}

/// One page of a list, with the length of the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    /// Items, newest first.
    pub items: Vec<T>,
    /// Number of items in the whole list.
    pub total: u64,
}
