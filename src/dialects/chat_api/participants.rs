//! `/conversations/{id}/participants`: the participants of a conversation.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::{
    Tag,
    auth::UserAuth,
    conversations::dto::AddParticipantBody,
    error::Failed,
    paging,
    users::dto::{Empty, ParticipantResponse, ParticipantsResponse},
};
use crate::{
    domain::webchat,
    http::{Body, DirectJson},
};

/// OpenAPI operations on participants.
pub struct Participants;

#[OpenApi(tag = "Tag::Participant")]
impl Participants {
    /// Add Participant
    ///
    /// Adds another user to a conversation that the user owns.
    #[oai(
        path = "/conversations/:conversationId/participants",
        method = "post",
        operation_id = "addParticipant"
    )]
    async fn add_participant(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        body: Body<AddParticipantBody>,
    ) -> Result<DirectJson<ParticipantResponse>, Failed> {
        let (id, user) = (&conversation_id.0, body.0.user_id);
        let added = webchat::add_participant(&caller.0, id, user).await?;
        Ok(DirectJson(added.into()))
    }

    /// Remove Participant
    ///
    /// Removes another user from a conversation that the user owns, and ends that user's event streams of it.
    #[oai(
        path = "/conversations/:conversationId/participants/:userId",
        method = "delete",
        operation_id = "removeParticipant"
    )]
    async fn remove_participant(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// ID of the user.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<DirectJson<Empty>, Failed> {
        webchat::remove_participant(&caller.0, &conversation_id.0, &user_id.0).await?;
        Ok(DirectJson(Empty {}))
    }

    /// Get Participant
    ///
    /// Returns a participant of a conversation that the user owns.
    #[oai(
        path = "/conversations/:conversationId/participants/:userId",
        method = "get",
        operation_id = "getParticipant"
    )]
    async fn get_participant(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// ID of the user.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<DirectJson<ParticipantResponse>, Failed> {
        let found = webchat::find_participant(&caller.0, &conversation_id.0, &user_id.0)?;
        Ok(DirectJson(found.into()))
    }

    /// List Participants
    ///
    /// Lists the participants of a conversation that the user takes part in.
    #[oai(
        path = "/conversations/:conversationId/participants",
        method = "get",
        operation_id = "listParticipants"
    )]
    async fn list_participants(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The `nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<DirectJson<ParticipantsResponse>, Failed> {
        let after = paging::parse_token(next_token.0)?;
        let page = webchat::list_participants(&caller.0, &conversation_id.0, after).await?;
        Ok(DirectJson(page.into()))
    }
}
