//! Botpress users: the end users of an agent ([`end_users`](crate::domain::end_users)) with tags, plus one
//! user for the bot itself, which has the bot's id (botpress.md §4).

mod change;
mod list;
mod rows;

pub use self::{
    change::{create, delete, get_or_create, update},
    list::{Filter, list},
    rows::find,
};
pub(in crate::domain) use self::{
    change::{create_in_tx, get_or_create_in_tx, update_in_tx, validate_own_tags},
    rows::{
        COLUMNS, find_in_bot, find_referenced_row, from_row, load, load_bot_user, load_visible,
    },
};
use super::tags::{TagPatch, Tags};
use crate::{
    domain::shared::paging::PageToken,
    kernel::{Patch, Timestamp, ids::EndUserId},
};

/// A Botpress user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Id.
    pub id: EndUserId,
    /// Tags.
    pub tags: Tags,
    /// Name.
    pub name: Option<String>,
    /// Address of the picture.
    pub picture_url: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Row id; `None` for the bot's own user.
    pub(in crate::domain) seq: Option<i64>,
}

/// The properties of a new user.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// Tags.
    pub tags: TagPatch,
    /// Integration that is asked to create the user; the caller creates it if absent.
    pub integration: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Address of the picture.
    pub picture_url: Option<String>,
}

/// Changes to a user. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// Tags to set and to unset.
    pub tags: TagPatch,
    /// New name; null removes it.
    pub name: Patch<String>,
    /// New picture; null removes it.
    pub picture_url: Patch<String>,
}

impl User {
    /// Returns the cursor of this user in lists, which put the bot's own user last.
    pub(in crate::domain) fn page_token(&self) -> PageToken {
        PageToken::for_row(self.created_at, self.seq.unwrap_or(0))
    }
}
