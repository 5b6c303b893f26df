//! `/conversations`: the conversations of the calling user.

use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{
    ConversationResponse, ConversationsResponse, CreateConversationBody,
    GetOrCreateConversationBody,
};
use crate::{
    dialects::chat_api::{Tag, auth::UserAuth, error::Failed, paging, users::dto::Empty},
    domain::webchat,
    http::{Body, DirectJson},
};

/// OpenAPI operations on conversations.
pub struct Conversations;

/// Response to a create request.
#[derive(ApiResponse)]
enum CreateConversationResponse {
    /// The conversation
    #[oai(status = 201)]
    Created(DirectJson<ConversationResponse>),
}

#[OpenApi(tag = "Tag::Conversation")]
impl Conversations {
    /// Create Conversation
    ///
    /// Creates a conversation that the user owns and takes part in.
    #[oai(
        path = "/conversations",
        method = "post",
        operation_id = "createConversation"
    )]
    async fn create_conversation(
        &self,
        caller: UserAuth,
        body: Body<CreateConversationBody>,
    ) -> Result<CreateConversationResponse, Failed> {
        let made = webchat::create_conversation(&caller.0, body.0.id).await?;
        Ok(CreateConversationResponse::Created(DirectJson(made.into())))
    }

    /// Get Conversation
    ///
    /// Returns a conversation that the user takes part in.
    #[oai(
        path = "/conversations/:id",
        method = "get",
        operation_id = "getConversation"
    )]
    async fn get_conversation(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        id: Path<String>,
    ) -> Result<DirectJson<ConversationResponse>, Failed> {
        Ok(DirectJson(
            webchat::find_conversation(&caller.0, &id.0)?.into(),
        ))
    }

    /// Get Or Create Conversation
    ///
    /// Returns a conversation that the user owns; creates it if it does not exist.
    #[oai(
        path = "/conversations/get-or-create",
        method = "post",
        operation_id = "getOrCreateConversation"
    )]
    async fn get_or_create_conversation(
        &self,
        caller: UserAuth,
        body: Body<GetOrCreateConversationBody>,
    ) -> Result<CreateConversationResponse, Failed> {
        // wire: 201 for an existing one, too
        let found = webchat::get_or_create_conversation(&caller.0, body.0.id).await?;
        Ok(CreateConversationResponse::Created(DirectJson(
            found.into(),
        )))
    }

    /// Delete Conversation
    ///
    /// Deletes a conversation that the user owns, with its messages.
    #[oai(
        path = "/conversations/:id",
        method = "delete",
        operation_id = "deleteConversation"
    )]
    async fn delete_conversation(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        id: Path<String>,
    ) -> Result<DirectJson<Empty>, Failed> {
        webchat::delete_conversation(&caller.0, &id.0).await?;
        Ok(DirectJson(Empty {}))
    }

    /// List Conversations
    ///
    /// Lists the conversations that the user owns, newest first.
    #[oai(
        path = "/conversations",
        method = "get",
        operation_id = "listConversations"
    )]
    async fn list_conversations(
        &self,
        caller: UserAuth,
        /// The `nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<DirectJson<ConversationsResponse>, Failed> {
        let after = paging::parse_token(next_token.0)?;
        let page = webchat::list_conversations(&caller.0, after).await?;
        Ok(DirectJson(page.into()))
    }
}
