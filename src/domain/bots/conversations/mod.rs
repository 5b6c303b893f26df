//! Conversations of an agent with end users, through a channel of an integration.

mod change;
mod list;
mod participants;
mod routes;
mod rows;

pub(in crate::domain) use self::{
    change::make_own,
    participants::{
        add_and as add_participant_and, join, participants_page,
        remove_and as remove_participant_and, require_part, taking_part,
    },
    routes::{Route, Routes},
    rows::{at, existing, of_bot, read},
};
pub use self::{
    change::{New, create, delete, get_or_create, update},
    list::{Filter, list},
    participants::{
        add as add_participant, find as find_participant, list as list_participants,
        remove as remove_participant,
    },
    rows::find,
};
use super::tags::Tags;
use crate::{
    domain::shared::paging::Token,
    kernel::{Timestamp, ids::ConversationId},
};

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The name of the integration that it goes through.
    pub integration: String,
    /// The channel of that integration.
    pub channel: String,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether the bot itself takes part.
    pub(in crate::domain) bot_participates: bool,
    /// Its row.
    pub(in crate::domain) seq: i64,
}

impl Conversation {
    /// The integration and the channel, by which its tags are declared.
    pub(in crate::domain) fn place(&self) -> (&str, &str) {
        (&self.integration, &self.channel)
    }

    /// Where it stands in lists.
    pub(in crate::domain) const fn position(&self) -> Token {
        Token::at(self.created_at, self.seq)
    }
}
