//! DTOs of end users, for versions 1 and 2 of the API.

use poem_openapi::{
    Object, Union,
    types::{Example, MaybeUndefined},
};
use serde::Serialize;
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use crate::{
    dialects::ada::{
        metadata_dto::{SensitiveValues, Values, ValuesPatch},
        paging::Meta,
        time::format_time,
    },
    domain::end_users::{EndUser as DomainEndUser, EndUserChanges, NewEndUser, ProfileChanges},
    http::JsonObject,
    kernel::Patch,
};

/// End user ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "65a17e3f43bec88e2792d0eb";

/// An end user.
#[derive(Object, Serialize)]
#[oai(example)]
pub struct EndUser {
    /// ID of the end user.
    end_user_id: String,
    /// Your own unique key for the end user, in lower case.
    #[oai(nullable)]
    external_id: Option<String>,
    /// Profile of the end user.
    profile: EndUserProfile,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Time of the last change (ISO 8601).
    updated_at: String,
}

/// Profile of an end user.
#[derive(Object, Serialize)]
struct EndUserProfile {
    /// First name.
    #[oai(nullable)]
    first_name: Option<String>,
    /// Last name.
    #[oai(nullable)]
    last_name: Option<String>,
    /// Display name.
    #[oai(nullable)]
    display_name: Option<String>,
    /// URL of an avatar picture.
    #[oai(nullable)]
    avatar: Option<String>,
    /// E-mail address.
    #[oai(nullable)]
    email: Option<String>,
    /// Language, as a BCP 47 tag of four letters.
    #[oai(nullable)]
    language: Option<String>,
    /// Metadata values by name. Sensitive metadata is never returned.
    metadata: Values,
    /// Properties that Ada's channels set; read-only.
    system_properties: SystemProperties,
}

/// Properties that Ada's channels set.
#[derive(Object, Serialize)]
#[oai(rename = "EndUserSystemProperties")]
struct SystemProperties {
    /// User ID in Sunshine Conversations.
    #[oai(nullable)]
    sunshine_user_id: Option<String>,
}

impl From<DomainEndUser> for EndUser {
    fn from(end_user: DomainEndUser) -> Self {
        let profile = end_user.profile;
        let sunshine_user_id = profile.system_properties.get("sunshine_user_id");
        Self {
            end_user_id: end_user.id.into(),
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
            created_at: format_time(end_user.created_at),
            updated_at: format_time(end_user.updated_at),
        }
    }
}

/// Renders an end user for webhooks.
///
/// # Errors
/// None; an end user can always be written.
pub fn render_end_user(end_user: &DomainEndUser) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&EndUser::from(end_user.clone()))
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
                metadata: Values::from_object(&json!({"plan": "pro", "seats": 3, "trial": false})),
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
#[derive(Object, Serialize)]
#[oai(example)]
pub struct EndUsers {
    /// The end users, oldest first.
    pub data: Vec<EndUser>,
    /// Link to the next page.
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

/// A page of end users or, for a request with `external_id`, one end user.
#[derive(Union, Serialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum EndUsersOrOne {
    Page(EndUsers),
    One(Box<EndUser>),
}

/// Changes of an end user's profile.
#[derive(Object, Default)]
#[oai(rename = "EndUserProfileRequest")]
struct ProfileRequest {
    /// First name.
    #[oai(nullable)]
    first_name: MaybeUndefined<String>,
    /// Last name.
    #[oai(nullable)]
    last_name: MaybeUndefined<String>,
    /// Display name.
    #[oai(nullable)]
    display_name: MaybeUndefined<String>,
    /// URL of an avatar picture.
    #[oai(nullable)]
    avatar: MaybeUndefined<String>,
    /// E-mail address.
    #[oai(nullable)]
    email: MaybeUndefined<String>,
    /// Language, as a BCP 47 tag of four letters.
    #[oai(nullable)]
    language: MaybeUndefined<String>,
    /// Metadata values by name, at most 10 KB in total. They are merged into the stored values. A null value
    /// removes that name; null instead of the object removes all.
    #[oai(nullable)]
    metadata: MaybeUndefined<ValuesPatch>,
    /// Values that are stored encrypted, never returned, and deleted after 24 hours. Null removes all.
    #[oai(nullable)]
    sensitive_metadata: MaybeUndefined<SensitiveMetadata>,
    // wire: Ada says only that they are read-only (ada.md §3.3)
    /// Read-only: values other than the stored ones are rejected.
    #[oai(nullable)]
    system_properties: MaybeUndefined<JsonObject>,
}

