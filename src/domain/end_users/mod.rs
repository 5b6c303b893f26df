//! End users: the people that an agent talks with. All dialects of an agent share them, and a change through any
//! dialect is published to the agent's webhook endpoints.
//!
//! The rules follow Ada (ada.md §3.3), the only vendor that publishes rules for end users.

pub mod background;
mod change;
pub mod deletion;
mod event;
mod external_id;
pub mod feature;
mod metadata;
mod rewind;
mod rows;
mod sensitive;

use serde_json::{Map, Value};

pub use change::{
    AgentScope, CreateOutcome, cancel_purge, create, create_in_tx, erase, update, update_in_tx,
};
pub use metadata::{METADATA_MAX_BYTES, METAVARIABLES, Metadata, MetadataUpdate};
pub use rows::{find, find_by_external_id, list, was_recently_erased};
pub use sensitive::load_sensitive_metadata;

pub(super) use rewind::REPAIRS;

use crate::kernel::{Patch, Timestamp, ids::EndUserId};

/// An end user.
#[derive(Debug, Clone, PartialEq)]
pub struct EndUser {
    /// Id of the end user.
    pub id: EndUserId,
    /// The caller's own key, in lower case; unique within the agent.
    pub external_id: Option<String>,
    /// Data about the person.
    pub profile: Profile,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Data about a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Name to display.
    pub display_name: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Language, such as `en-US`.
    pub language: Option<String>,
    /// Metadata: values by name.
    pub metadata: Metadata,
    /// Values set by channels. Callers of the API can only read them.
    pub system_properties: Map<String, Value>,
}

/// The values of a new end user.
#[derive(Debug, Clone, Default)]
pub struct NewEndUser {
    /// Id, in the format of the dialect that creates it; generated if absent.
    pub id: Option<EndUserId>,
    /// The caller's own key: 1 to 36 characters without `<` and `>`.
    pub external_id: Option<String>,
    /// Data about the person.
    pub profile: ProfileChanges,
    /// Time after which the end user is purged if it is in no conversation by then; never if absent.
    pub purge_after: Option<std::time::Duration>,
}

/// The changes of an update. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct EndUserChanges {
    /// New key, or null to remove it.
    pub external_id: Patch<String>,
    /// Changes of the data about the person.
    pub profile: ProfileChanges,
    /// New system properties. Callers of the API cannot set them.
    pub system_properties: Option<Map<String, Value>>,
}

/// The changes of the data about a person. Absent fields stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    /// First name.
    pub first_name: Patch<String>,
    /// Last name.
    pub last_name: Patch<String>,
    /// Name to display.
    pub display_name: Patch<String>,
    /// Address of a picture.
    pub avatar: Patch<String>,
    /// E-mail address.
    pub email: Patch<String>,
    /// Language.
    pub language: Patch<String>,
    /// Values by name. A null value removes one; null as a whole removes all.
    pub metadata: Patch<Map<String, Value>>,
    /// Values that are stored sealed for a day. A null value removes one; null as a whole removes all.
    pub sensitive_metadata: Patch<Map<String, Value>>,
    /// System properties that the caller sends back. They must equal the stored ones.
    pub system_properties: Option<Map<String, Value>>,
}

/// A page of a list of end users.
#[derive(Debug, Clone, PartialEq)]
pub struct EndUserPage {
    /// The end users, oldest first.
    pub items: Vec<EndUser>,
    /// Id of the first end user of the next page, if there is one.
    pub next: Option<EndUserId>,
}
