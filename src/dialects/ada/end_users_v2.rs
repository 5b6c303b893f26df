//! `/v2/end-users`: the end users of an AI agent.

use std::time::Duration;

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    Tag,
    auth::EndUsersV2,
    end_users_wire::{
        CreateEndUserRequest, EXAMPLE_ID, EndUser, EndUserRequest, EndUsers as EndUsersPage,
        EndUsersOrOne,
    },
    error::Failed,
    paging::{self, Meta},
    settings::Settings,
};
use crate::{
    domain::end_users::{self, Created, New},
    http::{Body, Written},
    kernel::{Error, Result},
};

/// Where the list is, as next pages name it.
const LIST_PATH: &str = "/api/v2/end-users/";

/// The operations on end users.
pub struct EndUsers {
    settings: Settings,
}

/// The answer to a create.
#[derive(ApiResponse)]
enum CreateEndUserResponse {
    /// The end user that has the external_id already, as it was
    #[oai(status = 200)]
    Known(Written<EndUser>),
    /// The new end user
    #[oai(status = 201)]
    Created(Written<EndUser>),
}

impl EndUsers {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(tag = "Tag::EndUsers")]
impl EndUsers {
    /// Get end users
    ///
    /// Page through the end users of the AI agent, oldest first, or look one up by its
    /// `external_id`. With an `external_id` the answer is one end user and not a page; it does not
    /// go with `cursor` and `limit`.
    #[oai(path = "/v2/end-users", method = "get", operation_id = "getEndUsers")]
    async fn get_end_users(
        &self,
        caller: EndUsersV2,
        request: &Request,
        /// The external id of one end user, in any case of letters.
        #[oai(example = "paging::nothing")]
        external_id: Query<Option<String>>,
        /// Where the page begins, from `next_page_url`. It stays valid for a week if that end user
        /// is erased.
        #[oai(example = "paging::nothing")]
        cursor: Query<Option<String>>,
        /// At most this many: 1 to 100, and 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
    ) -> Result<Json<EndUsersOrOne>, Failed> {
        let cursor = paging::given(cursor.0);
        if let Some(external_id) = paging::given(external_id.0) {
            if cursor.is_some() || limit.is_some() {
                let text = "external_id does not go together with cursor or limit";
                return Err(Error::invalid(text).into());
            }
            let found = end_users::find_by_external_id(&caller.0, &external_id)?;
            return Ok(Json(EndUsersOrOne::One(Box::new(found.into()))));
        }
        let limit = paging::limit(limit.0);
        let page = end_users::list(&caller.0, cursor.map(Into::into), limit).await?;
        let next = page.next.as_ref().map(|id| id.as_str());
        Ok(Json(EndUsersOrOne::Page(EndUsersPage {
            meta: Meta::next(request, LIST_PATH, next),
            data: page.items.into_iter().map(Into::into).collect(),
        })))
    }

    /// Create end user
    ///
    /// Create an end user for a custom channel. If one has the `external_id` already, the answer is
    /// that one, and nothing of the request is applied to it. An end user that no conversation has
    /// come of within 24 hours is purged (setting `ada.purge_unused_end_users_after_hours`).
    #[oai(
        path = "/v2/end-users",
        method = "post",
        operation_id = "createEndUser"
    )]
    async fn create_end_user(
        &self,
        caller: EndUsersV2,
        body: Body<Option<CreateEndUserRequest>>,
    ) -> Result<CreateEndUserResponse, Failed> {
        let hours = self.settings.purge_unused_end_users_after_hours;
        let new = New {
            purge_after: (hours > 0).then(|| Duration::from_secs(hours.saturating_mul(3600))),
            ..body.0.unwrap_or_default().into()
        };
        Ok(match end_users::create(&caller.0, new).await? {
            Created::New(end_user) => CreateEndUserResponse::Created(Written(end_user.into())),
            Created::Known(end_user) => CreateEndUserResponse::Known(Written(end_user.into())),
        })
    }

    /// Get end user by id
    ///
    /// Read one end user.
    #[oai(
        path = "/v2/end-users/:end_user_id",
        method = "get",
        operation_id = "getEndUserById"
    )]
    async fn get_end_user_by_id(
        &self,
        caller: EndUsersV2,
        /// The end user's id.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
    ) -> Result<Written<EndUser>, Failed> {
        let found = end_users::find(&caller.0, &end_user_id.0.into())?;
        Ok(Written(found.into()))
    }

    /// Patch end user by id
    ///
    /// Change one end user. What is left out stays, null removes. Values of `metadata` are merged
    /// by name (setting `ada.metadata_update`). `system_properties` cannot be changed.
    #[oai(
        path = "/v2/end-users/:end_user_id",
        method = "patch",
        operation_id = "patchEndUserById"
    )]
    async fn patch_end_user_by_id(
        &self,
        caller: EndUsersV2,
        /// The end user's id.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
        body: Body<EndUserRequest>,
    ) -> Result<Written<EndUser>, Failed> {
        let (id, how) = (end_user_id.0.into(), self.settings.metadata_update);
        let updated = end_users::update(&caller.0, id, body.0.into(), how).await?;
        Ok(Written(updated.into()))
    }
}
