//! The import of messages that were written elsewhere.

use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::dto::{Message, example_payload};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{
            conversations,
            tags::TagChanges,
            users::{self, dto::EXAMPLE_TIME},
        },
        error::Failed,
    },
    domain::bots::messages::{self, ImportedMessage, NewContent},
    http::{Body, DirectJson, JsonObject},
    kernel::{Result, Rule, Timestamp, Violation, violation::PathSegment},
};

/// The operation that imports messages.
pub struct MessageImports;

/// Messages to import.
#[derive(Object)]
#[oai(example, rename = "importMessagesBody")]
struct ImportMessagesBody {
    /// The messages.
    #[oai(validator(max_items = 100))]
    messages: Vec<ImportedMessageRequest>,
}

/// A message to import.
#[derive(Object)]
#[oai(rename = "ImportedMessage", rename_all = "camelCase")]
struct ImportedMessageRequest {
    /// Payload of the message. It must match the schema that the channel declares for the type.
    payload: JsonObject,
    /// Id of the user who wrote the message; the id of the bot for a message of the bot.
    user_id: String,
    /// Id of the conversation.
    conversation_id: String,
    /// Type of the message.
    r#type: String,
    /// Tags of the message.
    tags: TagChanges,
    /// Time of writing, in ISO 8601.
    created_at: String,
    /// Names of the tags by which a known message is found. Without any, the message is always created.
    discriminate_by_tags: Vec<String>,
}

impl Example for ImportMessagesBody {
    fn example() -> Self {
        Self {
            messages: vec![ImportedMessageRequest {
                payload: example_payload(),
                user_id: users::dto::EXAMPLE_ID.to_owned(),
                conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
                r#type: "text".to_owned(),
                tags: TagChanges::default(),
                created_at: EXAMPLE_TIME.to_owned(),
                discriminate_by_tags: vec!["id".to_owned()],
            }],
        }
    }
}

impl ImportedMessageRequest {
    /// Converts the item with this index.
    fn into_domain(self, index: usize) -> Result<ImportedMessage> {
        let created_at = Timestamp::parse_rfc3339(&self.created_at).ok_or_else(|| {
            let mut broken = Violation::body(["messages"], Rule::Format("date-time".to_owned()));
            broken.path.push(PathSegment::Index(index));
            broken.path.push(PathSegment::Key("createdAt".to_owned()));
            broken
        })?;
        Ok(ImportedMessage {
            conversation: self.conversation_id.into(),
            user: self.user_id.into(),
            content: NewContent {
                kind: self.r#type,
                payload: self.payload.0,
                tags: self.tags.0,
                discriminators: Some(self.discriminate_by_tags),
                origin: None,
            },
            created_at,
        })
    }
}

/// Imported messages.
#[derive(Object, Serialize)]
#[oai(example, rename = "importMessagesResponse")]
struct ImportMessagesResponse {
    /// The messages, in the order of the request.
    messages: Vec<Message>,
}

impl Example for ImportMessagesResponse {
    fn example() -> Self {
        Self {
            messages: vec![Message::example()],
        }
    }
}

#[OpenApi(tag = "Tag::Message")]
impl MessageImports {
    /// Import Messages
    ///
    /// Imports messages that were written elsewhere, with their times. Neither the bot nor the integration is
    /// notified, and the messages are no events. Returns a message that is known by its tags as it is. Imports all
    /// messages or none.
    #[oai(
        path = "/v1/chat/messages/import-messages",
        method = "post",
        operation_id = "importMessages"
    )]
    async fn import_messages(
        &self,
        caller: BotCaller,
        body: Body<ImportMessagesBody>,
    ) -> Result<DirectJson<ImportMessagesResponse>, Failed> {
        let all = body.0.messages.into_iter().enumerate();
        let all = all.map(|(index, one)| one.into_domain(index));
        let imported = messages::import(&caller.0, all.collect::<Result<_>>()?).await?;
        let integration = caller.0.integration_name();
        let shown = |message| Message::for_viewer(integration, message);
        Ok(DirectJson(ImportMessagesResponse {
            messages: imported.into_iter().map(shown).collect(),
        }))
    }
}
