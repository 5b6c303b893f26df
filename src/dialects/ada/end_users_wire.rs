//! End users as Ada shows and takes them.

use poem_openapi::{
    Object, Union,
    types::{Example, MaybeUndefined},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    paging::Meta,
    values::{GivenValues, SensitiveValues, Values},
};
use crate::{
    domain::end_users::{Changes, EndUser as DomainEndUser, New, ProfileChanges, time_text},
    http::JsonObject,
    kernel::Patch,
};

/// The id in every example.
pub const EXAMPLE_ID: &str = "65a17e3f43bec88e2792d0eb";

/// An end user.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct EndUser {
    /// Its id.
    end_user_id: String,
    /// Your own key for it, in lower case.
    #[oai(nullable)]
    external_id: Option<String>,
    /// What is known of the person.
    profile: EndUserProfile,
    /// When it was created.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// What is known of a person.
#[derive(Object, Serialize)]
struct EndUserProfile {
    /// First name.
    #[oai(nullable)]
    first_name: Option<String>,
    /// Last name.
    #[oai(nullable)]
    last_name: Option<String>,
    /// The name to show.
    #[oai(nullable)]
    display_name: Option<String>,
    /// The address of a picture.
    #[oai(nullable)]
    avatar: Option<String>,
    /// E-mail address.
    #[oai(nullable)]
    email: Option<String>,
    /// Language, as a BCP 47 tag of four letters.
    #[oai(nullable)]
    language: Option<String>,
    /// Values by name. Sensitive metadata is never shown.
    metadata: Values,
    /// What Ada's channels keep; read-only.
    system_properties: SystemProperties,
}

/// What Ada's channels keep of a person.
#[derive(Object, Serialize)]
#[oai(rename = "EndUserSystemProperties")]
struct SystemProperties {
    /// The id of the user in Sunshine Conversations.
    #[oai(nullable)]
    sunshine_user_id: Option<String>,
}

impl From<DomainEndUser> for EndUser {
    fn from(end_user: DomainEndUser) -> Self {
        let profile = end_user.profile;
        let sunshine_user_id = profile.system_properties.get("sunshine_user_id");
        Self {
            end_user_id: end_user.id.to_string(),
            external_id: end_user.external_id,
            profile: EndUserProfile {
                first_name: profile.first_name,
                last_name: profile.last_name,
                display_name: profile.display_name,
                avatar: profile.avatar,
                email: profile.email,
                language: profile.language,
                metadata: Values(profile.metadata.values().clone()),
                system_properties: SystemProperties {
                    sunshine_user_id: sunshine_user_id.and_then(|id| id.as_str()).map(Into::into),
                },
            },
            created_at: time_text(end_user.created_at),
            updated_at: time_text(end_user.updated_at),
        }
    }
}

impl Example for EndUser {
    fn example() -> Self {
        Self {
            end_user_id: EXAMPLE_ID.to_owned(),
            external_id: Some("crm-1042".to_owned()),
            profile: EndUserProfile {
                first_name: Some("Ada".to_owned()),
                last_name: Some("Lovelace".to_owned()),
                display_name: Some("Ada Lovelace".to_owned()),
                avatar: Some("https://example.com/ada.png".to_owned()),
                email: Some("ada@example.com".to_owned()),
                language: Some("en-US".to_owned()),
                metadata: Values::of(&json!({"plan": "pro", "seats": 3, "trial": false})),
                system_properties: SystemProperties {
                    sunshine_user_id: None,
                },
            },
            created_at: "2026-01-31T09:30:00.000000+00:00".to_owned(),
            updated_at: "2026-01-31T09:30:00.000000+00:00".to_owned(),
        }
    }
}

/// A page of end users.
#[derive(Object)]
#[oai(example)]
pub struct EndUsers {
    /// The end users, oldest first.
    pub data: Vec<EndUser>,
    /// Where the next page is.
    pub meta: Meta,
}

