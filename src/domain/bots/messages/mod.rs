//! Messages in conversations. One that an integration creates is incoming, one that the bot creates
//! is outgoing (botpress.md §4).

mod change;
mod create;
mod erase;
mod index;
mod list;
mod rows;
mod unindexed;

pub(in crate::domain) use self::{
    change::delete_and,
    create::create_and,
    create::resolve,
    erase::{erase_of_agent, erase_of_conversation, erase_of_user},
    index::{Index, Recent, Unindexed},
    rows::{COLUMNS, JOINS, from_row, read},
    unindexed::{as_json, newest, together},
};
pub use self::{
    change::{delete, update},
    create::{New, create, get_or_create},
    list::{Filter, list},
    rows::find,
};
use super::tags::Tags;
use crate::{
    domain::shared::paging::Token,
    kernel::{
        ObjectText, Timestamp,
        ids::{ConversationId, EndUserId, MessageId},
    },
};

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation that it is in.
    pub conversation_id: ConversationId,
    /// Who wrote it: a user, or the bot itself with the bot's id.
    pub user_id: EndUserId,
    /// Whether it came from an integration; otherwise the bot has sent it.
    pub incoming: bool,
    /// Its type, as the channel declares them: `text`.
    pub kind: String,
    /// What it says.
    pub payload: ObjectText,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its row.
    pub(in crate::domain) seq: i64,
}

impl Message {
    /// Where it stands in lists.
    pub(in crate::domain) const fn position(&self) -> Token {
        Token::at(self.created_at, self.seq)
    }
}
