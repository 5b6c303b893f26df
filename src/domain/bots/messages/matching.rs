//! Finds the message that get-or-create returns.

use rusqlite::{Connection, OptionalExtension, ToSql};

use super::{
    COLUMNS, JOINS, Message, from_row,
    index::{IndexSnapshot, IndexWriteBatch},
    merge::to_json_array,
};
use crate::{
    domain::bots::{author::Author, tag_match::TagMatch, tags::TagTable},
    kernel::Result,
};

/// The key of get-or-create. A message matches by the named tags alone, or, if the caller named none, by user, type and
/// exactly these tags.
// wire: named tags identify the message, so user and type may differ (botpress-today.md §5)
pub(super) struct MessageMatch<'a> {
    pub(super) author: &'a Author,
    pub(super) conversation_seq: i64,
    pub(super) integration: &'a str,
    pub(super) user_seq: Option<i64>,
    pub(super) kind: &'a str,
    pub(super) wanted: &'a TagMatch,
}

/// A tag identifies messages if fewer than this have it. Also the number of candidates that one statement reads.
const MAX_CANDIDATES: usize = 100;

/// Messages among which a match is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Those of the integration in all its conversations.
    Integration,
    /// Those of the conversation: without a tag that identifies the message, equal messages of other conversations are
    /// different ones.
    Conversation,
}

impl MessageMatch<'_> {
    /// Returns the memtables' candidates for a match, oldest first.
    pub(super) fn find_candidates(&self, index: &IndexSnapshot) -> Vec<i64> {
        let agent_seq = self.author.bot().seq;
        self.few_or_all(
            |name, value| {
                let found = index.find_by_tag(agent_seq, name, value, i64::MAX);
                found.into_rows().take(MAX_CANDIDATES).collect()
            },
            || {
                let found = index.find_by_conversation(self.conversation_seq, i64::MAX);
                found.into_rows().collect()
            },
        )
    }

    /// Returns the candidates that a change sees in memory, oldest first.
    pub(super) fn find_candidates_in_batch(&self, unindexed: &IndexWriteBatch) -> Vec<i64> {
        let agent_seq = self.author.bot().seq;
        self.few_or_all(
            |name, value| unindexed.find_by_tag(agent_seq, name, value),
            || unindexed.find_by_conversation(self.conversation_seq),
        )
    }

    /// Returns the messages with the first tag that few messages have, else those of the conversation, oldest first.
    fn few_or_all(
        &self,
        by_tag: impl Fn(&str, &str) -> Vec<i64>,
        of_conversation: impl FnOnce() -> Vec<i64>,
    ) -> Vec<i64> {
        let mut tagged = self
            .wanted
            .tags()
            .iter()
            .map(|(name, value)| by_tag(name, value));
        let few = tagged.find(|found| found.len() < MAX_CANDIDATES);
        let mut found = few.unwrap_or_else(of_conversation);
        found.sort_unstable();
        found
    }

    /// Finds the oldest matching message, one of the conversation before all others. `unindexed`: candidates that may
    /// not be in the index tables yet.
    pub(super) fn find(&self, conn: &Connection, unindexed: &[i64]) -> Result<Option<Message>> {
        let agent_seq = self.author.bot().seq;
        let rarest = self
            .wanted
            .find_rarest(conn, TagTable::Message, agent_seq, MAX_CANDIDATES)?;
        let (scope, of_file) = match rarest.filter(|(.., count)| *count < MAX_CANDIDATES) {
            Some((name, value, _)) => {
                let found = self.find_first(
                    conn,
                    Scope::Integration,
                    (
                        "message_tags AS found CROSS JOIN messages ON messages.seq = found.of_seq \
                         AND found.agent_seq = :agent_seq AND found.name = :name \
                         AND found.value = :value",
                        "found.of_seq",
                    ),
                    &[(":name", &name), (":value", &value)],
                );
                (Scope::Integration, found)
            }
            None => {
                let found = self.find_first(
                    conn,
                    Scope::Conversation,
                    (
                        "messages_of_conversation AS found \
                         CROSS JOIN messages ON messages.seq = found.seq \
                         AND found.conversation_seq = :conversation",
                        "found.seq",
                    ),
                    &[],
                );
                (Scope::Conversation, found)
            }
        };
        let mut first = of_file?;
        for some in unindexed.chunks(MAX_CANDIDATES) {
            let found = to_json_array(some.iter().copied());
            let of_memory = self.find_first(
                conn,
                scope,
                (
                    "json_each(:found) AS found CROSS JOIN messages ON messages.seq = found.value",
                    "found.value",
                ),
                &[(":found", &found)],
            )?;
            // Later chunks have newer messages.
            let is_oldest = of_memory.as_ref().is_some_and(|(_, is_other)| !is_other);
            first = match (first, of_memory) {
                (Some((of_file, file_is_other)), Some((of_memory, is_other))) => {
                    let file_key = (file_is_other, of_file.seq);
                    Some(match file_key <= (is_other, of_memory.seq) {
                        true => (of_file, file_is_other),
                        false => (of_memory, is_other),
                    })
                }
                (one, other) => one.or(other),
            };
            if is_oldest {
                break;
            }
        }
        Ok(first.map(|(message, _)| message))
    }

    /// Finds the first match, and true if it is in another conversation.
    fn find_first(
        &self,
        conn: &Connection,
        scope: Scope,
        (from, order): (&str, &str),
        parameters: &[(&str, &dyn ToSql)],
    ) -> Result<Option<(Message, bool)>> {
        let agent_seq = self.author.bot().seq;
        let tags = self.wanted.tags().to_canonical_json();
        let mut all: Vec<(&str, &dyn ToSql)> = parameters.to_vec();
        all.push((":conversation", &self.conversation_seq));
        all.push((":tags", &tags));
        all.push((":bot", &self.author.bot().id));
        let scope = match scope {
            Scope::Conversation => "messages.conversation_seq = :conversation",
            Scope::Integration => {
                all.push((":agent_seq", &agent_seq));
                all.push((":integration", &self.integration));
                "messages.agent_seq = :agent_seq AND conversations.integration = :integration"
            }
        };
        let of_user = match self.wanted.is_whole() {
            true => {
                all.push((":user", &self.user_seq));
                all.push((":kind", &self.kind));
                " AND messages.user_seq IS :user AND messages.type = :kind"
            }
            false => "",
        };
        let sql = format!(
            "SELECT {COLUMNS}, messages.conversation_seq <> :conversation AS is_other \
             FROM {from} {JOINS} WHERE {scope} AND {}{of_user} ORDER BY is_other, {order} LIMIT 1",
            self.wanted.condition_sql("messages.tags")
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let found = statement.query_row(all.as_slice(), |row| {
            Ok((from_row(row)?, row.get("is_other")?))
        });
        Ok(found.optional()?)
    }
}
