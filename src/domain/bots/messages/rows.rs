//! Reads messages from their rows. An integration sees the messages of its own conversations.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Message;
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
    let author = Author::from_call(call)?;
    call.app()
        .store()
        .read(|conn| load_visible(conn, &author, id))
}

/// Columns that [`from_row`] reads, in this order; `:bot` is the bot's id.
pub(in crate::domain) const COLUMNS: &str = "messages.seq, messages.id, conversations.id, \
    coalesce(end_users.id, :bot), messages.incoming, messages.type, messages.payload, \
    messages.tags, messages.created_at, messages.origin, \
    coalesce(messages.updated_at, messages.created_at)";

/// Joins for the columns of other tables.
pub(in crate::domain) const JOINS: &str = "JOIN conversations \
    ON conversations.seq = messages.conversation_seq \
    LEFT JOIN end_users ON end_users.seq = messages.user_seq";

/// Returns the message with this id if the caller can see it, or `NotFound`.
pub(in crate::domain) fn load_visible(
    conn: &Connection,
    author: &Author,
    id: &MessageId,
) -> Result<Message> {
    let found = find_visible(conn, author, id)?;
    found.ok_or_else(|| Error::not_found(format!("Message \"{id}\" not found")))
}

/// Finds the message with this id if the caller can see it.
pub(in crate::domain) fn find_visible(
    conn: &Connection,
    author: &Author,
    id: &MessageId,
) -> Result<Option<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages {JOINS} \
         WHERE messages.id = :id AND messages.agent_seq = :agent_seq \
           AND (:integration IS NULL OR conversations.integration = :integration)"
    );
    let integration = author.integration().map(|own| own.name.as_str());
    let parameters = named_params! {
        ":id": id,
        ":agent_seq": author.bot().seq,
        ":bot": author.bot().id,
        ":integration": integration,
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
        origin: row.get(9)?,
        updated_at: row.get(10)?,
    })
}
