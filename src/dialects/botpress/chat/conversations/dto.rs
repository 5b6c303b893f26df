//! DTOs of conversations and their participants.

use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    dialects::botpress::{
        chat::{
            tags::{TagChanges, TagValues},
            users::dto::{EXAMPLE_TIME, User, users_for_viewer},
        },
        paging::PageMeta,
    },
    domain::{
        bots::{conversations, users},
        shared::paging::Page,
    },
};

/// Id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-6a10-7d51-8f0c-9b8f6a2c1e07";

/// A conversation.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Id of the conversation.
    id: String,
    /// Id of the task of the conversation that is in progress.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    current_task_id: Option<String>,
    /// Id of the workflow of the conversation that is in progress or listening.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    current_workflow_id: Option<String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Channel of the conversation.
    channel: String,
    /// Integration that the channel belongs to. The bot sees its alias, the integration its own name.
    integration: String,
    /// Tags of the conversation.
    tags: TagValues,
}

impl Conversation {
    /// Converts a conversation. The viewer is an integration, which also sees its own tags without prefix, or
    /// the bot (`None`).
    pub fn for_viewer(
        integration: Option<&str>,
        conversation: conversations::Conversation,
    ) -> Self {
        Self {
            id: conversation.id.into(),
            current_task_id: conversation.current_task_id.map(Into::into),
            current_workflow_id: conversation.current_workflow_id.map(Into::into),
            created_at: conversation.created_at.to_rfc3339_millis(),
            updated_at: conversation.updated_at.to_rfc3339_millis(),
            channel: conversation.channel,
            integration: match integration {
                Some(_) => conversation.integration,
                None => conversation.alias,
            },
            tags: conversation.tags.visible_to(integration),
        }
    }
}

impl Example for Conversation {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            current_task_id: None,
            current_workflow_id: None,
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            channel: "channel".to_owned(),
            integration: "telegram".to_owned(),
            tags: [("telegram:id".to_owned(), "77".to_owned())].into(),
        }
    }
}

/// One conversation.
#[derive(Object, Serialize)]
#[oai(example, rename = "ConversationResponse")]
pub struct ConversationResponse {
    /// The conversation.
    pub conversation: Conversation,
}

impl Example for ConversationResponse {
    fn example() -> Self {
        Self {
            conversation: Conversation::example(),
        }
    }
}

/// A page of conversations.
#[derive(Object, Serialize)]
#[oai(example, rename = "listConversationsResponse")]
pub struct ConversationsResponse {
    /// The conversations, newest first.
    conversations: Vec<Conversation>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ConversationsResponse {
    /// Converts a page. The viewer is an integration, which also sees its own tags without prefix, or the bot
    /// (`None`).
    pub fn for_viewer(integration: Option<&str>, page: Page<conversations::Conversation>) -> Self {
        let shown = |conversation| Conversation::for_viewer(integration, conversation);
        Self {
            meta: PageMeta::new(page.next),
            conversations: page.items.into_iter().map(shown).collect(),
        }
    }
}

impl Example for ConversationsResponse {
    fn example() -> Self {
        Self {
            conversations: vec![Conversation::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new conversation.
#[derive(Object)]
#[oai(example, rename = "createConversationBody", rename_all = "camelCase")]
pub struct CreateConversationBody {
    /// Channel of the conversation.
    channel: String,
    /// Tags of the conversation. The tags that the channel requires must be present.
    tags: TagChanges,
    /// Integration that creates the conversation, by its alias in the bot or its name.
    integration_name: Option<String>,
}

impl Example for CreateConversationBody {
    fn example() -> Self {
        Self {
            channel: "channel".to_owned(),
            tags: TagChanges::default(),
            integration_name: None,
        }
    }
}

impl From<CreateConversationBody> for conversations::NewConversation {
    fn from(body: CreateConversationBody) -> Self {
        Self {
            channel: body.channel,
            tags: body.tags.0,
            integration: body.integration_name,
        }
    }
}

/// A conversation to find by its tags, or to create.
#[derive(Object)]
#[oai(
    example,
    rename = "getOrCreateConversationBody",
    rename_all = "camelCase"
)]
pub struct GetOrCreateConversationBody {
    /// Channel of the conversation.
    channel: String,
    /// Tags of the conversation. The tags that the channel requires must be present.
    tags: TagChanges,
    /// Integration that creates the conversation, by its alias in the bot or its name.
    integration_name: Option<String>,
    /// Names of the tags by which the conversation is found; if absent, all tags must be equal.
    discriminate_by_tags: Option<Vec<String>>,
}

impl Example for GetOrCreateConversationBody {
    fn example() -> Self {
        Self {
            channel: "channel".to_owned(),
            tags: TagChanges::default(),
            integration_name: None,
            discriminate_by_tags: Some(vec!["id".to_owned()]),
        }
    }
}

impl GetOrCreateConversationBody {
    /// Returns the new conversation, and the names of the tags by which it is found.
    pub fn into_parts(self) -> (conversations::NewConversation, Option<Vec<String>>) {
        let new = conversations::NewConversation {
            channel: self.channel,
            tags: self.tags.0,
            integration: self.integration_name,
        };
        (new, self.discriminate_by_tags)
    }
}

/// An update of tags. Absent tags keep their value.
#[derive(Object)]
#[oai(example, rename = "UpdateTagsBody")]
pub struct UpdateTagsBody {
    /// Tags to set; an empty value removes a tag.
    // wire: the specification requires it, the reference page allows its absence (botpress.md §0)
    pub tags: Option<TagChanges>,
}

impl Example for UpdateTagsBody {
    fn example() -> Self {
        Self {
            tags: Some(TagChanges::default()),
        }
    }
}

/// A participant of a conversation.
#[derive(Object, Serialize)]
#[oai(example, rename = "ParticipantResponse")]
pub struct ParticipantResponse {
    /// The user.
    pub participant: User,
}

impl Example for ParticipantResponse {
    fn example() -> Self {
        Self {
            participant: User::example(),
        }
    }
}

/// A page of participants.
#[derive(Object, Serialize)]
#[oai(example, rename = "listParticipantsResponse")]
pub struct ParticipantsResponse {
    /// The users.
    participants: Vec<User>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ParticipantsResponse {
    /// Converts a page. The viewer is an integration, which also sees its own tags without prefix, or the bot
    /// (`None`).
    pub fn for_viewer(integration: Option<&str>, page: Page<users::User>) -> Self {
        Self {
            meta: PageMeta::new(page.next),
            participants: users_for_viewer(integration, page.items),
        }
    }
}

impl Example for ParticipantsResponse {
    fn example() -> Self {
        Self {
            participants: vec![User::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A user to add to a conversation.
#[derive(Object)]
#[oai(example, rename = "addParticipantBody", rename_all = "camelCase")]
pub struct AddParticipantBody {
    /// Id of the user.
    pub user_id: String,
}

impl Example for AddParticipantBody {
    fn example() -> Self {
        Self {
            user_id: crate::dialects::botpress::chat::users::dto::EXAMPLE_ID.to_owned(),
        }
    }
}

/// An empty object.
#[derive(Object, Serialize)]
#[oai(example, rename = "Nothing")]
pub struct EmptyObject {}

impl Example for EmptyObject {
    fn example() -> Self {
        Self {}
    }
}
