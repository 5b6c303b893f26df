//! `/users`: the user who asks.

use poem_openapi::{ApiResponse, OpenApi, payload::Json};

use super::{
    Tag,
    auth::{Anyone, KeyHolder, Visitor},
    error::Failed,
    users_wire::{CreateUserBody, Done, NewUserResponse, UserBody, UserResponse},
};
use crate::{domain::webchat, http::Body};

/// The operations on users.
pub struct Users;

/// The answer to a create.
#[derive(ApiResponse)]
enum CreateUserResponse {
    /// The new user with its key
    #[oai(status = 201)]
    Created(Json<NewUserResponse>),
}

/// The answer to a get-or-create.
#[derive(ApiResponse)]
enum GetOrCreateUserResponse {
    // wire: 201 for one that was there, too
    /// The user
    #[oai(status = 201)]
    Found(Json<UserResponse>),
}

#[OpenApi(tag = "Tag::User")]
impl Users {
    /// Create User
    ///
    /// Create a user and its key. Where the installation has an `encryptionKey`, its owner signs keys and
    /// nobody can create a user here.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        caller: Anyone,
        body: Body<CreateUserBody>,
    ) -> Result<CreateUserResponse, Failed> {
        let (user, key) = webchat::create_user(&caller.0, body.0.into()).await?;
        let created = NewUserResponse::new(user, &key);
        Ok(CreateUserResponse::Created(Json(created)))
    }

    /// Get User
    ///
    /// Read the user whose key this is.
    #[oai(path = "/users/me", method = "get", operation_id = "getUser")]
    async fn get_user(&self, caller: Visitor) -> Result<Json<UserResponse>, Failed> {
        Ok(Json(webchat::find_user(&caller.0)?.into()))
    }

    /// Get Or Create User
    ///
    /// Read the user whose key this is, after what is given is set. If the installation's owner has signed
    /// the key, a user that is not there yet is created.
    #[oai(
        path = "/users/get-or-create",
        method = "post",
        operation_id = "getOrCreateUser"
    )]
    async fn get_or_create_user(
        &self,
        caller: KeyHolder,
        body: Body<UserBody>,
    ) -> Result<GetOrCreateUserResponse, Failed> {
        let key = caller.1.expose();
        let user = webchat::get_or_create_user(&caller.0, key, body.0.into()).await?;
        Ok(GetOrCreateUserResponse::Found(Json(user.into())))
    }

    /// Update User
    ///
    /// Change the user whose key this is.
    #[oai(path = "/users/me", method = "put", operation_id = "updateUser")]
    async fn update_user(
        &self,
        caller: Visitor,
        body: Body<UserBody>,
    ) -> Result<Json<UserResponse>, Failed> {
        let user = webchat::update_user(&caller.0, body.0.into()).await?;
        Ok(Json(user.into()))
    }

    /// Delete User
    ///
    /// Delete the user whose key this is, with what it has written. The key opens nothing any more.
    #[oai(path = "/users/me", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(&self, caller: Visitor) -> Result<Json<Done>, Failed> {
        webchat::delete_user(&caller.0).await?;
        Ok(Json(Done {}))
    }
}
