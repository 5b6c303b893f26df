//! End users as Botpress knows them: with tags, and with one more for the bot itself, whose id is
//! the bot's (botpress.md §4). The people among them are those of [`end_users`](super::end_users).

mod change;
mod declared;
mod rows;

pub use self::{
    change::{New, create},
    rows::find,
};
use super::tags::Tags;
use crate::kernel::{Timestamp, ids::EndUserId};

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its id.
    pub id: EndUserId,
    /// Its tags.
    pub tags: Tags,
    /// Its name.
    pub name: Option<String>,
    /// The address of its picture.
    pub picture_url: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its row; none for the bot itself.
    pub(super) seq: Option<i64>,
}
