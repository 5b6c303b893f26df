//! `/v1/chat/users`: the users of a bot.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{
    CreateUserBody, GetOrCreateUserBody, UpdateUserBody, User, UserResponse, UsersResponse,
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
    domain::bots::users::{self, Filter},
    http::{Body, DirectJson},
};

/// The operations on users.
pub struct Users;

/// The response of a create.
#[derive(ApiResponse)]
enum CreateUserResponse {
    /// The new user
    #[oai(status = 201)]
    Created(DirectJson<UserResponse>),
}

#[OpenApi(tag = "Tag::User")]
impl Users {
    /// Create User
    ///
    /// Creates a user of the bot, who is an end user of the agent in every API.
    #[oai(path = "/v1/chat/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        caller: BotCaller,
        body: Body<CreateUserBody>,
    ) -> Result<CreateUserResponse, Failed> {
        let user = users::create(&caller.0, body.0.into()).await?;
        Ok(CreateUserResponse::Created(to_response(&caller, user)))
    }

    /// Get User
    ///
    /// Returns one user. The bot's own user has the bot's id.
    #[oai(path = "/v1/chat/users/:id", method = "get", operation_id = "getUser")]
    async fn get_user(
        &self,
        caller: BotCaller,
        /// Id of the user.
        id: Path<String>,
    ) -> Result<DirectJson<UserResponse>, Failed> {
        let user = users::find(&caller.0, &id.0.into())?;
        Ok(to_response(&caller, user))
    }

    /// List Users
    ///
    /// Lists the users of the bot, newest first by default.
    #[oai(path = "/v1/chat/users", method = "get", operation_id = "listUsers")]
    #[expect(
        clippy::too_many_arguments,
        reason = "poem-openapi takes each query parameter as an argument"
    )]
    async fn list_users(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects participants of this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Selects users with a time from here, in ISO 8601.
        #[oai(name = "afterDate")]
        after_date: Query<Option<String>>,
        /// Selects users with a time up to here, in ISO 8601.
        #[oai(name = "beforeDate")]
        before_date: Query<Option<String>>,
        /// Time that `afterDate` and `beforeDate` are about; the time of creation if absent.
        #[oai(name = "rangeField")]
        range_field: Query<Option<TimeField>>,
        /// Time that sorts the list; the time of creation if absent.
        #[oai(name = "sortField")]
        sort_field: Query<Option<TimeField>>,
        /// Direction of the sort order; newest first if absent.
        #[oai(name = "sortDirection")]
        sort_direction: Query<Option<SortDirection>>,
    ) -> Result<DirectJson<UsersResponse>, Failed> {
        let filter = Filter {
            conversation: paging::non_empty_parameter(conversation_id.0).map(Into::into),
            tags: tags::parse_filter(request),
            range: parse_range(after_date.0, before_date.0)?,
            range_field: range_field.0.map(Into::into).unwrap_or_default(),
            sort: to_sort(sort_field.0, sort_direction.0),
        };
        let after = paging::parse_next_token(next_token.0)?;
        let page = users::list(&caller.0, filter, after).await?;
        let integration = caller.0.integration_name();
        Ok(DirectJson(UsersResponse::for_viewer(integration, page)))
    }

    /// Get Or Create User
    ///
    /// Returns the user with the tags that `discriminateByTags` names, or with exactly these tags if it is
    /// absent. Creates one if there is none.
    #[oai(
        path = "/v1/chat/users/get-or-create",
        method = "post",
        operation_id = "getOrCreateUser"
    )]
    async fn get_or_create_user(
        &self,
        caller: BotCaller,
        body: Body<GetOrCreateUserBody>,
    ) -> Result<DirectJson<UserResponse>, Failed> {
        let (new, discriminators) = body.0.into_parts();
        let user = users::get_or_create(&caller.0, new, discriminators).await?;
        Ok(to_response(&caller, user))
    }

    /// Update User
    ///
    /// Updates a user. Absent fields and tags keep their value; an empty value removes a tag.
    #[oai(
        path = "/v1/chat/users/:id",
        method = "put",
        operation_id = "updateUser"
    )]
    async fn update_user(
        &self,
        caller: BotCaller,
        /// Id of the user.
        id: Path<String>,
        body: Body<UpdateUserBody>,
    ) -> Result<DirectJson<UserResponse>, Failed> {
        let user = users::update(&caller.0, id.0.into(), body.0.into()).await?;
        Ok(to_response(&caller, user))
    }

    /// Delete User
    ///
    /// Deletes a user and the user's messages, in every API.
    #[oai(
        path = "/v1/chat/users/:id",
        method = "delete",
        operation_id = "deleteUser"
    )]
    async fn delete_user(
        &self,
        caller: BotCaller,
        /// Id of the user.
        id: Path<String>,
    ) -> Result<DirectJson<UserResponse>, Failed> {
        // wire: the reference page returns the deleted object, the specification `{}` (botpress.md §0)
        let user = users::delete(&caller.0, id.0.into()).await?;
        Ok(to_response(&caller, user))
    }
}

fn to_response(caller: &BotCaller, user: users::User) -> DirectJson<UserResponse> {
    DirectJson(UserResponse {
        user: User::for_viewer(caller.0.integration_name(), user),
    })
}
