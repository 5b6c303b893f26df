//! `/v1/chat/users`: the users of a bot.

use poem_openapi::{ApiResponse, OpenApi, param::Path, payload::Json};

use super::{
    Tag,
    auth::InBot,
    error::Failed,
    users_wire::{CreateUserBody, User, UserResponse},
};
use crate::{domain::users, http::Body};

/// The operations on users.
pub struct Users;

/// The answer to a create.
#[derive(ApiResponse)]
enum CreateUserResponse {
    /// The new user
    #[oai(status = 201)]
    Created(Json<UserResponse>),
}

#[OpenApi(tag = "Tag::User")]
impl Users {
    /// Create User
    ///
    /// Create a user of the bot, who is an end user of the agent in every API.
    #[oai(path = "/v1/chat/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        caller: InBot,
        body: Body<CreateUserBody>,
    ) -> Result<CreateUserResponse, Failed> {
        let user = users::create(&caller.0, body.0.into()).await?;
        Ok(CreateUserResponse::Created(shown(&caller, user)))
    }

    /// Get User
    ///
    /// Read one user. That of the bot itself has the bot's id.
    #[oai(path = "/v1/chat/users/:id", method = "get", operation_id = "getUser")]
    async fn get_user(
        &self,
        caller: InBot,
        /// The user's id.
        id: Path<String>,
    ) -> Result<Json<UserResponse>, Failed> {
        let user = users::find(&caller.0, &id.0.into())?;
        Ok(shown(&caller, user))
    }
}

fn shown(caller: &InBot, user: users::User) -> Json<UserResponse> {
    Json(UserResponse {
        user: User::seen_by(caller.0.integration_name(), user),
    })
}
