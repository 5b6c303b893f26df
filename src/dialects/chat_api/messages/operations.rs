//! `/messages` and `/conversations/{id}/messages`: the messages of conversations.

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{CreateMessageBody, MessageResponse, MessagesResponse};
use crate::{
    dialects::chat_api::{Tag, auth::UserAuth, error::Failed, paging, users::dto::Empty},
    domain::webchat,
    http::{Body, DirectJson},
};

/// OpenAPI operations on messages.
pub struct Messages;

/// Response to a create request.
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
    /// Sends a message to the bot, in a conversation that the user takes part in.
    #[oai(path = "/messages", method = "post", operation_id = "createMessage")]
    async fn create_message(
        &self,
        caller: UserAuth,
        body: Body<CreateMessageBody>,
    ) -> Result<CreateMessageResponse, Failed> {
        let made = webchat::create_message(&caller.0, body.0.try_into()?).await?;
        Ok(CreateMessageResponse::Created(DirectJson(made.into())))
    }

    /// Get Message
    ///
    /// Returns a message of a conversation that the user takes part in.
    #[oai(path = "/messages/:id", method = "get", operation_id = "getMessage")]
    async fn get_message(
        &self,
        caller: UserAuth,
        /// ID of the message.
        id: Path<String>,
    ) -> Result<DirectJson<MessageResponse>, Failed> {
        let found = webchat::find_message(&caller.0, &id.0.into())?;
        Ok(DirectJson(found.into()))
    }

    /// Delete Message
    ///
    /// Deletes a message that the user sent.
    #[oai(
        path = "/messages/:id",
        method = "delete",
        operation_id = "deleteMessage"
    )]
    async fn delete_message(
        &self,
        caller: UserAuth,
        /// ID of the message.
        id: Path<String>,
    ) -> Result<DirectJson<Empty>, Failed> {
        webchat::delete_message(&caller.0, id.0.into()).await?;
        Ok(DirectJson(Empty {}))
    }

    /// List Messages
    ///
    /// Lists the messages of a conversation that the user takes part in, newest first.
    #[oai(
        path = "/conversations/:conversationId/messages",
        method = "get",
        operation_id = "listMessages"
    )]
    async fn list_messages(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The `nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<DirectJson<MessagesResponse>, Failed> {
        let after = paging::parse_token(next_token.0)?;
        let page = webchat::list_messages(&caller.0, &conversation_id.0, after).await?;
        Ok(DirectJson(page.into()))
    }
}
