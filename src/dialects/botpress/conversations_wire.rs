//! Conversations as Botpress shows and takes them.

use poem_openapi::{Object, types::Example};

use super::{
    paging::Meta,
    tags::{GivenTags, ShownTags},
    users_wire::{EXAMPLE_TIME, User, shown},
};
use crate::domain::{
    bots::{conversations, users},
    shared::paging::Page,
};

/// The id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-6a10-7d51-8f0c-9b8f6a2c1e07";

/// A conversation.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// The channel that it goes through.
    channel: String,
    /// The name of the integration whose channel that is.
    integration: String,
    /// Its tags.
    tags: ShownTags,
}

impl Conversation {
    /// A conversation as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, conversation: conversations::Conversation) -> Self {
        Self {
            id: conversation.id.to_string(),
            created_at: conversation.created_at.to_rfc3339_millis(),
            updated_at: conversation.updated_at.to_rfc3339_millis(),
            channel: conversation.channel,
            integration: conversation.integration,
            tags: conversation.tags.seen_by(integration),
        }
    }
}

impl Example for Conversation {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            channel: "channel".to_owned(),
            integration: "telegram".to_owned(),
            tags: [("telegram:id".to_owned(), "77".to_owned())].into(),
        }
    }
}

/// One conversation.
#[derive(Object)]
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
#[derive(Object)]
#[oai(example, rename = "listConversationsResponse")]
pub struct ConversationsResponse {
    /// The conversations, newest first.
    conversations: Vec<Conversation>,
    /// Where the next page is.
    meta: Meta,
}

impl ConversationsResponse {
    /// A page as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, page: Page<conversations::Conversation>) -> Self {
        let shown = |conversation| Conversation::seen_by(integration, conversation);
        Self {
            meta: Meta::new(page.next),
            conversations: page.items.into_iter().map(shown).collect(),
        }
    }
}

impl Example for ConversationsResponse {
    fn example() -> Self {
        Self {
            conversations: vec![Conversation::example()],
            meta: Meta::default(),
        }
    }
}

/// A new conversation.
#[derive(Object)]
#[oai(example, rename = "createConversationBody", rename_all = "camelCase")]
pub struct CreateConversationBody {
    /// The channel that it goes through.
    channel: String,
    /// Its tags. Those that the channel requires have to be given.
    tags: GivenTags,
    /// The integration that is to make it.
    integration_name: Option<String>,
}

impl Example for CreateConversationBody {
    fn example() -> Self {
        Self {
            channel: "channel".to_owned(),
            tags: GivenTags::default(),
            integration_name: None,
        }
    }
}

impl From<CreateConversationBody> for conversations::New {
    fn from(body: CreateConversationBody) -> Self {
        Self {
            channel: body.channel,
            tags: body.tags.0,
            integration: body.integration_name,
        }
    }
}

/// Changes of something that has tags. What is left out stays.
#[derive(Object)]
#[oai(example, rename = "UpdateTagsBody")]
pub struct UpdateTagsBody {
    /// Tags to set; an empty value unsets one.
    // wire: the specification requires it, the seed lets it be absent (botpress.md §0)
    pub tags: Option<GivenTags>,
}

impl Example for UpdateTagsBody {
    fn example() -> Self {
        Self {
            tags: Some(GivenTags::default()),
        }
    }
}

/// One who takes part.
#[derive(Object)]
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

/// A page of those who take part.
#[derive(Object)]
#[oai(example, rename = "listParticipantsResponse")]
pub struct ParticipantsResponse {
    /// The users.
    participants: Vec<User>,
    /// Where the next page is.
    meta: Meta,
}

impl ParticipantsResponse {
    /// A page as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, page: Page<users::User>) -> Self {
        Self {
            meta: Meta::new(page.next),
            participants: shown(integration, page.items),
        }
    }
}

impl Example for ParticipantsResponse {
    fn example() -> Self {
        Self {
            participants: vec![User::example()],
            meta: Meta::default(),
        }
    }
}

/// One who is to take part.
#[derive(Object)]
#[oai(example, rename = "addParticipantBody", rename_all = "camelCase")]
pub struct AddParticipantBody {
    /// The user's id.
    pub user_id: String,
}

impl Example for AddParticipantBody {
    fn example() -> Self {
        Self {
            user_id: super::users_wire::EXAMPLE_ID.to_owned(),
        }
    }
}

/// Nothing.
#[derive(Object)]
#[oai(example, rename = "Nothing")]
pub struct Nothing {}

impl Example for Nothing {
    fn example() -> Self {
        Self {}
    }
}
