//! Users as the chat shows and takes them.

use poem_openapi::{Object, types::Example};

use super::paging::Meta;
use crate::{
    domain::{shared::paging::Page, webchat},
    kernel::Secret,
};

/// The id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-5f80-7c2e-9d40-2f8e1b7a6c33";
/// The time in every example.
pub const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// Someone who talks with the bot, or the bot itself.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct User {
    /// Its id: the one that the client has chosen, if it has.
    id: String,
    /// Its name.
    #[oai(skip_serializing_if_is_none)]
    name: Option<String>,
    /// The address of its picture.
    #[oai(skip_serializing_if_is_none)]
    picture_url: Option<String>,
    /// What the client keeps of it.
    #[oai(skip_serializing_if_is_none)]
    profile: Option<String>,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
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

/// A user.
#[derive(Object)]
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

/// A new user.
#[derive(Object)]
#[oai(example, rename = "createUserResponse")]
pub struct NewUserResponse {
    /// The user.
    user: User,
    /// The user's key, for the header `x-user-key`. It does not end, and is not shown again.
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

/// One who takes part in a conversation.
#[derive(Object)]
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

/// A page of those who take part in a conversation.
#[derive(Object)]
#[oai(example, rename = "listParticipantsResponse")]
pub struct ParticipantsResponse {
    /// The users, newest first and the bot last.
    participants: Vec<User>,
    /// Where the next page is.
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

/// A new user. What is left out is not known.
#[derive(Object)]
#[oai(example, rename = "createUserBody", rename_all = "camelCase")]
pub struct CreateUserBody {
    /// Its id: up to 70 letters, digits, underscores, hyphens and slashes; one is made if absent.
    id: Option<String>,
    /// Its name.
    name: Option<String>,
    /// The address of its picture.
    picture_url: Option<String>,
    /// What the client keeps of it: up to 500 characters.
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
            profile: webchat::Profile {
                name: body.name,
                picture_url: body.picture_url,
                profile: body.profile,
            },
        }
    }
}

/// What is said of a user. What is left out stays.
#[derive(Object)]
#[oai(example, rename = "userBody", rename_all = "camelCase")]
pub struct UserBody {
    /// Its name.
    name: Option<String>,
    /// The address of its picture.
    picture_url: Option<String>,
    /// What the client keeps of it: up to 500 characters.
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

impl From<UserBody> for webchat::Profile {
    fn from(body: UserBody) -> Self {
        Self {
            name: body.name,
            picture_url: body.picture_url,
            profile: body.profile,
        }
    }
}

/// Nothing.
#[derive(Object)]
#[oai(example, rename = "Done")]
pub struct Done {}

impl Example for Done {
    fn example() -> Self {
        Self {}
    }
}
