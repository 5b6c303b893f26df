//! `/v1/chat/conversations/{id}/participants`: the participants of a conversation.

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::{
    conversations::dto::{
        AddParticipantBody, EmptyObject, ParticipantResponse, ParticipantsResponse,
    },
    users::dto::User,
};
use crate::{
    dialects::botpress::{Tag, auth::BotCaller, error::Failed, paging},
    domain::bots::{conversations, users},
    http::{Body, DirectJson},
};

/// The operations on participants.
pub struct Participants;

#[OpenApi(tag = "Tag::Conversation")]
impl Participants {
    /// List Participants
    ///
    /// Lists the participants of a conversation: users who sent a message in it or were added to it.
    #[oai(
        path = "/v1/chat/conversations/:id/participants",
        method = "get",
        operation_id = "listParticipants"
    )]
    async fn list_participants(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
    ) -> Result<DirectJson<ParticipantsResponse>, Failed> {
        let after = paging::parse_next_token(next_token.0)?;
        let page = conversations::list_participants(&caller.0, id.0.into(), after).await?;
        let integration = caller.0.integration_name();
        Ok(DirectJson(ParticipantsResponse::for_viewer(
            integration,
            page,
        )))
    }

    /// Add Participant
    ///
    /// Adds a user to a conversation. Has no effect on a user who already participates.
    #[oai(
        path = "/v1/chat/conversations/:id/participants",
        method = "post",
        operation_id = "addParticipant"
    )]
    async fn add_participant(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
        body: Body<AddParticipantBody>,
    ) -> Result<DirectJson<ParticipantResponse>, Failed> {
        let user = body.0.user_id.into();
        let added = conversations::add_participant(&caller.0, id.0.into(), user).await?;
        Ok(to_response(&caller, added))
    }

    /// Get Participant
    ///
    /// Returns one participant of a conversation.
    #[oai(
        path = "/v1/chat/conversations/:id/participants/:userId",
        method = "get",
        operation_id = "getParticipant"
    )]
    async fn get_participant(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
        /// Id of the user.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<DirectJson<ParticipantResponse>, Failed> {
        let found = conversations::find_participant(&caller.0, &id.0.into(), &user_id.0.into())?;
        Ok(to_response(&caller, found))
    }

    /// Remove Participant
    ///
    /// Removes a user from a conversation.
    #[oai(
        path = "/v1/chat/conversations/:id/participants/:userId",
        method = "delete",
        operation_id = "removeParticipant"
    )]
    async fn remove_participant(
        &self,
        caller: BotCaller,
        /// Id of the conversation.
        id: Path<String>,
        /// Id of the user.
        #[oai(name = "userId")]
        user_id: Path<String>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        conversations::remove_participant(&caller.0, id.0.into(), user_id.0.into()).await?;
        Ok(DirectJson(EmptyObject {}))
    }
}

fn to_response(caller: &BotCaller, user: users::User) -> DirectJson<ParticipantResponse> {
    DirectJson(ParticipantResponse {
        participant: User::for_viewer(caller.0.integration_name(), user),
    })
}
