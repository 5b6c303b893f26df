//! Conversations between a bot and users, each in a channel of an integration.

mod change;
mod channel_cache;
mod list;
mod participants;
mod rows;

pub use self::{
    change::{NewConversation, create, delete, get_or_create, update},
    list::{Filter, list},
    participants::{
        add as add_participant, find as find_participant, list as list_participants,
        remove as remove_participant,
    },
    rows::find,
};
pub(in crate::domain) use self::{
    change::{ValidatedConversation, create_own_in_tx, get_or_create_in_tx, validate_own},
    channel_cache::{ChannelCache, ConversationChannel},
    participants::{
        add_participant_row, add_with_effect as add_participant_and, list_participant_rows,
        load_participant, read_participants_page, remove_with_effect as remove_participant_and,
        require_participant,
    },
    rows::{find_at_row, find_in_bot, find_visible, load_visible},
};
use super::tags::Tags;
use crate::kernel::{
    Timestamp,
    ids::{ConversationId, TaskId, WorkflowId},
};

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Id.
    pub id: ConversationId,
    /// Name of the integration.
    pub integration: String,
    /// Alias of the integration in the bot; its name if it has none.
    pub alias: String,
    /// Channel of that integration.
    pub channel: String,
    /// Tags.
    pub tags: Tags,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The newest workflow of the conversation that is in progress or listening.
    pub current_workflow_id: Option<WorkflowId>,
    /// The newest task of the conversation that is in progress.
    pub current_task_id: Option<TaskId>,
    /// True if the bot itself is a participant.
    pub(in crate::domain) bot_participates: bool,
    pub(in crate::domain) seq: i64,
}

impl Conversation {
    /// Returns the integration and the channel, which declare its tags.
    pub(in crate::domain) fn channel_key(&self) -> (&str, &str) {
        (&self.integration, &self.channel)
    }
}
