//! How the domain's own types are stored, and how several things are written of which one may fail.

use rusqlite::{
    Connection, Row, ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

use serde_json::{Map, Value};

use crate::kernel::{
    Result,
    ids::{
        AccountId, AgentId, ApiKeyId, ConnectorAuthorizationId, ConnectorId, ConnectorLogId,
        ConversationId, EndUserDeletionId, EndUserId, EventId, FileId, InstallationId,
        IntegrationId, InvoiceId, IssueEventId, IssueId, MemberId, MessageId,
        PlatformIntegrationId, ServiceIntegrationId, StateId, WebhookAttemptId, WebhookEndpointId,
        WebhookMessageId, WorkspaceId,
    },
};

/// Reads a column that holds a JSON list of words.
pub(in crate::domain) fn read_words<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<Vec<T>> {
    let words: Value = row.get(column)?;
    let words = words.as_array().into_iter().flatten();
    words
        .map(|word| word.as_str().and_then(&parse))
        .collect::<Option<_>>()
        .ok_or(rusqlite::Error::InvalidQuery)
}

/// The members of a column of JSON. One that cannot be read is shown as such, so that the rows beside it are
/// read: for lists of what is never changed.
pub(in crate::domain) fn shown_object(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Map<String, Value>> {
    let why = match serde_json::from_str(row.get_ref(column)?.as_str()?) {
        Ok(Value::Object(members)) => return Ok(members),
        Ok(_) => "it is no object".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::error!(why, "a value in the database cannot be read");
    Ok(Map::from_iter([("unreadable".to_owned(), why.into())]))
}

/// Does the same with each of several things in the transaction of a change: one that fails leaves nothing
/// behind, is logged, and disturbs no other. It may be called twice for one thing, the second time after
/// all that the first one wrote is undone.
///
/// # Errors
/// Those of a transaction that is lost as a whole.
pub(in crate::domain) fn each_alone<T, R>(
    conn: &Connection,
    things: &[T],
    mut write: impl FnMut(&T) -> Result<R>,
) -> Result<Vec<Option<R>>> {
    // Usually none fails, and one savepoint does.
    let all = alone(conn, || {
        things.iter().map(&mut write).collect::<Result<Vec<R>>>()
    })?;
    if let Ok(done) = all {
        return Ok(done.into_iter().map(Some).collect());
    }
    let each = things.iter().map(|thing| one_alone(conn, || write(thing)));
    each.collect()
}

/// Does one of several things in the transaction of a change: if it fails, it leaves nothing behind, is logged,
/// and disturbs no other.
///
/// # Errors
/// Those of a transaction that is lost as a whole.
pub(in crate::domain) fn one_alone<R>(
    conn: &Connection,
    write: impl FnOnce() -> Result<R>,
) -> Result<Option<R>> {
    let done = alone(conn, write)?;
    let done = done.inspect_err(|error| tracing::error!(?error, "one of many is left out"));
    Ok(done.ok())
}

/// Writes something that is undone if it fails.
fn alone<R>(conn: &Connection, write: impl FnOnce() -> Result<R>) -> Result<Result<R>> {
    let execute = |sql| conn.prepare_cached(sql)?.execute([]);
    execute("SAVEPOINT alone")?;
    let done = write();
    if done.is_err() {
        execute("ROLLBACK TO alone")?;
    }
    execute("RELEASE alone")?;
    Ok(done)
}

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
    ConnectorAuthorizationId,
    ConnectorId,
    ConnectorLogId,
    ConversationId,
    EndUserDeletionId,
    EndUserId,
    EventId,
    FileId,
    InstallationId,
    IntegrationId,
    InvoiceId,
    IssueEventId,
    IssueId,
    MemberId,
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

pub(in crate::domain) use text_enum;
