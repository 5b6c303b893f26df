//! How the domain's own types are stored.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::kernel::ids::{
    AccountId, AgentId, ApiKeyId, ConversationId, EndUserDeletionId, EndUserId, EventId, FileId,
    InstallationId, IntegrationId, IssueEventId, IssueId, MessageId, PlatformIntegrationId,
    ServiceIntegrationId, StateId, WebhookAttemptId, WebhookEndpointId, WebhookMessageId,
    WorkspaceId,
};

macro_rules! stored_as_text {
    ($($id:ty),+ $(,)?) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().map(Self::from)
            }
        }
    )+};
}

stored_as_text!(
    AccountId,
    AgentId,
    ApiKeyId,
    ConversationId,
    EndUserDeletionId,
    EndUserId,
    EventId,
    FileId,
    InstallationId,
    IntegrationId,
    IssueEventId,
    IssueId,
    MessageId,
    PlatformIntegrationId,
    ServiceIntegrationId,
    StateId,
    WebhookAttemptId,
    WebhookEndpointId,
    WebhookMessageId,
    WorkspaceId,
);

/// Defines a closed list of words that are stored, shown and read as text.
macro_rules! text_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every member, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The member with this word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("unknown {}: {text}", stringify!($name)))
                })
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                let text = value.as_str()?;
                Self::parse(text).ok_or_else(|| {
                    let unknown = format!("unknown {}: {text}", stringify!($name));
                    rusqlite::types::FromSqlError::Other(unknown.into())
                })
            }
        }
    };
}

pub(super) use text_enum;
