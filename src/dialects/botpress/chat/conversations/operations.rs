//! `/v1/chat/conversations`: the conversations of a bot.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{
    Conversation, ConversationResponse, ConversationsResponse, CreateConversationBody,
    GetOrCreateConversationBody, UpdateTagsBody,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{
            list_parameters::{SortDirection, TimeField, parse_range, to_sort},
            tags,
        },
        error::Failed,
        paging,
    },
    domain::bots::conversations::{self, Filter},
    http::{Body, DirectJson},
};

/// The operations on conversations.
pub struct Conversations;

/// The response of a create.
#[derive(ApiResponse)]
enum CreateConversationResponse {
    /// The new conversation
    #[oai(status = 201)]
    Created(DirectJson<ConversationResponse>),
}

#[OpenApi(tag = "Tag::Conversation")]
impl Conversations {
    /// Create Conversation
    ///
    /// Creates a conversation. An integration names one of its own channels. A bot names a channel that
    /// exactly one of its integrations has.
    #[oai(
        path = "/v1/chat/conversations",
        method = "post",
        operation_id = "createConversation"
    )]
    async fn create_conversation(
        &self,
        caller: BotCaller,
        body: Body<CreateConversationBody>,
    ) -> Result<CreateConversationResponse, Failed> {
        let made = conversations::create(&caller.0, body.0.into()).await?;
        Ok(CreateConversationResponse::Created(to_response(
            &caller, made,
        )))
    }

    /// Get Conversation
    ///
    /// Returns one conversation. An integration sees only its own conversations.
    #[oai(
        path = "/v1/chat/conversations/:id",
        method = "get",
        operation_id = "getConversation"
    )]
    async fn get_conversation(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
    ) -> Result<DirectJson<ConversationResponse>, Failed> {
        let found = conversations::find(&caller.0, &id.0.into())?;
        Ok(to_response(&caller, found))
    }

    /// List Conversations
    ///
    /// Lists the conversations, newest first by default.
    #[oai(
        path = "/v1/chat/conversations",
        method = "get",
        operation_id = "listConversations"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "poem-openapi takes each query parameter as an argument"
    )]
    async fn list_conversations(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects conversations in which all these users participate.
        #[oai(name = "participantIds")]
        participant_ids: Query<Vec<String>>,
        /// Selects conversations of this integration, by its name or its alias.
        #[oai(name = "integrationName")]
        integration_name: Query<Option<String>>,
        /// Selects conversations in this channel.
        channel: Query<Option<String>>,
        /// Selects conversations that were created from here, in ISO 8601.
        #[oai(name = "afterDate")]
        after_date: Query<Option<String>>,
        /// Selects conversations that were created up to here, in ISO 8601.
        #[oai(name = "beforeDate")]
        before_date: Query<Option<String>>,
        /// Time that sorts the list; the time of creation if absent.
        #[oai(name = "sortField")]
        sort_field: Query<Option<TimeField>>,
        /// Direction of the sort order; newest first if absent.
        #[oai(name = "sortDirection")]
        sort_direction: Query<Option<SortDirection>>,
    ) -> Result<DirectJson<ConversationsResponse>, Failed> {
        let filter = Filter {
            participants: participant_ids.0,
            tags: tags::parse_filter(request),
            integration: integration_name.0,
            channel: channel.0,
            range: parse_range(after_date.0, before_date.0)?,
            sort: to_sort(sort_field.0, sort_direction.0),
        };
        let after = paging::parse_next_token(next_token.0)?;
        let page = conversations::list(&caller.0, filter, after).await?;
        let integration = caller.0.integration_name();
        Ok(DirectJson(ConversationsResponse::for_viewer(
            integration,
            page,
        )))
    }

    /// Get Or Create Conversation
    ///
    /// Returns the conversation of this channel with the tags that `discriminateByTags` names, or with exactly
    /// these tags if it is absent. Creates one if there is none.
    #[oai(
        path = "/v1/chat/conversations/get-or-create",
        method = "post",
        operation_id = "getOrCreateConversation"
    )]
    async fn get_or_create_conversation(
        &self,
        caller: BotCaller,
        body: Body<GetOrCreateConversationBody>,
    ) -> Result<DirectJson<ConversationResponse>, Failed> {
        let (new, discriminators) = body.0.into_parts();
        let found = conversations::get_or_create(&caller.0, new, discriminators).await?;
        Ok(to_response(&caller, found))
    }

    /// Update Conversation
    ///
    /// Sets tags of a conversation. Other tags keep their value; an empty value removes a tag.
    #[oai(
        path = "/v1/chat/conversations/:id",
        method = "put",
        operation_id = "updateConversation"
    )]
    async fn update_conversation(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
        body: Body<UpdateTagsBody>,
    ) -> Result<DirectJson<ConversationResponse>, Failed> {
        let tags = body.0.tags.unwrap_or_default().0;
        let changed = conversations::update(&caller.0, id.0.into(), tags).await?;
        Ok(to_response(&caller, changed))
    }

    /// Delete Conversation
    ///
    /// Deletes a conversation with its messages, events and states.
    #[oai(
        path = "/v1/chat/conversations/:id",
        method = "delete",
        operation_id = "deleteConversation"
    )]
    async fn delete_conversation(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
    ) -> Result<DirectJson<ConversationResponse>, Failed> {
        // wire: the reference page returns the deleted object, the specification `{}` (botpress.md §0)
        let gone = conversations::delete(&caller.0, id.0.into()).await?;
        Ok(to_response(&caller, gone))
    }
}

fn to_response(
    caller: &BotCaller,
    conversation: conversations::Conversation,
) -> DirectJson<ConversationResponse> {
    DirectJson(ConversationResponse {
        conversation: Conversation::for_viewer(caller.0.integration_name(), conversation),
    })
}
