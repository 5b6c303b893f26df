//! `/users`: the calling user.

use poem_openapi::{ApiResponse, OpenApi};

use super::dto::{CreateUserBody, Empty, NewUserResponse, UserBody, UserResponse};
use crate::{
    dialects::chat_api::{
        Tag,
        auth::{AnonymousAuth, UserAuth, UserKeyAuth},
        error::Failed,
    },
    domain::webchat,
    http::{Body, DirectJson},
};

/// OpenAPI operations on users.
pub struct Users;

/// Response to a create request.
#[derive(ApiResponse)]
enum CreateUserResponse {
    /// The new user with its key
    #[oai(status = 201)]
    Created(DirectJson<NewUserResponse>),
}

/// Response to a get-or-create request.
#[derive(ApiResponse)]
enum GetOrCreateUserResponse {
    // wire: 201 for an existing one, too
    /// The user
    #[oai(status = 201)]
    Found(DirectJson<UserResponse>),
}

#[OpenApi(tag = "Tag::User")]
impl Users {
    /// Create User
    ///
    /// Creates a user and its key. If the installation has an `encryptionKey`, its owner signs the keys, and
    /// users cannot be created here.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        caller: AnonymousAuth,
        body: Body<CreateUserBody>,
    ) -> Result<CreateUserResponse, Failed> {
        let (user, key) = webchat::create_user(&caller.0, body.0.into()).await?;
        let created = NewUserResponse::new(user, &key);
        Ok(CreateUserResponse::Created(DirectJson(created)))
    }

    /// Get User
    ///
    /// Returns the user that the key belongs to.
    #[oai(path = "/users/me", method = "get", operation_id = "getUser")]
    async fn get_user(&self, caller: UserAuth) -> Result<DirectJson<UserResponse>, Failed> {
        Ok(DirectJson(webchat::find_user(&caller.0)?.into()))
    }

    /// Get Or Create User
    ///
    /// Updates the user that the key belongs to with the given fields, and returns it. If the owner of the
    /// installation signed the key, a user that does not exist yet is created.
    #[oai(
        path = "/users/get-or-create",
        method = "post",
        operation_id = "getOrCreateUser"
    )]
    async fn get_or_create_user(
        &self,
        caller: UserKeyAuth,
        body: Body<UserBody>,
    ) -> Result<GetOrCreateUserResponse, Failed> {
        let (request, key) = caller.0;
        let user = webchat::get_or_create_user(&request, key.expose(), body.0.into()).await?;
        Ok(GetOrCreateUserResponse::Found(DirectJson(user.into())))
    }

    /// Update User
    ///
    /// Updates the user that the key belongs to.
    #[oai(path = "/users/me", method = "put", operation_id = "updateUser")]
    async fn update_user(
        &self,
        caller: UserAuth,
        body: Body<UserBody>,
    ) -> Result<DirectJson<UserResponse>, Failed> {
        let user = webchat::update_user(&caller.0, body.0.into()).await?;
        Ok(DirectJson(user.into()))
    }

    /// Delete User
    ///
    /// Deletes the user that the key belongs to, with its messages. The key becomes invalid.
    #[oai(path = "/users/me", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(&self, caller: UserAuth) -> Result<DirectJson<Empty>, Failed> {
        webchat::delete_user(&caller.0).await?;
        Ok(DirectJson(Empty {}))
    }
}