impl Example for EndUsers {
    fn example() -> Self {
        Self {
            data: vec![EndUser::example()],
            meta: Meta::default(),
        }
    }
}

/// A page of end users or, for an `external_id`, one end user.
#[derive(Union)]
#[oai(one_of)]
pub enum EndUsersOrOne {
    Page(EndUsers),
    One(Box<EndUser>),
}

/// What becomes known of a person.
#[derive(Object, Default)]
#[oai(rename = "EndUserProfileRequest")]
struct ProfileRequest {
    /// First name.
    #[oai(nullable)]
    first_name: MaybeUndefined<String>,
    /// Last name.
    #[oai(nullable)]
    last_name: MaybeUndefined<String>,
    /// The name to show.
    #[oai(nullable)]
    display_name: MaybeUndefined<String>,
    /// The address of a picture.
    #[oai(nullable)]
    avatar: MaybeUndefined<String>,
    /// E-mail address.
    #[oai(nullable)]
    email: MaybeUndefined<String>,
    /// Language, as a BCP 47 tag of four letters.
    #[oai(nullable)]
    language: MaybeUndefined<String>,
    /// Values by name, at most 10 KB in total. They are merged into those that are there; null
    /// removes one, and null instead of the object removes all.
    #[oai(nullable)]
    metadata: MaybeUndefined<GivenValues>,
    /// Values that are encrypted, never shown, and erased after 24 hours. Null removes all.
    #[oai(nullable)]
    sensitive_metadata: MaybeUndefined<SensitiveMetadata>,
    // wire: Ada says only that they are read-only (ada.md §3.3)
    /// Read-only: others than a read shows are refused.
    #[oai(nullable)]
    system_properties: MaybeUndefined<JsonObject>,
}

/// Values that are encrypted, never shown, and erased after 24 hours.
#[derive(Object)]
struct SensitiveMetadata {
    /// At most 20 values; null removes one. Names have letters, digits, `_` and `-`.
    fields: SensitiveValues,
}

impl From<ProfileRequest> for ProfileChanges {
    fn from(profile: ProfileRequest) -> Self {
        Self {
            first_name: patch(profile.first_name),
            last_name: patch(profile.last_name),
            display_name: patch(profile.display_name),
            avatar: patch(profile.avatar),
            email: patch(profile.email),
            language: patch(profile.language),
            metadata: patch(profile.metadata.map_value(|values| values.0)),
            sensitive_metadata: patch(
                profile
                    .sensitive_metadata
                    .map_value(|sensitive| sensitive.fields.0),
            ),
            system_properties: read_back(profile.system_properties),
        }
    }
}

/// A new end user.
#[derive(Object, Default)]
#[oai(example)]
pub struct CreateEndUserRequest {
    /// Your own key for it: 1 to 36 characters without `<` and `>`. Capitals do not matter, and no
    /// two end users of an AI agent have the same.
    #[oai(nullable, validator(min_length = 1, max_length = 36))]
    external_id: Option<String>,
    /// What is known of the person.
    profile: Option<ProfileRequest>,
}

impl From<CreateEndUserRequest> for New {
    fn from(request: CreateEndUserRequest) -> Self {
        Self {
            id: None,
            external_id: request.external_id,
            profile: request.profile.unwrap_or_default().into(),
            purge_after: None,
        }
    }
}

impl Example for CreateEndUserRequest {
    fn example() -> Self {
        Self {
            external_id: Some("crm-1043".to_owned()),
            profile: Some(ProfileRequest {
                first_name: MaybeUndefined::Value("Grace".to_owned()),
                last_name: MaybeUndefined::Value("Hopper".to_owned()),
                email: MaybeUndefined::Value("grace@example.com".to_owned()),
                language: MaybeUndefined::Value("en-US".to_owned()),
                metadata: MaybeUndefined::Value(GivenValues::of(&json!({"plan": "free"}))),
                ..ProfileRequest::default()
            }),
        }
    }
}

