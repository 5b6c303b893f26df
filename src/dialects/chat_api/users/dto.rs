//! DTOs of users and participants.

use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    dialects::chat_api::paging::Meta,
    domain::{shared::paging::Page, webchat},
    kernel::Secret,
};

/// User ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "0194bb14-5f80-7c2e-9d40-2f8e1b7a6c33";
/// Timestamp in the examples of the OpenAPI document.
pub const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A user of the chat, or the bot.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// ID of the user, which a client may choose.
    id: String,
    /// Name of the user.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// URL of the user's picture.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_url: Option<String>,
    /// Text that the client stores with the user.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Time of the last change (ISO 8601).
    updated_at: String,
}

impl From<webchat::User> for User {
    fn from(user: webchat::User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            picture_url: user.picture_url,
            profile: user.profile,
            created_at: user.created_at.to_rfc3339_millis(),
            updated_at: user.updated_at.to_rfc3339_millis(),
        }
    }
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            name: Some("Ann".to_owned()),
            picture_url: None,
            profile: None,
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
        }
    }
}

/// A user in a response.
#[derive(Object, Serialize)]
#[oai(example, rename = "UserResponse")]
pub struct UserResponse {
    /// The user.
    user: User,
}

impl From<webchat::User> for UserResponse {
    fn from(user: webchat::User) -> Self {
        Self { user: user.into() }
    }
}

impl Example for UserResponse {
    fn example() -> Self {
        Self {
            user: User::example(),
        }
    }
}

/// A new user in a response.
#[derive(Object, Serialize)]
#[oai(example, rename = "createUserResponse")]
pub struct NewUserResponse {
    /// The user.
    user: User,
    /// Key of the user, for the header `x-user-key`. It does not expire, and is not returned again.
    key: String,
}

impl NewUserResponse {
    pub fn new(user: webchat::User, key: &Secret) -> Self {
        Self {
            user: user.into(),
            key: key.expose().to_owned(),
        }
    }
}

impl Example for NewUserResponse {
    fn example() -> Self {
        Self {
            user: User::example(),
            key: "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6ImFubiJ9.c2lnbmF0dXJl".to_owned(),
        }
    }
}

/// A participant in a response.
#[derive(Object, Serialize)]
#[oai(example, rename = "ParticipantResponse")]
pub struct ParticipantResponse {
    /// The user.
    participant: User,
}

impl From<webchat::User> for ParticipantResponse {
    fn from(user: webchat::User) -> Self {
        Self {
            participant: user.into(),
        }
    }
}

impl Example for ParticipantResponse {
    fn example() -> Self {
        Self {
            participant: User::example(),
        }
    }
}

/// A page of participants.
#[derive(Object, Serialize)]
#[oai(example, rename = "listParticipantsResponse")]
pub struct ParticipantsResponse {
    /// The users, newest first and the bot last.
    participants: Vec<User>,
    /// Token of the next page.
    meta: Meta,
}

impl From<Page<webchat::User>> for ParticipantsResponse {
    fn from(page: Page<webchat::User>) -> Self {
        Self {
            participants: page.items.into_iter().map(Into::into).collect(),
            meta: Meta::new(page.next),
        }
    }
}

impl Example for ParticipantsResponse {
    fn example() -> Self {
        Self {
            participants: vec![User::example()],
            meta: Meta::default(),
        }
    }
}

/// A new user. All fields are optional.
#[derive(Object)]
#[oai(example, rename = "createUserBody", rename_all = "camelCase")]
pub struct CreateUserBody {
    /// ID of the user: up to 70 letters, digits, underscores, hyphens and slashes. Generated if absent.
    id: Option<String>,
    /// Name of the user.
    name: Option<String>,
    /// URL of the user's picture.
    picture_url: Option<String>,
    /// Text that the client stores with the user: up to 500 characters.
    profile: Option<String>,
}

impl Example for CreateUserBody {
    fn example() -> Self {
        Self {
            id: None,
            name: Some("Ann".to_owned()),
            picture_url: None,
            profile: None,
        }
    }
}

impl From<CreateUserBody> for webchat::NewUser {
    fn from(body: CreateUserBody) -> Self {
        Self {
            id: body.id,
            fields: webchat::UserFields {
                name: body.name,
                picture_url: body.picture_url,
                profile: body.profile,
            },
        }
    }
}

/// Changes of a user. Omitted fields keep their values.
#[derive(Object)]
#[oai(example, rename = "userBody", rename_all = "camelCase")]
pub struct UserBody {
    /// Name of the user.
    name: Option<String>,
    /// URL of the user's picture.
    picture_url: Option<String>,
    /// Text that the client stores with the user: up to 500 characters.
    profile: Option<String>,
}

impl Example for UserBody {
    fn example() -> Self {
        Self {
            name: Some("Ann".to_owned()),
            picture_url: None,
            profile: None,
        }
    }
}

impl From<UserBody> for webchat::UserFields {
    fn from(body: UserBody) -> Self {
        Self {
            name: body.name,
            picture_url: body.picture_url,
            profile: body.profile,
        }
    }
}

/// An empty object.
#[derive(Object, Serialize)]
#[oai(example, rename = "Done")]
pub struct Empty {}

impl Example for Empty {
    fn example() -> Self {
        Self {}
    }
}
