//! The operation with which an integration reports a message, with its user and its conversation.

use poem_openapi::{Object, OpenApi, types::Example};
use serde::Serialize;

use super::dto::{Message, Origin, example_payload};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{conversations::dto::Conversation, tags::TagChanges, users::dto::User},
        error::Failed,
    },
    domain::bots::{
        conversations::NewConversation,
        messages::{self, IncomingMessage, NewContent, Target},
        users::NewUser,
    },
    http::{Body, DirectJson, JsonObject},
    kernel::{Result, Rule, Violation},
};

/// The operation that initializes incoming messages.
pub struct IncomingMessages;

/// A message that an integration received, with its user and its conversation.
#[derive(Object)]
#[oai(
    example,
    rename = "initializeIncomingMessageBody",
    rename_all = "camelCase"
)]
struct InitializeIncomingMessageBody {
    /// Id of the user who wrote; takes precedence over `user`.
    user_id: Option<String>,
    /// User to find by its tags, or to create.
    user: Option<InitialUser>,
    /// Id of the conversation; takes precedence over `conversation`.
    conversation_id: Option<String>,
    /// Conversation to find by its tags, or to create.
    conversation: Option<InitialConversation>,
    /// Message to find by its tags, or to create.
    message: Option<InitialMessage>,
}

/// A user to find by its tags, or to create.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InitialUser {
    /// Tags of the user. Those that the integration requires must be present.
    tags: TagChanges,
    /// Name of a new user.
    name: Option<String>,
    /// Address of a new user's picture.
    picture_url: Option<String>,
    /// Names of the tags by which the user is found. Without any, all tags must be equal.
    discriminate_by_tags: Vec<String>,
}

/// A conversation to find by its tags, or to create.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InitialConversation {
    /// Channel of the conversation.
    channel: String,
    /// Tags of the conversation. Those that the channel requires must be present.
    tags: TagChanges,
    /// Names of the tags by which the conversation is found. Without any, all tags must be equal.
    discriminate_by_tags: Vec<String>,
}

/// A message to find by its tags, or to create.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InitialMessage {
    /// Payload of the message. It must match the schema that the channel declares for the type.
    payload: JsonObject,
    /// Type of the message.
    r#type: String,
    /// Tags of the message.
    tags: TagChanges,
    /// Origin of the message.
    origin: Option<Origin>,
    /// Names of the tags by which the message is found. Without any, user, type and all tags must be equal.
    discriminate_by_tags: Vec<String>,
}

impl Example for InitializeIncomingMessageBody {
    fn example() -> Self {
        let by_id = || vec!["id".to_owned()];
        Self {
            user_id: None,
            user: Some(InitialUser {
                tags: TagChanges::default(),
                name: Some("Ann".to_owned()),
                picture_url: None,
                discriminate_by_tags: by_id(),
            }),
            conversation_id: None,
            conversation: Some(InitialConversation {
                channel: "channel".to_owned(),
                tags: TagChanges::default(),
                discriminate_by_tags: by_id(),
            }),
            message: Some(InitialMessage {
                payload: example_payload(),
                r#type: "text".to_owned(),
                tags: TagChanges::default(),
                origin: None,
                discriminate_by_tags: by_id(),
            }),
        }
    }
}

impl InitializeIncomingMessageBody {
    /// Converts the body.
    fn into_domain(self) -> Result<IncomingMessage> {
        let user = match (self.user_id, self.user) {
            (Some(id), _) => Target::Known(id.into()),
            (None, Some(user)) => user.into_target(),
            (None, None) => return Err(Violation::body(["user"], Rule::Required).into()),
        };
        let conversation = match (self.conversation_id, self.conversation) {
            (Some(id), _) => Target::Known(id.into()),
            (None, Some(conversation)) => conversation.into_target(),
            (None, None) => return Err(Violation::body(["conversation"], Rule::Required).into()),
        };
        Ok(IncomingMessage {
            user,
            conversation,
            message: self.message.map(|message| NewContent {
                kind: message.r#type,
                payload: message.payload.0,
                tags: message.tags.0,
                discriminators: Some(message.discriminate_by_tags),
                origin: message.origin.map(Into::into),
            }),
        })
    }
}

impl InitialUser {
    fn into_target<I>(self) -> Target<I, NewUser> {
        let new = NewUser {
            tags: self.tags.0,
            integration: None,
            name: self.name,
            picture_url: self.picture_url,
        };
        Target::New(new, self.discriminate_by_tags)
    }
}

impl InitialConversation {
    fn into_target<I>(self) -> Target<I, NewConversation> {
        let new = NewConversation {
            channel: self.channel,
            tags: self.tags.0,
            integration: None,
        };
        Target::New(new, self.discriminate_by_tags)
    }
}

/// The objects of an incoming message.
#[derive(Object, Serialize)]
#[oai(example, rename = "initializeIncomingMessageResponse")]
struct InitializeIncomingMessageResponse {
    /// The user.
    user: User,
    /// The conversation.
    conversation: Conversation,
    /// The message, if the request has one.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl Example for InitializeIncomingMessageResponse {
    fn example() -> Self {
        Self {
            user: User::example(),
            conversation: Conversation::example(),
            message: Some(Message::example()),
        }
    }
}

#[OpenApi(tag = "Tag::Message")]
impl IncomingMessages {
    /// Initialize Incoming Message
    ///
    /// Gets or creates the user, the conversation and the message of something that an integration received: all of
    /// them or none. The user becomes a participant of the conversation, and a new message goes to the bot. Only for
    /// integrations.
    #[oai(
        path = "/v1/chat/initialize-incoming-message",
        method = "post",
        operation_id = "initializeIncomingMessage"
    )]
    async fn initialize_incoming_message(
        &self,
        caller: BotCaller,
        body: Body<InitializeIncomingMessageBody>,
    ) -> Result<DirectJson<InitializeIncomingMessageResponse>, Failed> {
        let made = messages::initialize(&caller.0, body.0.into_domain()?).await?;
        let integration = caller.0.integration_name();
        Ok(DirectJson(InitializeIncomingMessageResponse {
            user: User::for_viewer(integration, made.user),
            conversation: Conversation::for_viewer(integration, made.conversation),
            message: made
                .message
                .map(|message| Message::for_viewer(integration, message)),
        }))
    }
}
