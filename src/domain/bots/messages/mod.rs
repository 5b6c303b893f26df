//! Messages in conversations. Integrations create incoming messages, the bot creates outgoing ones
//! (botpress.md §4).

mod change;
mod content;
mod create;
mod daily;
mod erase;
mod import;
mod index;
mod initialize;
mod list;
mod list_incoming;
mod matching;
mod merge;
mod rows;

pub(in crate::domain) use self::{
    change::delete_with_effect,
    create::{create_with_hook, load_conversation},
    daily::{DailyCounter, DayCounts, MICROS_PER_DAY},
    erase::{delete_by_agent, delete_by_conversation, delete_by_user},
    index::{INDEX_FAULTS, IndexSnapshot, MessageIndex},
    list_incoming::list_incoming,
    rows::{COLUMNS, JOINS, find_visible, from_row},
};
pub use self::{
    change::{MessagePatch, delete, update},
    content::NewContent,
    create::{NewMessage, create, get_or_create},
    import::{ImportedMessage, import},
    initialize::{IncomingMessage, InitializedMessage, Target, initialize},
    list::{Filter, list},
    rows::find,
};
use super::tags::Tags;
use crate::{
    domain::shared::{paging::PageToken, sql::text_enum},
    kernel::{
        RawObject, Timestamp,
        ids::{ConversationId, EndUserId, MessageId},
    },
};

text_enum! {
    /// Origin of a message that is not simply written by a user or the bot.
    pub enum Origin {
        /// Made or imported by a program.
        Synthetic = "synthetic",
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Id of its conversation.
    pub conversation_id: ConversationId,
    /// Id of the user who wrote it; the bot's id if the bot did.
    pub user_id: EndUserId,
    /// True if an integration created it, false if the bot did.
    pub incoming: bool,
    /// Type, as declared by the channel: `text`.
    pub kind: String,
    /// Content.
    pub payload: RawObject,
    /// Tags.
    pub tags: Tags,
    /// Origin, if the creator named one.
    pub origin: Option<Origin>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last update.
    pub updated_at: Timestamp,
    pub(in crate::domain) seq: i64,
}

impl Message {
    /// Returns the cursor of this message in lists.
    pub(in crate::domain) const fn page_token(&self) -> PageToken {
        PageToken::for_row(self.created_at, self.seq)
    }
}
