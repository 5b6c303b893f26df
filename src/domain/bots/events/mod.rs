//! Events: what a bot is told of. The event of an incoming message is the message itself, seen as one:
//! nothing is stored for it, and its id is made from that of the message.

mod create;
mod list;
mod rows;

use serde_json::{Map, Value};

pub(in crate::domain) use self::{
    create::{Made, create_and, insert},
    rows::id_of,
};
pub use self::{
    create::{New, create},
    list::{Filter, list},
    rows::find,
};
use crate::{
    domain::shared::paging::Token,
    kernel::{
        Timestamp,
        ids::{ConversationId, EndUserId, EventId, MessageId},
    },
};

/// The type of the event of an incoming message.
pub const MESSAGE_CREATED: &str = "message_created";

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its type: `integration:event`, or the name of one that the bot declares.
    pub kind: String,
    /// What it tells.
    pub payload: Payload,
    /// The conversation that it is about.
    pub conversation_id: Option<ConversationId>,
    /// The user that it is about.
    pub user_id: Option<EndUserId>,
    /// The message that it is about.
    pub message_id: Option<MessageId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where it stands in lists: among messages, after the last one that was there before it.
    pub(in crate::domain) position: Token,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// What it was created with.
    Given(Map<String, Value>),
    /// An incoming message.
    Message(Box<Incoming>),
}

/// An incoming message with where and by whom it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The message.
    pub message: super::messages::Message,
    /// Who wrote it.
    pub user: super::users::User,
    /// The conversation that it is in.
    pub conversation: super::conversations::Conversation,
}

impl Event {
    /// Where it stands in lists.
    pub(in crate::domain) const fn position(&self) -> Token {
        self.position
    }
}
