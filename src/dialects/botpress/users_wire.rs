//! Users as Botpress shows and takes them.

use poem_openapi::{Object, types::Example};

use super::tags::{GivenTags, ShownTags};
use crate::domain::users;

/// A user: someone who talks with a bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct User {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// Its tags.
    tags: ShownTags,
    /// Its name.
    #[oai(skip_serializing_if_is_none)]
    name: Option<String>,
    /// The address of its picture.
    #[oai(skip_serializing_if_is_none)]
    picture_url: Option<String>,
}

impl User {
    /// A user as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, user: users::User) -> Self {
        Self {
            id: user.id.to_string(),
            created_at: user.created_at.to_rfc3339_millis(),
            updated_at: user.updated_at.to_rfc3339_millis(),
            tags: user.tags.seen_by(integration),
            name: user.name,
            picture_url: user.picture_url,
        }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: "0194bb14-5f80-7c2e-9d40-2f8e1b7a6c33".to_owned(),
            created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            updated_at: "2026-01-31T09:30:00.000Z".to_owned(),
            tags: [("telegram:id".to_owned(), "1043".to_owned())].into(),
            name: Some("Ann".to_owned()),
            picture_url: None,
        }
    }
}

/// One user.
#[derive(Object)]
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

/// A new user.
#[derive(Object)]
#[oai(example, rename = "createUserBody", rename_all = "camelCase")]
pub struct CreateUserBody {
    /// Its tags. An integration has to give those that it requires.
    tags: GivenTags,
    /// The integration that is to make it.
    integration_name: Option<String>,
    /// Its name.
    name: Option<String>,
    /// The address of its picture.
    picture_url: Option<String>,
}

impl Example for CreateUserBody {
    fn example() -> Self {
        Self {
            tags: GivenTags::default(),
            integration_name: None,
            name: Some("Ann".to_owned()),
            picture_url: None,
        }
    }
}

impl From<CreateUserBody> for users::New {
    fn from(body: CreateUserBody) -> Self {
        Self {
            tags: body.tags.0,
            integration: body.integration_name,
            name: body.name,
            picture_url: body.picture_url,
        }
    }
}
