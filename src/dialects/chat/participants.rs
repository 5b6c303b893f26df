//! `/conversations/{id}/participants`: who takes part.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    Tag,
    auth::Visitor,
    conversations_wire::AddParticipantBody,
    error::Failed,
    paging,
    users_wire::{Done, ParticipantResponse, ParticipantsResponse},
};
use crate::{domain::webchat, http::Body};

/// The operations on participants.
pub struct Participants;

#[OpenApi(tag = "Tag::Participant")]
impl Participants {
    /// Add Participant
    ///
    /// Let another user into a conversation that the user owns.
    #[oai(
        path = "/conversations/:conversationId/participants",
        method = "post",
        operation_id = "addParticipant"
    )]
    async fn add_participant(
        &self,
        caller: Visitor,
        /// The conversation's id.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        body: Body<AddParticipantBody>,
    ) -> Result<Json<ParticipantResponse>, Failed> {
        let (id, user) = (&conversation_id.0, body.0.user_id);
        let added = webchat::add_participant(&caller.0, id, user).await?;
        Ok(Json(added.into()))
    }

    /// Remove Participant
    ///
    /// Take another user out of a conversation that the user owns, and end what it listens to there.
    #[oai(
        path = "/conversations/:conversationId/participants/:userId",
        method = "delete",
        operation_id = "removeParticipant"
    )]
    async fn remove_participant(
        &self,
        caller: Visitor,
        /// The conversation's id.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The user's id.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<Json<Done>, Failed> {
        webchat::remove_participant(&caller.0, &conversation_id.0, &user_id.0).await?;
        Ok(Json(Done {}))
    }

    /// Get Participant
    ///
    /// Read one who takes part in a conversation that the user owns.
    #[oai(
        path = "/conversations/:conversationId/participants/:userId",
        method = "get",
        operation_id = "getParticipant"
    )]
    async fn get_participant(
        &self,
        caller: Visitor,
        /// The conversation's id.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The user's id.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<Json<ParticipantResponse>, Failed> {
        let found = webchat::find_participant(&caller.0, &conversation_id.0, &user_id.0)?;
        Ok(Json(found.into()))
    }

    /// List Participants
    ///
    /// Page through those who take part in a conversation, of whom the user is one.
    #[oai(
        path = "/conversations/:conversationId/participants",
        method = "get",
        operation_id = "listParticipants"
    )]
    async fn list_participants(
        &self,
        caller: Visitor,
        /// The conversation's id.
        #[oai(name = "conversationId")]
        conversation_id: Path<String>,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<ParticipantsResponse>, Failed> {
        let after = paging::position(next_token.0)?;
        let page = webchat::list_participants(&caller.0, &conversation_id.0, after).await?;
        Ok(Json(page.into()))
    }
}
