//! `/v1/chat/conversations/{id}/participants`: who takes part in a conversation.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    Tag,
    auth::InBot,
    conversations_wire::{AddParticipantBody, Nothing, ParticipantResponse, ParticipantsResponse},
    error::Failed,
    paging,
    users_wire::User,
};
use crate::{
    domain::bots::{conversations, users},
    http::Body,
};

/// The operations on those who take part.
pub struct Participants;

#[OpenApi(tag = "Tag::Conversation")]
impl Participants {
    /// List Participants
    ///
    /// Page through those who take part in a conversation: whoever has written in it or was added.
    #[oai(
        path = "/v1/chat/conversations/:id/participants",
        method = "get",
        operation_id = "listParticipants"
    )]
    async fn list_participants(
        &self,
        caller: InBot,
        /// The conversation's id.
        id: Path<String>,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<Json<ParticipantsResponse>, Failed> {
        let after = paging::position(next_token.0)?;
        let page = conversations::list_participants(&caller.0, id.0.into(), after).await?;
        let integration = caller.0.integration_name();
        Ok(Json(ParticipantsResponse::seen_by(integration, page)))
    }

    /// Add Participant
    ///
    /// Add a user to a conversation. One who takes part already stays.
    #[oai(
        path = "/v1/chat/conversations/:id/participants",
        method = "post",
        operation_id = "addParticipant"
    )]
    async fn add_participant(
        &self,
        caller: InBot,
        /// The conversation's id.
        id: Path<String>,
        body: Body<AddParticipantBody>,
    ) -> Result<Json<ParticipantResponse>, Failed> {
        let user = body.0.user_id.into();
        let added = conversations::add_participant(&caller.0, id.0.into(), user).await?;
        Ok(shown(&caller, added))
    }

    /// Get Participant
    ///
    /// Read one who takes part in a conversation.
    #[oai(
        path = "/v1/chat/conversations/:id/participants/:userId",
        method = "get",
        operation_id = "getParticipant"
    )]
    async fn get_participant(
        &self,
        caller: InBot,
        /// The conversation's id.
        id: Path<String>,
        /// The user's id.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<Json<ParticipantResponse>, Failed> {
        let found = conversations::find_participant(&caller.0, &id.0.into(), &user_id.0.into())?;
        Ok(shown(&caller, found))
    }

    /// Remove Participant
    ///
    /// Take a user out of a conversation.
    #[oai(
        path = "/v1/chat/conversations/:id/participants/:userId",
        method = "delete",
        operation_id = "removeParticipant"
    )]
    async fn remove_participant(
        &self,
        caller: InBot,
        /// The conversation's id.
        id: Path<String>,
        /// The user's id.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<Json<Nothing>, Failed> {
        conversations::remove_participant(&caller.0, id.0.into(), user_id.0.into()).await?;
        Ok(Json(Nothing {}))
    }
}

fn shown(caller: &InBot, user: users::User) -> Json<ParticipantResponse> {
    Json(ParticipantResponse {
        participant: User::seen_by(caller.0.integration_name(), user),
    })
}
