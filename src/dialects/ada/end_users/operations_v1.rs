//! `/api/end-users/v1`: version 1 of the End Users API, over the same end users as version 2 (ada.md §3.1).

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use super::dto::{EXAMPLE_ID, EndUser, EndUserRequestV1, EndUsers as EndUsersPage};
use crate::{
    dialects::ada::{
        END_USERS_V1_BASE_PATH, Tag,
        auth::EndUsersV1Auth,
        error::FailedV1,
        paging::{self, Meta},
        settings::Settings,
    },
    domain::end_users,
    http::{Body, DirectJson},
    kernel::Result,
};

/// OpenAPI operations on end users, version 1.
pub struct EndUsersV1Api {
    settings: Settings,
}

impl EndUsersV1Api {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(tag = "Tag::EndUsers")]
impl EndUsersV1Api {
    /// Page through end users
    ///
    /// Lists the end users of the AI agent, oldest first.
    #[oai(path = "/", method = "get", operation_id = "v1GetEndUsers")]
    async fn v1_get_end_users(
        &self,
        caller: EndUsersV1Auth,
        request: &Request,
        /// Start of the page, from `next_page_url`.
        #[oai(example = "paging::example_empty")]
        cursor: Query<Option<String>>,
        /// Maximum number of end users: 1 to 100, 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
    ) -> Result<DirectJson<EndUsersPage>, FailedV1> {
        let limit = paging::page_size(limit.0);
        let cursor = paging::non_empty(cursor.0).map(Into::into);
        let page = end_users::list(&caller.0, cursor, limit).await?;
        let next = page.next.as_ref().map(|id| id.as_str());
        let path = format!("{END_USERS_V1_BASE_PATH}/");
        Ok(DirectJson(EndUsersPage {
            meta: Meta::next(request, &path, next),
            data: page.items.into_iter().map(Into::into).collect(),
        }))
    }

    /// Read one end user
    ///
    /// Returns the end user with this ID.
    #[oai(
        path = "/:end_user_id",
        method = "get",
        operation_id = "v1GetEndUserById"
    )]
    async fn v1_get_end_user_by_id(
        &self,
        caller: EndUsersV1Auth,
        /// ID of the end user.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
    ) -> Result<DirectJson<EndUser>, FailedV1> {
        let found = end_users::find(&caller.0, &end_user_id.0.into())?;
        Ok(DirectJson(found.into()))
    }

    /// Change one end user
    ///
    /// Omitted fields keep their values; null removes a value. `metadata` is merged by name (setting
    /// `ada.metadata_update`). The request body may have at most 4 KB.
    #[oai(
        path = "/:end_user_id",
        method = "patch",
        operation_id = "updateEndUserById"
    )]
    async fn update_end_user_by_id(
        &self,
        caller: EndUsersV1Auth,
        /// ID of the end user.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
        body: Body<EndUserRequestV1>,
    ) -> Result<DirectJson<EndUser>, FailedV1> {
        let (id, how) = (end_user_id.0.into(), self.settings.metadata_update);
        let updated = end_users::update(&caller.0, id, body.0.into(), how).await?;
        Ok(DirectJson(updated.into()))
    }
}
