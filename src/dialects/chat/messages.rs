//! `/messages`, and those of one conversation.

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    Tag,
    auth::Visitor,
    error::Failed,
    messages_wire::{CreateMessageBody, MessageResponse, MessagesResponse},
    paging,
    users_wire::Done,
};
use crate::{domain::webchat, http::Body};

/// The operations on messages.
pub struct Messages;

/// The answer to a create.
#[derive(ApiResponse)]
enum CreateMessageResponse {
    /// The new message
    #[oai(status = 201)]
    Created(Json<MessageResponse>),
}

#[OpenApi(tag = "Tag::Message")]
impl Messages {
    /// Create Message
    ///
    /// Write to the bot, in a conversation that the user takes part in.
    #[oai(path = "/messages", method = "post", operation_id = "createMessage")]
    async fn create_message(
        &self,
        caller: Visitor,
        body: Body<CreateMessageBody>,
    ) -> Result<CreateMessageResponse, Failed> {
        let made = webchat::create_message(&caller.0, body.0.try_into()?).await?;
        Ok(CreateMessageResponse::Created(Json(made.into())))
    }

    /// Get Message
    ///
    /// Read a message of a conversation that the user takes part in.
    #[oai(path = "/messages/:id", method = "get", operation_id = "getMessage")]
    async fn get_message(
        &self,
        caller: Visitor,
        /// The message's id.
        id: Path<String>,
    ) -> Result<Json<MessageResponse>, Failed> {
        let found = webchat::find_message(&caller.0, &id.0.into())?;
        Ok(Json(found.into()))
    }

    /// Delete Message
    ///
    /// Delete a message that the user has written.
    #[oai(
        path = "/messages/:id",
        method = "delete",
        operation_id = "deleteMessage"
    )]
    async fn delete_message(
        &self,
        caller: Visitor,
        /// The message's id.
        id: Path<String>,
    ) -> Result<Json<Done>, Failed> {
        webchat::delete_message(&caller.0, id.0.into()).await?;
        Ok(Json(Done {}))
    }

    /// List Messages
    ///
    /// Page through the messages of a conversation that the user takes part in, newest first.
    #[oai(
        path = "/conversations/:conversationId/messages",
        method = "get",
        operation_id = "listMessages"
    )]
    async fn list_messages(
        &self,
        caller: Visitor,
        /// The conversation's id.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<MessagesResponse>, Failed> {
        let after = paging::position(next_token.0)?;
        let page = webchat::list_messages(&caller.0, &conversation_id.0, after).await?;
        Ok(Json(page.into()))
    }
}
