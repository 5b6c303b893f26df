//! DTOs of conversations and of their participants.

use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    dialects::chat_api::{paging::Meta, users::dto::EXAMPLE_TIME},
    domain::{shared::paging::Page, webchat},
};

/// Conversation ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "0194bb14-6a11-7d3f-8e52-9b4c0a7d1e24";

/// A conversation.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// ID of the conversation, which a client may choose.
    id: String,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Time of the last change (ISO 8601).
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

/// A conversation in a response.
#[derive(Object, Serialize)]
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
#[derive(Object, Serialize)]
#[oai(example, rename = "listConversationsResponse")]
pub struct ConversationsResponse {
    /// The conversations, newest first.
    conversations: Vec<Conversation>,
    /// Token of the next page.
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
    /// ID of the conversation: up to 70 letters, digits, underscores, hyphens and slashes. Generated if
    /// absent.
    pub id: Option<String>,
}

impl Example for CreateConversationBody {
    fn example() -> Self {
        Self { id: None }
    }
}

/// A conversation to return, or to create if it does not exist.
#[derive(Object)]
#[oai(example, rename = "getOrCreateConversationBody")]
pub struct GetOrCreateConversationBody {
    /// ID of the conversation.
    pub id: String,
}

impl Example for GetOrCreateConversationBody {
    fn example() -> Self {
        Self {
            id: "support-1".to_owned(),
        }
    }
}

/// A user to add to a conversation.
#[derive(Object)]
#[oai(example, rename = "addParticipantBody", rename_all = "camelCase")]
pub struct AddParticipantBody {
    /// ID of the user.
    pub user_id: String,
}

impl Example for AddParticipantBody {
    fn example() -> Self {
        Self {
            user_id: crate::dialects::chat_api::users::dto::EXAMPLE_ID.to_owned(),
        }
    }
}
