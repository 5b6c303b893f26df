//! Reads messages from their rows. An integration sees the messages of its own conversations.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{
    Message,
    index::{IndexWriteBatch, MemtableSet},
    merge::to_json_array,
};
use crate::{
    domain::{
        bots::{author::Author, tags::Tags},
        tenancy::request_auth::RequestContext,
    },
    kernel::{
        Error, Result,
        ids::{EndUserId, MessageId},
    },
};

/// Returns the message with this id of the call's bot.
///
/// # Errors
/// `NotFound` if there is none, or if it belongs to another integration than the caller; errors of the store.
pub fn find(call: &RequestContext, id: &MessageId) -> Result<Message> {
    let voice = Author::from_call(call)?;
    call.app()
        .store()
        .read(|conn| load_visible(conn, &voice, id))
}

/// Columns that [`from_row`] reads, in this order; `:bot` is the bot's id.
pub(in crate::domain) const COLUMNS: &str = "messages.seq, messages.id, conversations.id, \
    coalesce(end_users.id, :bot), messages.incoming, messages.type, messages.payload, \
    messages.tags, messages.created_at";

/// Joins for the columns of other tables.
pub(in crate::domain) const JOINS: &str = "JOIN conversations \
    ON conversations.seq = messages.conversation_seq \
    LEFT JOIN end_users ON end_users.seq = messages.user_seq";

/// Returns the message with this id if the caller can see it, or `NotFound`.
pub(in crate::domain) fn load_visible(
    conn: &Connection,
    voice: &Author,
    id: &MessageId,
) -> Result<Message> {
    let found = find_visible(conn, voice, id)?;
    found.ok_or_else(|| Error::not_found(format!("Message \"{id}\" not found")))
}

/// Finds the message with this id if the caller can see it.
pub(in crate::domain) fn find_visible(
    conn: &Connection,
    voice: &Author,
    id: &MessageId,
) -> Result<Option<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages {JOINS} \
         WHERE messages.id = :id AND messages.agent_seq = :agent_seq \
           AND (:integration IS NULL OR conversations.integration = :integration)"
    );
    let integration = voice.integration().map(|own| own.name.as_str());
    let parameters = named_params! {
        ":id": id,
        ":agent_seq": voice.bot().seq,
        ":bot": voice.bot().id,
        ":integration": integration,
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

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
    pub(super) fn find_candidates(&self, recent: &MemtableSet) -> Vec<i64> {
        let tagged = self.tags.iter().next().map(|(name, value)| {
            let found = recent.find_by_tag(self.voice.bot().seq, name, value, i64::MAX);
            found.into_iter().flatten().take(MAX_CANDIDATES).collect()
        });
        let in_conversation = || {
            let found = recent.find_by_conversation(self.conversation_seq, i64::MAX);
            found.into_iter().flatten().collect()
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

pub(in crate::domain) fn from_row(row: &Row<'_>) -> rusqlite::Result<Message> {
    let tags = row.get_ref(7)?.as_str()?;
    let user_id: EndUserId = row.get(3)?;
    Ok(Message {
        seq: row.get(0)?,
        id: row.get(1)?,
        conversation_id: row.get(2)?,
        user_id,
        incoming: row.get(4)?,
        kind: row.get(5)?,
        payload: row.get(6)?,
        tags: Tags::parse(tags)?,
        created_at: row.get(8)?,
    })
}
