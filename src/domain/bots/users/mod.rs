//! End users as Botpress knows them: with tags, and with one more for the bot itself, whose id is
//! the bot's (botpress.md §4). The people among them are those of [`end_users`](crate::domain::end_users).

mod change;
mod list;
mod rows;

pub(in crate::domain) use self::{
    change::{apply, make},
    rows::{COLUMNS, bot_itself, existing, from_row, named, read, seen},
};
pub use self::{
    change::{create, delete, get_or_create, update},
    list::{Filter, list},
    rows::find,
};
use super::tags::{Given, Tags};
use crate::{
    domain::shared::paging::Token,
    kernel::{Patch, Timestamp, ids::EndUserId},
};

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
    pub(in crate::domain) seq: Option<i64>,
}

/// What a new user is made of.
#[derive(Debug, Clone, Default)]
pub struct New {
    /// Its tags.
    pub tags: Given,
    /// The integration that is to make it; the caller itself does if absent.
    pub integration: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The address of its picture.
    pub picture_url: Option<String>,
}

/// What an update changes. What is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Tags to set, and to unset.
    pub tags: Given,
    /// Another name, or none.
    pub name: Patch<String>,
    /// Another picture, or none.
    pub picture_url: Patch<String>,
}

impl User {
    /// Where it stands in lists: the bot itself comes last.
    pub(in crate::domain) fn position(&self) -> Token {
        Token::at(self.created_at, self.seq.unwrap_or(0))
    }
}
