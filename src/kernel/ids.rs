//! Identifiers. Each kind has its own type, so that the compiler rejects a mix-up.
//!
//! An identifier has the format of the dialect that creates the row; all other code treats it as opaque text.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timestamp;

/// Maximum length of the slug in an identifier, in bytes.
const MAX_SLUG_BYTES: usize = 64;

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Creates a random UUID, in lower case with hyphens.
            #[must_use]
            pub fn new_uuid() -> Self {
                Self(Uuid::new_v4().to_string())
            }

            /// Creates a UUID that sorts by creation time (version 7). Use it for rows that are inserted
            /// often: they are adjacent in the index, so that a commit writes few pages.
            #[must_use]
            pub fn new_ordered_uuid(now: Timestamp) -> Self {
                let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
                let id = uuid::Builder::from_unix_timestamp_millis(millis, &rand::random());
                Self(id.into_uuid().to_string())
            }

            /// Creates an identifier of 24 hexadecimal digits in Ada's format: 4 bytes of time and 8 random bytes.
            #[must_use]
            pub fn new_hex24(now: Timestamp) -> Self {
                let seconds = u32::try_from(now.as_seconds()).unwrap_or_default();
                Self(format!("{seconds:08x}{:016x}", rand::random::<u64>()))
            }

            /// The text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

id_types! {
    /// A workspace: the tenant. Botpress workspace, Ada organisation, Aloochat company.
    WorkspaceId;
    /// An account: a person who can be a member of workspaces.
    AccountId;
    /// A membership of an account in a workspace.
    MemberId;
    /// An invoice for a month of a workspace.
    InvoiceId;
    /// An agent: Botpress bot, Ada AI agent, Aloochat agent.
    AgentId;
    /// An API key of any kind. Not the key's value.
    ApiKeyId;
    /// An issue of a Botpress bot.
    IssueId;
    /// One occurrence of an issue of a Botpress bot.
    IssueEventId;
    /// A version of a Botpress integration.
    IntegrationId;
    /// A version of an interface or a plugin of Botpress.
    PackageId;
    /// A conversation of an agent with end users.
    ConversationId;
    /// A message in a conversation.
    MessageId;
    /// An event in the form that bots receive.
    EventId;
    /// A state: data that a bot or an integration stores for a conversation, a user, a bot or itself.
    StateId;
    /// A workflow of a bot.
    WorkflowId;
    /// A task of a bot.
    TaskId;
    /// A change of the status of a task.
    TaskActivityId;
    /// A file of a bot.
    FileId;
    /// A passage of an indexed file.
    PassageId;
    /// A knowledge base of a bot: `kb-` and a UUID.
    KnowledgeBaseId;
    /// A message to webhook endpoints: `msg_` and 27 letters and digits.
    WebhookMessageId;
    /// An end user of an agent: Ada end user, Botpress user.
    EndUserId;
    /// A bulk deletion of end users.
    EndUserDeletionId;
    /// A webhook endpoint: `ep_` and 27 letters and digits.
    WebhookEndpointId;
    /// An attempt to deliver a webhook message: `atmpt_`, the time, and random letters and digits.
    WebhookAttemptId;
    /// A workspace's configured connection to an outside service (Aloochat integration).
    ServiceIntegrationId;
    /// A definition of an integration that agents can install (Ada platform integration).
    PlatformIntegrationId;
    /// An installation of a platform integration.
    InstallationId;
    /// A connector: the slug of its first name, `-` and 6 lower-case letters or digits.
    ConnectorId;
    /// A user's authorization for a connector to read on the user's behalf.
    ConnectorAuthorizationId;
    /// An entry in the log of a connector.
    ConnectorLogId;
}

impl WebhookMessageId {
    /// Creates an identifier in Svix's format: `msg_` and 27 letters and digits, no dot. It begins with the
    /// creation time, so that a lookup by id can find the message by its time.
    #[must_use]
    pub fn new_message(now: Timestamp) -> Self {
        Self(new_time_ordered_id("msg_", now))
    }

