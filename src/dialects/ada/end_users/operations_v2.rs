//! `/v2/end-users`: the end users of an AI agent.

use std::time::Duration;

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{
    CreateEndUserRequest, EXAMPLE_ID, EndUser, EndUserRequest, EndUsers as EndUsersPage,
    EndUsersOrOne,
};
use crate::{
    dialects::ada::{
        Tag,
        auth::EndUsersV2Auth,
        error::Failed,
        paging::{self, Meta},
        settings::Settings,
    },
    domain::end_users::{self, CreateOutcome, NewEndUser},
    http::{Body, DirectJson},
    kernel::{Error, Result},
};

/// Path of the list in `next_page_url`.
const LIST_PATH: &str = "/api/v2/end-users/";

/// OpenAPI operations on end users, version 2.
pub struct EndUsersV2Api {
    settings: Settings,
}

/// Response to a create request.
#[derive(ApiResponse)]
enum CreateEndUserResponse {
    /// The existing, unchanged end user with this external_id
    #[oai(status = 200)]
    Existing(DirectJson<EndUser>),
    /// The new end user
    #[oai(status = 201)]
    Created(DirectJson<EndUser>),
}

impl EndUsersV2Api {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(tag = "Tag::EndUsers")]
impl EndUsersV2Api {
    /// Get end users
    ///
    /// Lists the end users of the AI agent, oldest first, or finds one by its `external_id`. With
    /// `external_id` the response is one end user instead of a page; it cannot be combined with `cursor` or
    /// `limit`.
    #[oai(path = "/v2/end-users", method = "get", operation_id = "getEndUsers")]
    async fn get_end_users(
        &self,
        caller: EndUsersV2Auth,
        request: &Request,
        /// External ID of one end user; case is ignored.
        #[oai(example = "paging::example_empty")]
        external_id: Query<Option<String>>,
        /// Start of the page, from `next_page_url`. A cursor stays valid for a week after the deletion of its
        /// end user.
        #[oai(example = "paging::example_empty")]
        cursor: Query<Option<String>>,
        /// Maximum number of end users: 1 to 100, 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
    ) -> Result<DirectJson<EndUsersOrOne>, Failed> {
        let cursor = paging::non_empty(cursor.0);
        if let Some(external_id) = paging::non_empty(external_id.0) {
            if cursor.is_some() || limit.is_some() {
                let text = "external_id cannot be combined with cursor or limit";
                return Err(Error::invalid(text).into());
            }
            let found = end_users::find_by_external_id(&caller.0, &external_id)?;
            return Ok(DirectJson(EndUsersOrOne::One(Box::new(found.into()))));
        }
        let limit = paging::page_size(limit.0);
        let page = end_users::list(&caller.0, cursor.map(Into::into), limit).await?;
        let next = page.next.as_ref().map(|id| id.as_str());
        Ok(DirectJson(EndUsersOrOne::Page(EndUsersPage {
            meta: Meta::next(request, LIST_PATH, next),
            data: page.items.into_iter().map(Into::into).collect(),
        })))
    }

    /// Create end user
    ///
    /// Creates an end user for a custom channel. If an end user with this `external_id` exists, the response
    /// is that end user, and the rest of the request is ignored. An end user that takes part in no
    /// conversation within 24 hours is purged (setting `ada.purge_unused_end_users_after_hours`).
    #[oai(
        path = "/v2/end-users",
        method = "post",
        operation_id = "createEndUser"
    )]
    async fn create_end_user(
        &self,
        caller: EndUsersV2Auth,
        body: Body<Option<CreateEndUserRequest>>,
    ) -> Result<CreateEndUserResponse, Failed> {
        let hours = self.settings.purge_unused_end_users_after_hours;
        let new = NewEndUser {
            purge_after: (hours > 0).then(|| Duration::from_secs(hours.saturating_mul(3600))),
            ..body.0.unwrap_or_default().into()
        };
        Ok(match end_users::create(&caller.0, new).await? {
            CreateOutcome::Created(end_user) => {
                CreateEndUserResponse::Created(DirectJson(end_user.into()))
            }
            CreateOutcome::Existing(end_user) => {
                CreateEndUserResponse::Existing(DirectJson(end_user.into()))
            }
        })
    }

    /// Get end user by id
    ///
    /// Returns one end user.
    #[oai(
        path = "/v2/end-users/:end_user_id",
        method = "get",
        operation_id = "getEndUserById"
    )]
    async fn get_end_user_by_id(
        &self,
        caller: EndUsersV2Auth,
        /// ID of the end user.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
    ) -> Result<DirectJson<EndUser>, Failed> {
        let found = end_users::find(&caller.0, &end_user_id.0.into())?;
        Ok(DirectJson(found.into()))
    }

    /// Patch end user by id
    ///
    /// Updates one end user. Omitted fields keep their values; null removes a value. `metadata` is merged by
    /// name (setting `ada.metadata_update`). `system_properties` cannot be changed.
    #[oai(
        path = "/v2/end-users/:end_user_id",
        method = "patch",
        operation_id = "patchEndUserById"
    )]
    async fn patch_end_user_by_id(
        &self,
        caller: EndUsersV2Auth,
        /// ID of the end user.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
        body: Body<EndUserRequest>,
    ) -> Result<DirectJson<EndUser>, Failed> {
        let (id, how) = (end_user_id.0.into(), self.settings.metadata_update);
        let updated = end_users::update(&caller.0, id, body.0.into(), how).await?;
        Ok(DirectJson(updated.into()))
    }
}
