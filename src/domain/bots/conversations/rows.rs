//! Reads conversations from their rows. An integration sees its own conversations, a bot sees all of its own.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Conversation;
use crate::{
    domain::{
        bots::{
            author::Author,
            installations::alias_sql,
            tag_match::{MAX_CANDIDATES, TagMatch},
            tags::{TagTable, Tags},
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Result, ids::ConversationId},
};

/// Returns the conversation with this id of the call's bot.
///
/// # Errors
/// `NotFound` if there is none, or if it belongs to another integration than the caller; errors of the store.
pub fn find(call: &RequestContext, id: &ConversationId) -> Result<Conversation> {
    let author = Author::from_call(call)?;
    call.app()
        .store()
        .read(|conn| load_visible(conn, &author, id))
}

/// Columns that [`from_row`] reads, in this order.
// wire: nothing says when a workflow is the current one (botpress-today.md §4.2)
pub(super) static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "conversations.seq, conversations.id, conversations.integration, conversations.channel, \
         conversations.tags, conversations.bot_participates, conversations.created_at, \
         conversations.updated_at, {}, \
         (SELECT workflows.id FROM workflows INDEXED BY workflows_current \
          WHERE workflows.conversation_seq = conversations.seq \
            AND workflows.status IN ('in_progress', 'listening') \
          ORDER BY workflows.seq DESC LIMIT 1), \
         (SELECT tasks.id FROM tasks INDEXED BY tasks_current \
          WHERE tasks.conversation_seq = conversations.seq AND tasks.status = 'in_progress' \
          ORDER BY tasks.seq DESC LIMIT 1)",
        alias_sql("conversations.agent_seq", "conversations.integration")
    )
});

/// Returns the conversation with this id if the caller can see it, or `NotFound`.
pub(in crate::domain) fn load_visible(
    conn: &Connection,
    author: &Author,
    id: &ConversationId,
) -> Result<Conversation> {
    let found = find_visible(conn, author, id)?;
    found.ok_or_else(|| Error::not_found(format!("Conversation \"{id}\" not found")))
}

/// Finds the conversation with this id if the caller can see it.
pub(in crate::domain) fn find_visible(
    conn: &Connection,
    author: &Author,
    id: &ConversationId,
) -> Result<Option<Conversation>> {
    let found = find_in_bot(conn, author.bot().seq, id)?;
    let integration = author.integration();
    Ok(found.filter(|conversation| {
        integration.is_none_or(|integration| integration.name == conversation.integration)
    }))
}

/// Finds the conversation with this id at the row that the channel cache names, if it still exists.
pub(in crate::domain) fn find_at_row(
    conn: &Connection,
    agent_seq: i64,
    seq: i64,
    id: &ConversationId,
) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations \
         WHERE seq = :seq AND id = :id AND agent_seq = :agent_seq",
        *COLUMNS
    );
    let parameters = named_params! {":seq": seq, ":id": id, ":agent_seq": agent_seq};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

/// Finds the conversation with this id of a bot.
pub(in crate::domain) fn find_in_bot(
    conn: &Connection,
    agent_seq: i64,
    id: &ConversationId,
) -> Result<Option<Conversation>> {
    let sql = format!(
        "SELECT {} FROM conversations WHERE id = :id AND agent_seq = :agent_seq",
        *COLUMNS
    );
    let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

/// Finds the oldest conversation with these tags.
pub(super) fn find_by_tags(
    conn: &Connection,
    agent_seq: i64,
    (integration, channel): (&str, &str),
    wanted: &TagMatch,
) -> Result<Option<Conversation>> {
    if !wanted.is_whole() {
        return find_by_some_tags(conn, agent_seq, (integration, channel), wanted);
    }
    let sql = format!(
        "SELECT {} FROM conversations \
         WHERE agent_seq = :agent_seq AND integration = :integration AND channel = :channel \
           AND tags = :tags ORDER BY seq LIMIT 1",
        *COLUMNS
    );
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":integration": integration,
        ":channel": channel,
        ":tags": wanted.tags().to_canonical_json(),
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

fn find_by_some_tags(
    conn: &Connection,
    agent_seq: i64,
    (integration, channel): (&str, &str),
    wanted: &TagMatch,
) -> Result<Option<Conversation>> {
    let rarest = wanted.find_rarest(conn, TagTable::Conversation, agent_seq, MAX_CANDIDATES)?;
    let Some((name, value, _)) = rarest else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT {} FROM (\
            SELECT of_seq FROM conversation_tags \
            WHERE agent_seq = :agent_seq AND name = :name AND value = :value \
            ORDER BY of_seq LIMIT {MAX_CANDIDATES}) AS found \
         CROSS JOIN conversations ON conversations.seq = found.of_seq \
         WHERE integration = :integration AND channel = :channel AND {} \
         ORDER BY found.of_seq LIMIT 1",
        *COLUMNS,
        wanted.condition_sql("conversations.tags")
    );
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":name": name,
        ":value": value,
        ":integration": integration,
        ":channel": channel,
        ":tags": wanted.tags().to_canonical_json(),
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let tags: String = row.get(4)?;
    Ok(Conversation {
        seq: row.get(0)?,
        id: row.get(1)?,
        integration: row.get(2)?,
        channel: row.get(3)?,
        tags: Tags::parse(&tags)?,
        bot_participates: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        alias: row.get(8)?,
        current_workflow_id: row.get(9)?,
        current_task_id: row.get(10)?,
    })
}