/// What to change of an end user.
#[derive(Object)]
#[oai(example)]
pub struct EndUserRequest {
    /// Another key of yours for it; null removes it.
    #[oai(nullable, validator(min_length = 1, max_length = 36))]
    external_id: MaybeUndefined<String>,
    /// What becomes known of the person. What is left out stays.
    profile: ProfileRequest,
}

impl From<EndUserRequest> for Changes {
    fn from(request: EndUserRequest) -> Self {
        Self {
            external_id: patch(request.external_id),
            profile: request.profile.into(),
            system_properties: None,
        }
    }
}

impl Example for EndUserRequest {
    fn example() -> Self {
        Self {
            external_id: MaybeUndefined::Undefined,
            profile: ProfileRequest {
                display_name: MaybeUndefined::Value("Countess Lovelace".to_owned()),
                language: MaybeUndefined::Value("en-GB".to_owned()),
                metadata: MaybeUndefined::Value(GivenValues::of(&json!({
                    "plan": "enterprise", "trial": null,
                }))),
                sensitive_metadata: MaybeUndefined::Value(SensitiveMetadata {
                    fields: SensitiveValues::of(&json!({"session_token": "s-5f0e"})),
                }),
                ..ProfileRequest::default()
            },
        }
    }
}

/// What becomes known of a person through version 1.
#[derive(Object, Default)]
#[oai(rename = "EndUserProfileRequest")]
struct ProfileRequestV1 {
    /// First name.
    #[oai(nullable)]
    first_name: MaybeUndefined<String>,
    /// Last name.
    #[oai(nullable)]
    last_name: MaybeUndefined<String>,
    /// E-mail address.
    #[oai(nullable)]
    email: MaybeUndefined<String>,
    /// Language, as a BCP 47 tag of four letters.
    #[oai(nullable)]
    language: MaybeUndefined<String>,
    /// Values by name. They are merged into those that are there; null removes one, and null
    /// instead of the object removes all.
    #[oai(nullable)]
    metadata: MaybeUndefined<GivenValues>,
    /// Read-only: others than a read shows are refused.
    #[oai(nullable)]
    system_properties: MaybeUndefined<JsonObject>,
}

/// What to change of an end user through version 1.
#[derive(Object)]
#[oai(example, rename = "EndUserRequest")]
pub struct EndUserRequestV1 {
    /// What becomes known of the person. What is left out stays.
    profile: ProfileRequestV1,
}

impl From<EndUserRequestV1> for Changes {
    fn from(request: EndUserRequestV1) -> Self {
        let profile = request.profile;
        Self {
            profile: ProfileChanges {
                first_name: patch(profile.first_name),
                last_name: patch(profile.last_name),
                email: patch(profile.email),
                language: patch(profile.language),
                metadata: patch(profile.metadata.map_value(|values| values.0)),
                system_properties: read_back(profile.system_properties),
                ..ProfileChanges::default()
            },
            ..Self::default()
        }
    }
}

impl Example for EndUserRequestV1 {
    fn example() -> Self {
        Self {
            profile: ProfileRequestV1 {
                first_name: MaybeUndefined::Value("Augusta Ada".to_owned()),
                language: MaybeUndefined::Value("en-GB".to_owned()),
                metadata: MaybeUndefined::Value(GivenValues::of(&json!({
                    "plan": "enterprise", "trial": null,
                }))),
                ..ProfileRequestV1::default()
            },
        }
    }
}

fn patch<T>(given: MaybeUndefined<T>) -> Patch<T> {
    match given {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}

fn read_back(given: MaybeUndefined<JsonObject>) -> Option<Map<String, Value>> {
    match given {
        MaybeUndefined::Undefined | MaybeUndefined::Null => None,
        MaybeUndefined::Value(given) => Some(given.0),
    }
}
