//! Events that a bot receives. An incoming message has no event row: its event is derived from the message when
//! it is read, and the event id is derived from the message id. Delivery belongs to `deliveries`.

mod cancel;
mod create;
mod list;
mod rows;
mod status;

use serde_json::{Map, Value};

pub use self::{
    cancel::cancel_scheduled,
    create::{NewEvent, create},
    list::{Filter, list},
    rows::find,
    status::{EventState, EventStatus},
};
pub(in crate::domain) use self::{
    create::{SystemEvent, create_with_hook, insert},
    rows::{find_at_row, find_delivery, find_visible},
};
use super::workflows::WorkflowUpdate;
use crate::{
    domain::shared::paging::PageToken,
    kernel::{
        Timestamp,
        ids::{ConversationId, EndUserId, EventId, MessageId, WorkflowId},
    },
};

/// Type of the event of an incoming message.
pub const MESSAGE_CREATED: &str = "message_created";

/// An event of a bot.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Id of the event.
    pub id: EventId,
    /// Type: `integration:event`, or the name of an event that the bot declares.
    pub kind: String,
    /// Type as the bot sees it, with the alias of the integration: `alias:event`.
    pub kind_for_bot: String,
    /// Payload of the event.
    pub payload: Payload,
    /// The conversation that the event concerns.
    pub conversation_id: Option<ConversationId>,
    /// The user that the event concerns.
    pub user_id: Option<EndUserId>,
    /// The message that the event concerns.
    pub message_id: Option<MessageId>,
    /// The workflow that the event concerns.
    pub workflow_id: Option<WorkflowId>,
    /// Status, and the reason of a failure.
    pub state: EventState,
    /// Creation time.
    pub created_at: Timestamp,
    /// Cursor position in lists. A stored event sorts after the message that was the newest at its creation.
    pub(in crate::domain) position: PageToken,
}

/// Payload of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// The payload that the creator supplied.
    Custom(Map<String, Value>),
    /// An incoming message.
    Message(Box<MessageInContext>),
    /// An update that tells the bot of a workflow.
    Workflow(Box<WorkflowUpdate>),
}

/// A message with its author and conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageInContext {
    /// The message.
    pub message: super::messages::Message,
    /// The author of the message.
    pub user: super::users::User,
    /// The conversation of the message.
    pub conversation: super::conversations::Conversation,
}

impl Event {
    /// Returns the event of an incoming message.
    pub(in crate::domain) fn from_message(incoming: MessageInContext, state: EventState) -> Self {
        let message = &incoming.message;
        Self {
            id: rows::derive_event_id(&message.id),
            kind: MESSAGE_CREATED.to_owned(),
            kind_for_bot: MESSAGE_CREATED.to_owned(),
            conversation_id: Some(message.conversation_id.clone()),
            user_id: Some(message.user_id.clone()),
            message_id: Some(message.id.clone()),
            workflow_id: None,
            state,
            created_at: message.created_at,
            position: message.page_token(),
            payload: Payload::Message(Box::new(incoming)),
        }
    }

    /// True for the event of an incoming message.
    pub(in crate::domain) const fn is_of_message(&self) -> bool {
        matches!(self.payload, Payload::Message(_))
    }

    /// Returns the cursor position of the event in lists.
    pub(in crate::domain) const fn position(&self) -> PageToken {
        self.position
    }
}
