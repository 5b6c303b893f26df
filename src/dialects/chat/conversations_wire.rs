//! Conversations as the chat shows and takes them.

use poem_openapi::{Object, types::Example};

use super::{paging::Meta, users_wire::EXAMPLE_TIME};
use crate::domain::{shared::paging::Page, webchat};

/// The id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-6a11-7d3f-8e52-9b4c0a7d1e24";

/// A conversation.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id: the one that the client has chosen, if it has.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
}

impl From<webchat::Conversation> for Conversation {
    fn from(conversation: webchat::Conversation) -> Self {
        Self {
            id: conversation.id,
            created_at: conversation.created_at.to_rfc3339_millis(),
            updated_at: conversation.updated_at.to_rfc3339_millis(),
        }
    }
}

impl Example for Conversation {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
        }
    }
}

/// One conversation.
#[derive(Object)]
#[oai(example, rename = "ConversationResponse")]
pub struct ConversationResponse {
    /// The conversation.
    conversation: Conversation,
}

impl From<webchat::Conversation> for ConversationResponse {
    fn from(conversation: webchat::Conversation) -> Self {
        Self {
            conversation: conversation.into(),
        }
    }
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

impl From<Page<webchat::Conversation>> for ConversationsResponse {
    fn from(page: Page<webchat::Conversation>) -> Self {
        Self {
            conversations: page.items.into_iter().map(Into::into).collect(),
            meta: Meta::new(page.next),
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
#[oai(example, rename = "createConversationBody")]
pub struct CreateConversationBody {
    /// Its id: up to 70 letters, digits, underscores, hyphens and slashes; one is made if absent.
    pub id: Option<String>,
}

impl Example for CreateConversationBody {
    fn example() -> Self {
        Self { id: None }
    }
}

/// A conversation that may be there.
#[derive(Object)]
#[oai(example, rename = "getOrCreateConversationBody")]
pub struct GetOrCreateConversationBody {
    /// Its id.
    pub id: String,
}

impl Example for GetOrCreateConversationBody {
    fn example() -> Self {
        Self {
            id: "support-1".to_owned(),
        }
    }
}

/// Who is to take part.
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
