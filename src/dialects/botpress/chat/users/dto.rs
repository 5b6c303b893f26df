//! DTOs of users.

use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};
use serde::Serialize;

use crate::{
    dialects::botpress::{
        chat::tags::{TagChanges, TagValues},
        paging::PageMeta,
    },
    domain::{bots::users, shared::paging::Page},
    kernel::Patch,
};

/// Id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-5f80-7c2e-9d40-2f8e1b7a6c33";
/// Time in every example.
pub const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A user: a person who talks with a bot.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id of the user.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Tags of the user.
    tags: TagValues,
    /// Name of the user.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Address of the user's picture.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_url: Option<String>,
}

impl User {
    /// Converts a user. The viewer is an integration, which also sees its own tags without prefix, or the bot
    /// (`None`).
    pub fn for_viewer(integration: Option<&str>, user: users::User) -> Self {
        Self {
            id: user.id.into(),
            created_at: user.created_at.to_rfc3339_millis(),
            updated_at: user.updated_at.to_rfc3339_millis(),
            tags: user.tags.visible_to(integration),
            name: user.name,
            picture_url: user.picture_url,
        }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            tags: [("telegram:id".to_owned(), "1043".to_owned())].into(),
            name: Some("Ann".to_owned()),
            picture_url: None,
        }
    }
}

/// One user.
#[derive(Object, Serialize)]
#[oai(example, rename = "UserResponse")]
pub struct UserResponse {
    /// The user.
    pub user: User,
}

impl Example for UserResponse {
    fn example() -> Self {
        Self {
            user: User::example(),
        }
    }
}

/// A page of users.
#[derive(Object, Serialize)]
#[oai(example, rename = "listUsersResponse")]
pub struct UsersResponse {
    /// The users, newest first.
    users: Vec<User>,
    /// Position of the next page.
    meta: PageMeta,
}

impl UsersResponse {
    /// Converts a page. The viewer is an integration, which also sees its own tags without prefix, or the bot
    /// (`None`).
    pub fn for_viewer(integration: Option<&str>, page: Page<users::User>) -> Self {
        Self {
            meta: PageMeta::new(page.next),
            users: users_for_viewer(integration, page.items),
        }
    }
}

/// Converts users. The viewer is an integration, which also sees its own tags without prefix, or the bot
/// (`None`).
pub fn users_for_viewer(integration: Option<&str>, users: Vec<users::User>) -> Vec<User> {
    let shown = |user| User::for_viewer(integration, user);
    users.into_iter().map(shown).collect()
}

impl Example for UsersResponse {
    fn example() -> Self {
        Self {
            users: vec![User::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new user.
#[derive(Object)]
#[oai(example, rename = "createUserBody", rename_all = "camelCase")]
pub struct CreateUserBody {
    /// Tags of the user. An integration must set the tags that it requires.
    tags: TagChanges,
    /// Integration that creates the user, by its alias in the bot or its name.
    integration_name: Option<String>,
    /// Name of the user.
    name: Option<String>,
    /// Address of the user's picture.
    picture_url: Option<String>,
}

impl Example for CreateUserBody {
    fn example() -> Self {
        Self {
            tags: TagChanges::default(),
            integration_name: None,
            name: Some("Ann".to_owned()),
            picture_url: None,
        }
    }
}

impl From<CreateUserBody> for users::NewUser {
    fn from(body: CreateUserBody) -> Self {
        Self {
            tags: body.tags.0,
            integration: body.integration_name,
            name: body.name,
            picture_url: body.picture_url,
        }
    }
}

/// A user to find by its tags, or to create.
#[derive(Object)]
#[oai(example, rename = "getOrCreateUserBody", rename_all = "camelCase")]
pub struct GetOrCreateUserBody {
    /// Tags of the user. An integration must set the tags that it requires.
    tags: TagChanges,
    /// Integration that creates the user, by its alias in the bot or its name.
    integration_name: Option<String>,
    /// Name of a new user.
    name: Option<String>,
    /// Address of a new user's picture.
    picture_url: Option<String>,
    /// Names of the tags by which the user is found; if absent, all tags must be equal.
    discriminate_by_tags: Option<Vec<String>>,
}

impl Example for GetOrCreateUserBody {
    fn example() -> Self {
        Self {
            tags: TagChanges::default(),
            integration_name: None,
            name: Some("Ann".to_owned()),
            picture_url: None,
            discriminate_by_tags: Some(vec!["id".to_owned()]),
        }
    }
}

impl GetOrCreateUserBody {
    /// Returns the new user, and the names of the tags by which it is found.
    pub fn into_parts(self) -> (users::NewUser, Option<Vec<String>>) {
        let new = users::NewUser {
            tags: self.tags.0,
            integration: self.integration_name,
            name: self.name,
            picture_url: self.picture_url,
        };
        (new, self.discriminate_by_tags)
    }
}

/// An update of a user. Absent fields keep their value.
#[derive(Object)]
#[oai(example, rename = "updateUserBody", rename_all = "camelCase")]
pub struct UpdateUserBody {
    /// Tags to set; an empty value removes a tag.
    // wire: the specification requires it, the reference page allows its absence (botpress.md §0)
    tags: Option<TagChanges>,
    /// Name of the user; null removes it.
    #[oai(nullable)]
    name: MaybeUndefined<String>,
    /// Address of the user's picture; null removes it.
    #[oai(nullable)]
    picture_url: MaybeUndefined<String>,
}

impl Example for UpdateUserBody {
    fn example() -> Self {
        Self {
            tags: None,
            name: MaybeUndefined::Value("Ann".to_owned()),
            picture_url: MaybeUndefined::Undefined,
        }
    }
}

fn to_patch(given: MaybeUndefined<String>) -> Patch<String> {
    match given {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}

impl From<UpdateUserBody> for users::UserPatch {
    fn from(body: UpdateUserBody) -> Self {
        Self {
            tags: body.tags.unwrap_or_default().0,
            name: to_patch(body.name),
            picture_url: to_patch(body.picture_url),
        }
    }
}