    /// Returns the earliest and the latest possible creation time. Both are equal if the identifier contains
    /// its time; older identifiers do not, and times outside the encodable range do not either.
    #[must_use]
    pub fn creation_time_range(&self) -> [Timestamp; 2] {
        let number = |digits: Option<&str>| i64::from_str_radix(digits?, 16).ok();
        let digits = self.0.strip_prefix("msg_").unwrap_or_default();
        let (seconds, micros) = (number(digits.get(..8)), number(digits.get(8..13)));
        match (seconds, micros) {
            (Some(seconds), Some(micros @ 0..1_000_000))
                if ENCODABLE_SECONDS.contains(&seconds) =>
            {
                [Timestamp::from_micros(seconds * 1_000_000 + micros); 2]
            }
            _ => [i64::MIN, i64::MAX].map(Timestamp::from_micros),
        }
    }
}

impl WebhookEndpointId {
    /// Creates an identifier in Svix's format.
    #[must_use]
    pub fn new_endpoint() -> Self {
        Self(format!("ep_{}", random_alphanumeric(27)))
    }
}

impl KnowledgeBaseId {
    /// Creates an identifier.
    #[must_use]
    pub fn new_knowledge_base() -> Self {
        Self(format!("kb-{}", Uuid::new_v4()))
    }
}

impl WebhookAttemptId {
    /// Creates an identifier in Svix's format that sorts by creation time. Inserts into the index of a large
    /// table therefore go to its end and dirty few pages.
    #[must_use]
    pub fn new_attempt(now: Timestamp) -> Self {
        Self(new_time_ordered_id("atmpt_", now))
    }
}

/// Creates the prefix and 27 letters and digits: seconds and microseconds in hexadecimal digits, and 14 random ones.
fn new_time_ordered_id(prefix: &str, now: Timestamp) -> String {
    let micros = now.as_micros().rem_euclid(1_000_000);
    let random = random_alphanumeric(14);
    format!("{prefix}{:08x}{micros:05x}{random}", clamp_seconds(now))
}

/// The seconds that eight hexadecimal digits can encode. The values next to the range stand for all times
/// outside of it.
const ENCODABLE_SECONDS: std::ops::Range<i64> = 1..u32::MAX as i64;

/// Returns the seconds of a time, clamped so that eight hexadecimal digits can hold them. The order of times is kept.
fn clamp_seconds(now: Timestamp) -> i64 {
    now.as_seconds()
        .clamp(ENCODABLE_SECONDS.start - 1, ENCODABLE_SECONDS.end)
}

impl ConnectorId {
    /// Creates an identifier in Cohere's format: `example-connector-kh3g8q`.
    #[must_use]
    pub fn new_slugged(name: &str) -> Self {
        let slug = slug::slugify(name);
        // The slug is ASCII, so every index is a character boundary.
        let slug = slug[..slug.len().min(MAX_SLUG_BYTES)].trim_end_matches('-');
        let slug = if slug.is_empty() { "connector" } else { slug };
        Self(format!("{slug}-{}", random_base36(6)))
    }
}

/// Generates random lower-case letters and digits.
fn random_base36(count: usize) -> String {
    use rand::RngExt;
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rng = rand::rng();
    (0..count)
        .map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())]))
        .collect()
}

/// Generates random letters and digits.
#[must_use]
pub fn random_alphanumeric(count: usize) -> String {
    use rand::{RngExt, distr::Alphanumeric};
    let random = rand::rng().sample_iter(Alphanumeric).take(count);
    random.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_of_messages_tell_their_time_and_are_in_its_order(a in 0..4_000_000_000_000_000_i64, b in any::<i64>()) {
            // Times that are near each other, and arbitrary ones.
            for (one, other) in [(a, a + b % 2_000_000), (a, b), (b, b.saturating_add(a))] {
                let (one, other) = (one.min(other), one.max(other));
                let [one, other] = [one, other].map(Timestamp::from_micros);
                let [first, second] = [one, other].map(WebhookMessageId::new_message);
                prop_assert_eq!(first.as_str().len(), "msg_".len() + 27);
                let in_range = |time: &Timestamp| ENCODABLE_SECONDS.contains(&time.as_seconds());
                if in_range(&one) && in_range(&other) && one < other {
                    prop_assert!(first.as_str() < second.as_str());
                }
                for (id, made) in [(first, one), (second, other)] {
                    let [earliest, latest] = id.creation_time_range();
                    prop_assert!((earliest..=latest).contains(&made));
                    prop_assert_eq!(earliest == latest, in_range(&made));
                }
            }
        }
    }
}
