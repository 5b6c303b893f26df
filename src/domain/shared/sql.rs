//! SQL representation of the domain's types, and savepoints for writes of which some may fail.

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
        IntegrationId, InvoiceId, IssueEventId, IssueId, KnowledgeBaseId, MemberId, MessageId,
        PackageId, PassageId, PlatformIntegrationId, ServiceIntegrationId, StateId, TaskActivityId,
        TaskId, WebhookAttemptId, WebhookEndpointId, WebhookMessageId, WorkflowId, WorkspaceId,
    },
};

/// Reads a column that contains a JSON list of enum values.
pub(in crate::domain) fn read_enum_list<T>(
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

/// Reads a column that contains a JSON object. A value that cannot be read becomes an object with the error, so that
/// it does not make the other rows of a list unreadable. Only for data that is never updated.
pub(in crate::domain) fn read_object_or_error(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Map<String, Value>> {
    let why = match serde_json::from_str(row.get_ref(column)?.as_str()?) {
        Ok(Value::Object(members)) => return Ok(members),
        Ok(_) => "it is not an object".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::error!(why, "a value in the database cannot be read");
    Ok(Map::from_iter([("unreadable".to_owned(), why.into())]))
}

/// Reads a column that contains a JSON array of strings.
pub(in crate::domain) fn read_string_array(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<Vec<String>> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// Calls `write` for each of `things` in the transaction of a write. A failure is rolled back and logged, and does not
/// affect the others. `write` may run twice for one element, the second time after everything of the first time is
/// rolled back.
///
/// # Errors
/// Errors that end the whole transaction.
pub(in crate::domain) fn write_each_in_savepoint<T, R>(
    conn: &Connection,
    things: &[T],
    mut write: impl FnMut(&T) -> Result<R>,
) -> Result<Vec<Option<R>>> {
    // Failures are rare, so one savepoint for all is tried first.
    let all = with_savepoint(conn, || {
        things.iter().map(&mut write).collect::<Result<Vec<R>>>()
    })?;
    if let Ok(done) = all {
        return Ok(done.into_iter().map(Some).collect());
    }
    let each = things
        .iter()
        .map(|thing| write_in_savepoint(conn, || write(thing)));
    each.collect()
}

/// Calls `write` in the transaction of a write. A failure is rolled back and logged, and does not affect the rest of
/// the transaction.
///
/// # Errors
/// Errors that end the whole transaction.
pub(in crate::domain) fn write_in_savepoint<R>(
    conn: &Connection,
    write: impl FnOnce() -> Result<R>,
) -> Result<Option<R>> {
    let done = with_savepoint(conn, write)?;
    let done = done.inspect_err(|error| {
        tracing::error!(?error, "one of several writes failed and was rolled back")
    });
    Ok(done.ok())
}

/// Runs `write` in a savepoint, and rolls the savepoint back if it fails.
fn with_savepoint<R>(conn: &Connection, write: impl FnOnce() -> Result<R>) -> Result<Result<R>> {
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
    KnowledgeBaseId,
    MemberId,
    MessageId,
    PackageId,
    PassageId,
    PlatformIntegrationId,
    ServiceIntegrationId,
    StateId,
    TaskActivityId,
    TaskId,
    WebhookAttemptId,
    WebhookEndpointId,
    WebhookMessageId,
    WorkflowId,
    WorkspaceId,
);

/// Defines an enum that is stored, serialized and parsed as text.
macro_rules! text_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All variants, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the text of the variant.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Returns the variant with this text.
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
