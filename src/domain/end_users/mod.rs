//! End users: the people that an agent talks with. Every dialect of the agent sees the same ones,
//! and a change through any of them is told to the agent's webhook endpoints.
//!
//! The rules are the vendor's (ada.md §3.3), who is the only one to publish any.

pub mod background;
mod change;
pub mod deletion;
mod event;
mod external_id;
pub(in crate::domain) mod feature;
mod metadata;
mod rewind;
mod rows;
mod sensitive;

use serde_json::{Map, Value};

pub use change::{Created, Scope, apply, create, erase, make, set_in_conversation, update};
pub use event::time_text;
pub use metadata::{METADATA_MAX_BYTES, METAVARIABLES, Metadata, MetadataUpdate};
pub use rows::{find, find_by_external_id, list, was_erased};
pub use sensitive::sensitive_metadata;

pub(super) use rewind::MENDS;

use crate::kernel::{Patch, Timestamp, ids::EndUserId};

/// An end user.
#[derive(Debug, Clone, PartialEq)]
pub struct EndUser {
    /// Its id.
    pub id: EndUserId,
    /// The caller's own key for it, in lower case; no other end user of the agent has it.
    pub external_id: Option<String>,
    /// What is known of the person.
    pub profile: Profile,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The address of a picture.
    pub avatar: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Language, as `en-US`.
    pub language: Option<String>,
    /// Values by name.
    pub metadata: Metadata,
    /// What channels keep with a person. Callers of the API only read it.
    pub system_properties: Map<String, Value>,
}

/// What a new end user is made of.
#[derive(Debug, Clone, Default)]
pub struct New {
    /// Its id, in the shape of the dialect that makes it; one is minted if absent.
    pub id: Option<EndUserId>,
    /// The caller's own key for it: 1 to 36 characters without `<` and `>`.
    pub external_id: Option<String>,
    /// What is known of the person.
    pub profile: ProfileChanges,
    /// How long it stays if it is not tied to a conversation by then; for good if absent.
    pub purge_after: Option<std::time::Duration>,
}

/// What an update changes. What is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Another key, or none.
    pub external_id: Patch<String>,
    /// What becomes known of the person.
    pub profile: ProfileChanges,
    /// Other properties of its channels: never set by callers of the API.
    pub system_properties: Option<Map<String, Value>>,
}

/// What becomes known of a person.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    /// First name.
    pub first_name: Patch<String>,
    /// Last name.
    pub last_name: Patch<String>,
    /// The name to show.
    pub display_name: Patch<String>,
    /// The address of a picture.
    pub avatar: Patch<String>,
    /// E-mail address.
    pub email: Patch<String>,
    /// Language.
    pub language: Patch<String>,
    /// Values by name, null for one to remove; null as a whole removes all.
    pub metadata: Patch<Map<String, Value>>,
    /// Values that are kept sealed for a day, null for one to remove; null as a whole removes all.
    pub sensitive_metadata: Patch<Map<String, Value>>,
    /// Properties of channels as the caller has read them; others are refused.
    pub system_properties: Option<Map<String, Value>>,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The end users, oldest first.
    pub items: Vec<EndUser>,
    /// The end user that the next page begins with.
    pub next: Option<EndUserId>,
}
