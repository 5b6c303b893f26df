//! `/v1/chat/messages`: the messages of a bot.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{
    CreateMessageBody, GetOrCreateMessageBody, Message, MessageResponse, MessagesResponse,
    UpdateMessageBody,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{list_parameters::parse_range, tags},
        error::Failed,
        paging,
    },
    domain::bots::messages::{self, Filter},
    http::{Body, DirectJson},
};

/// The operations on messages.
pub struct Messages;

/// The response of a create.
#[derive(ApiResponse)]
enum CreateMessageResponse {
    /// The new message
    #[oai(status = 201)]
    Created(DirectJson<MessageResponse>),
}

#[OpenApi(tag = "Tag::Message")]
impl Messages {
    /// Create Message
    ///
    /// Creates a message. A message of an integration is incoming and goes to the bot. A message of the bot
    /// is outgoing and goes to the integration of the conversation.
    #[oai(
        path = "/v1/chat/messages",
        method = "post",
        operation_id = "createMessage"
    )]
    async fn create_message(
        &self,
        caller: BotCaller,
        body: Body<CreateMessageBody>,
    ) -> Result<CreateMessageResponse, Failed> {
        let made = messages::create(&caller.0, body.0.into()).await?;
        Ok(CreateMessageResponse::Created(to_response(&caller, made)))
    }

    /// Get Or Create Message
    ///
    /// Returns the message with the tags that `discriminateByTags` names, or the message of this user and type with
    /// exactly these tags if it is absent. Creates one if there is none. Responds with 409 if the message is in
    /// another conversation.
    #[oai(
        path = "/v1/chat/messages/get-or-create",
        method = "post",
        operation_id = "getOrCreateMessage"
    )]
    async fn get_or_create_message(
        &self,
        caller: BotCaller,
        body: Body<GetOrCreateMessageBody>,
    ) -> Result<DirectJson<MessageResponse>, Failed> {
        let found = messages::get_or_create(&caller.0, body.0.into()).await?;
        Ok(to_response(&caller, found))
    }

    /// Get Message
    ///
    /// Returns one message.
    #[oai(
        path = "/v1/chat/messages/:id",
        method = "get",
        operation_id = "getMessage"
    )]
    async fn get_message(
        &self,
        caller: BotCaller,
        /// Id of the message.
        id: Path<String>,
    ) -> Result<DirectJson<MessageResponse>, Failed> {
        let found = messages::find(&caller.0, &id.0.into())?;
        Ok(to_response(&caller, found))
    }

    /// Update Message
    ///
    /// Sets tags of a message, and replaces its payload. Other tags keep their value; an empty value removes a
    /// tag. Neither the bot nor the integration is notified.
    #[oai(
        path = "/v1/chat/messages/:id",
        method = "put",
        operation_id = "updateMessage"
    )]
    async fn update_message(
        &self,
        caller: BotCaller,
        /// Id of the message.
        id: Path<String>,
        body: Body<UpdateMessageBody>,
    ) -> Result<DirectJson<MessageResponse>, Failed> {
        let changed = messages::update(&caller.0, id.0.into(), body.0.into()).await?;
        Ok(to_response(&caller, changed))
    }

    /// List Messages
    ///
    /// Lists the messages, newest first.
    #[oai(
        path = "/v1/chat/messages",
        method = "get",
        operation_id = "listMessages"
    )]
    async fn list_messages(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects messages of this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Selects messages that were created from here, in ISO 8601.
        #[oai(name = "afterDate")]
        after_date: Query<Option<String>>,
        /// Selects messages that were created up to here, in ISO 8601.
        #[oai(name = "beforeDate")]
        before_date: Query<Option<String>>,
    ) -> Result<DirectJson<MessagesResponse>, Failed> {
        let filter = Filter {
            conversation: paging::non_empty_parameter(conversation_id.0).map(Into::into),
            tags: tags::parse_filter(request),
            range: parse_range(after_date.0, before_date.0)?,
        };
        let after = paging::parse_next_token(next_token.0)?;
        let page = messages::list(&caller.0, filter, after).await?;
        let integration = caller.0.integration_name();
        Ok(DirectJson(MessagesResponse::for_viewer(integration, page)))
    }

    /// Delete Message
    ///
    /// Deletes a message.
    #[oai(
        path = "/v1/chat/messages/:id",
        method = "delete",
        operation_id = "deleteMessage"
    )]
    async fn delete_message(
        &self,
        caller: BotCaller,
        /// Id of the message.
        id: Path<String>,
    ) -> Result<DirectJson<MessageResponse>, Failed> {
        // wire: the reference page returns the deleted object, the specification `{}` (botpress.md §0)
        let gone = messages::delete(&caller.0, id.0.into()).await?;
        Ok(to_response(&caller, gone))
    }
}

fn to_response(caller: &BotCaller, message: messages::Message) -> DirectJson<MessageResponse> {
    DirectJson(MessageResponse {
        message: Message::for_viewer(caller.0.integration_name(), message),
    })
}
