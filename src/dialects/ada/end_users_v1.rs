//! `/api/end-users/v1`: the same end users, by the first version of the API (seed 003).

use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};

use super::{
    END_USERS_V1_BASE_PATH, Tag,
    auth::EndUsersV1,
    end_users_wire::{EXAMPLE_ID, EndUser, EndUserRequestV1, EndUsers as EndUsersPage},
    error::FailedV1,
    paging::{self, Meta},
    settings::Settings,
};
use crate::{
    domain::end_users,
    http::{Body, Written},
    kernel::Result,
};

/// The operations on end users.
pub struct EndUsersFirst {
    settings: Settings,
}

impl EndUsersFirst {
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

fn example_id() -> String {
    EXAMPLE_ID.to_owned()
}

#[OpenApi(tag = "Tag::EndUsers")]
impl EndUsersFirst {
    /// Page through end users
    ///
    /// The end users of the AI agent, oldest first.
    #[oai(path = "/", method = "get", operation_id = "v1GetEndUsers")]
    async fn v1_get_end_users(
        &self,
        caller: EndUsersV1,
        request: &Request,
        /// Where the page begins, from `next_page_url`.
        #[oai(example = "paging::nothing")]
        cursor: Query<Option<String>>,
        /// At most this many: 1 to 100, and 100 by default.
        #[oai(
            example = "paging::example_limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<Option<u32>>,
    ) -> Result<Json<EndUsersPage>, FailedV1> {
        let limit = paging::limit(limit.0);
        let cursor = paging::given(cursor.0).map(Into::into);
        let page = end_users::list(&caller.0, cursor, limit).await?;
        let next = page.next.as_ref().map(|id| id.as_str());
        let path = format!("{END_USERS_V1_BASE_PATH}/");
        Ok(Json(EndUsersPage {
            meta: Meta::next(request, &path, next),
            data: page.items.into_iter().map(Into::into).collect(),
        }))
    }

    /// Read one end user
    ///
    /// The end user with this id.
    #[oai(
        path = "/:end_user_id",
        method = "get",
        operation_id = "v1GetEndUserById"
    )]
    async fn v1_get_end_user_by_id(
        &self,
        caller: EndUsersV1,
        /// The end user's id.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
    ) -> Result<Written<EndUser>, FailedV1> {
        let found = end_users::find(&caller.0, &end_user_id.0.into())?;
        Ok(Written(found.into()))
    }

    /// Change one end user
    ///
    /// What is left out stays, null removes. Values of `metadata` are merged by name (setting
    /// `ada.metadata_update`). The whole request may have 4 KB.
    #[oai(
        path = "/:end_user_id",
        method = "patch",
        operation_id = "updateEndUserById"
    )]
    async fn update_end_user_by_id(
        &self,
        caller: EndUsersV1,
        /// The end user's id.
        #[oai(example = "example_id")]
        end_user_id: Path<String>,
        body: Body<EndUserRequestV1>,
    ) -> Result<Written<EndUser>, FailedV1> {
        let (id, how) = (end_user_id.0.into(), self.settings.metadata_update);
        let updated = end_users::update(&caller.0, id, body.0.into(), how).await?;
        Ok(Written(updated.into()))
    }
}
