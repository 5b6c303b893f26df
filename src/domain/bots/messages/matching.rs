//! Finds the message that get-or-create returns.

use rusqlite::{Connection, OptionalExtension, ToSql, named_params};

use super::{
    COLUMNS, JOINS, Message, from_row,
    index::{IndexSnapshot, IndexWriteBatch},
    merge::to_json_array,
};
use crate::{
    domain::bots::{author::Author, tags::Tags},
    kernel::Result,
};

/// The key of get-or-create: a message matches if all of these are equal, with exactly these tags.
pub(super) struct MessageMatch<'a> {
    pub(super) voice: &'a Author,
    pub(super) conversation_seq: i64,
    pub(super) user_seq: Option<i64>,
    pub(super) kind: &'a str,
    pub(super) tags: &'a Tags,
}

/// A tag is selective if fewer messages than this have it. Also the number of candidates that one statement
/// reads.
const MAX_CANDIDATES: usize = 100;

const COUNT_WITH_TAG: &str = "
    SELECT count(*) FROM (
        SELECT 1 FROM message_tags
        WHERE agent_seq = :agent_seq AND name = :name AND value = :value LIMIT :limit)";

impl MessageMatch<'_> {
    /// Returns the memtables' candidates for a match, oldest first.
    pub(super) fn find_candidates(&self, index: &IndexSnapshot) -> Vec<i64> {
        let tagged = self.tags.iter().next().map(|(name, value)| {
            let found = index.find_by_tag(self.voice.bot().seq, name, value, i64::MAX);
            found.into_rows().take(MAX_CANDIDATES).collect()
        });
        let in_conversation = || {
            let found = index.find_by_conversation(self.conversation_seq, i64::MAX);
            found.into_rows().collect()
        };
        few_or_else(tagged, in_conversation)
    }

    /// Returns the candidates that a change sees in memory, oldest first.
    pub(super) fn find_candidates_in_batch(&self, unindexed: &IndexWriteBatch) -> Vec<i64> {
        let tagged = self.tags.iter().next();
        let tagged =
            tagged.map(|(name, value)| unindexed.find_by_tag(self.voice.bot().seq, name, value));
        few_or_else(tagged, || {
            unindexed.find_by_conversation(self.conversation_seq)
        })
    }

    /// Finds the oldest matching message. `unindexed`: candidates that may not be in the index tables yet.
    pub(super) fn find(&self, conn: &Connection, unindexed: &[i64]) -> Result<Option<Message>> {
        let conversation = (":conversation", &self.conversation_seq as &dyn ToSql);
        let of_file = match self.find_rare_tag(conn)? {
            Some((name, value)) => self.find_first(
                conn,
                "message_tags AS found CROSS JOIN messages ON messages.seq = found.of_seq \
                 AND found.agent_seq = :agent_seq AND found.name = :name AND found.value = :value",
                "found.of_seq",
                &[
                    conversation,
                    (":agent_seq", &self.voice.bot().seq),
                    (":name", &name),
                    (":value", &value),
                ],
            ),
            None => self.find_first(
                conn,
                "messages_of_conversation AS found CROSS JOIN messages ON messages.seq = found.seq \
                 AND found.conversation_seq = :conversation",
                "found.seq",
                &[conversation],
            ),
        }?;
        for some in unindexed.chunks(MAX_CANDIDATES) {
            let found = to_json_array(some.iter().copied());
            let of_memory = self.find_first(
                conn,
                "json_each(:found) AS found CROSS JOIN messages ON messages.seq = found.value",
                "found.value",
                &[conversation, (":found", &found)],
            )?;
            if let Some(of_memory) = of_memory {
                let both = of_file.into_iter().chain([of_memory]);
                return Ok(both.min_by_key(|message| message.seq));
            }
        }
        Ok(of_file)
    }

    /// Returns a tag of the key that few messages of the bot have, if there is one. Every match has this tag.
    fn find_rare_tag(&self, conn: &Connection) -> Result<Option<(&str, &str)>> {
        for (name, value) in self.tags.iter() {
            let parameters = named_params! {
                ":agent_seq": self.voice.bot().seq,
                ":name": name,
                ":value": value,
                ":limit": MAX_CANDIDATES as i64,
            };
            let mut count = conn.prepare_cached(COUNT_WITH_TAG)?;
            let count: i64 = count.query_row(parameters, |row| row.get(0))?;
            if count < MAX_CANDIDATES as i64 {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    fn find_first(
        &self,
        conn: &Connection,
        from: &str,
        order: &str,
        parameters: &[(&str, &dyn ToSql)],
    ) -> Result<Option<Message>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM {from} {JOINS} \
             WHERE messages.conversation_seq = :conversation AND messages.tags = :tags \
               AND messages.user_seq IS :user AND messages.type = :kind \
             ORDER BY {order} LIMIT 1"
        );
        let tags = self.tags.to_canonical_json();
        let others: [(&str, &dyn ToSql); 4] = [
            (":tags", &tags),
            (":user", &self.user_seq),
            (":kind", &self.kind),
            (":bot", &self.voice.bot().id),
        ];
        let parameters = [parameters, &others].concat();
        let found = conn
            .prepare_cached(&sql)?
            .query_row(parameters.as_slice(), from_row);
        Ok(found.optional()?)
    }
}

/// Returns `these` if they are few, else `others`, oldest first.
fn few_or_else(these: Option<Vec<i64>>, others: impl FnOnce() -> Vec<i64>) -> Vec<i64> {
    let mut found = these
        .filter(|found| found.len() < MAX_CANDIDATES)
        .unwrap_or_else(others);
    found.sort_unstable();
    found
}