/// Values that are stored encrypted, never returned, and deleted after 24 hours.
#[derive(Object)]
struct SensitiveMetadata {
    /// At most 20 values by name; null removes one. Names consist of letters, digits, `_` and `-`.
    fields: SensitiveValues,
}

impl From<ProfileRequest> for ProfileChanges {
    fn from(profile: ProfileRequest) -> Self {
        Self {
            first_name: to_patch(profile.first_name),
            last_name: to_patch(profile.last_name),
            display_name: to_patch(profile.display_name),
            avatar: to_patch(profile.avatar),
            email: to_patch(profile.email),
            language: to_patch(profile.language),
            metadata: to_patch(profile.metadata.map_value(|values| values.0)),
            sensitive_metadata: to_patch(
                profile
                    .sensitive_metadata
                    .map_value(|sensitive| sensitive.fields.0),
            ),
            system_properties: into_object(profile.system_properties),
        }
    }
}

/// A new end user.
#[derive(Object, Default)]
#[oai(example)]
pub struct CreateEndUserRequest {
    /// Your own key for the end user: 1 to 36 characters without `<` and `>`. It is unique within the AI
    /// agent; case is ignored.
    #[oai(nullable, validator(min_length = 1, max_length = 36))]
    external_id: Option<String>,
    /// Profile of the end user.
    profile: Option<ProfileRequest>,
}

impl From<CreateEndUserRequest> for NewEndUser {
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
                metadata: MaybeUndefined::Value(ValuesPatch::from_object(&json!({"plan": "free"}))),
                ..ProfileRequest::default()
            }),
        }
    }
}

/// Changes of an end user.
#[derive(Object)]
#[oai(example)]
pub struct EndUserRequest {
    /// New key of your own for the end user; null removes the key.
    #[oai(nullable, validator(min_length = 1, max_length = 36))]
    external_id: MaybeUndefined<String>,
    /// Changes of the profile. Omitted fields keep their values.
    profile: ProfileRequest,
}

impl From<EndUserRequest> for EndUserChanges {
    fn from(request: EndUserRequest) -> Self {
        Self {
            external_id: to_patch(request.external_id),
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
                metadata: MaybeUndefined::Value(ValuesPatch::from_object(&json!({
                    "plan": "enterprise", "trial": null,
                }))),
                sensitive_metadata: MaybeUndefined::Value(SensitiveMetadata {
                    fields: SensitiveValues::from_object(&json!({"session_token": "s-5f0e"})),
                }),
                ..ProfileRequest::default()
            },
        }
    }
}

/// Changes of an end user's profile, version 1.
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
    /// Metadata values by name. They are merged into the stored values. A null value removes that name; null
    /// instead of the object removes all.
    #[oai(nullable)]
    metadata: MaybeUndefined<ValuesPatch>,
    /// Read-only: values other than the stored ones are rejected.
    #[oai(nullable)]
    system_properties: MaybeUndefined<JsonObject>,
}

/// Changes of an end user, version 1.
#[derive(Object)]
#[oai(example, rename = "EndUserRequest")]
pub struct EndUserRequestV1 {
    /// Changes of the profile. Omitted fields keep their values.
    profile: ProfileRequestV1,
}

impl From<EndUserRequestV1> for EndUserChanges {
    fn from(request: EndUserRequestV1) -> Self {
        let profile = request.profile;
        Self {
            profile: ProfileChanges {
                first_name: to_patch(profile.first_name),
                last_name: to_patch(profile.last_name),
                email: to_patch(profile.email),
                language: to_patch(profile.language),
                metadata: to_patch(profile.metadata.map_value(|values| values.0)),
                system_properties: into_object(profile.system_properties),
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
                metadata: MaybeUndefined::Value(ValuesPatch::from_object(&json!({
                    "plan": "enterprise", "trial": null,
                }))),
                ..ProfileRequestV1::default()
            },
        }
    }
}

fn to_patch<T>(given: MaybeUndefined<T>) -> Patch<T> {
    match given {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(value),
    }
}

fn into_object(given: MaybeUndefined<JsonObject>) -> Option<Map<String, Value>> {
    match given {
        MaybeUndefined::Undefined | MaybeUndefined::Null => None,
        MaybeUndefined::Value(given) => Some(given.0),
    }
}
