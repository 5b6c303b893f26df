//! Messages as rows. An integration sees those of the conversations that go through it.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Message;
use crate::{
    domain::{access::Call, declared::Voice, tags::Tags},
    kernel::{
        Error, Result,
        ids::{EndUserId, MessageId},
    },
};

/// The message with this id of the call's bot.
///
/// # Errors
/// `NotFound`, also for one of another integration; those of the store.
pub fn find(call: &Call, id: &MessageId) -> Result<Message> {
    let voice = Voice::of(call)?;
    call.domain()
        .store()
        .read(|conn| existing(conn, &voice, id))
}

/// The columns that [`from_row`] reads, in its order; `:bot` is the bot's id.
pub(in crate::domain) const COLUMNS: &str = "messages.seq, messages.id, conversations.id, \
    coalesce(end_users.id, :bot), messages.incoming, messages.type, messages.payload, \
    messages.tags, messages.created_at";

/// The tables that the columns come from, beside the messages.
pub(in crate::domain) const JOINS: &str = "JOIN conversations \
    ON conversations.seq = messages.conversation_seq \
    LEFT JOIN end_users ON end_users.seq = messages.user_seq";

/// The message with this id that the caller sees.
pub(in crate::domain) fn existing(
    conn: &Connection,
    voice: &Voice,
    id: &MessageId,
) -> Result<Message> {
    let found = read(conn, voice, id)?;
    found.ok_or_else(|| Error::not_found(format!("There is no message {id}")))
}

/// The message with this id, if the caller sees one.
pub(in crate::domain) fn read(
    conn: &Connection,
    voice: &Voice,
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

/// The first message that has exactly these tags and is alike otherwise.
pub(super) fn alike(
    conn: &Connection,
    voice: &Voice,
    conversation_seq: i64,
    user_seq: Option<i64>,
    kind: &str,
    tags: &Tags,
) -> Result<Option<Message>> {
    // Most messages have no tags, so that the index of tags has none of those.
    let by_tags = match tags.iter().next() {
        Some(_) => "messages.tags = :tags AND messages.tags <> '{}'",
        None => "messages.tags = :tags",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages {JOINS} \
         WHERE messages.conversation_seq = :conversation AND {by_tags} \
           AND messages.user_seq IS :user AND messages.type = :kind \
         ORDER BY messages.seq LIMIT 1"
    );
    let parameters = named_params! {
        ":conversation": conversation_seq,
        ":tags": tags.canonical(),
        ":user": user_seq,
        ":kind": kind,
        ":bot": voice.bot().id,
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
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
