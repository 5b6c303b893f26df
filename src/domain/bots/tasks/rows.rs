//! Reads and writes the rows of tasks.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::Task;
use crate::{
    domain::{
        bots::{
            author::Author,
            tags::{TagTable, Tags},
            workflows::bot_author,
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Result, ids::TaskId},
};

/// Returns the task with this id of the call's bot.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration; errors of the store.
pub fn find(call: &RequestContext, id: &TaskId) -> Result<Task> {
    let author = bot_author(call)?;
    call.app().store().read(|conn| load(conn, &author, id))
}

/// Columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "tasks.*, \
    (SELECT parents.id FROM tasks AS parents WHERE parents.seq = tasks.parent_seq) AS parent_id, \
    (SELECT id FROM conversations WHERE seq = tasks.conversation_seq) AS conversation_id, \
    (SELECT id FROM end_users WHERE seq = tasks.user_seq) AS user_id";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    let tags: String = row.get("tags")?;
    Ok(Task {
        id: row.get("id")?,
        title: row.get("title")?,
        description: row.get("description")?,
        kind: row.get("type")?,
        status: row.get("status")?,
        data: match row.get("data")? {
            Value::Object(members) => members,
            _ => return Err(rusqlite::Error::InvalidQuery),
        },
        tags: Tags::parse(&tags)?,
        parent_id: row.get("parent_id")?,
        conversation_id: row.get("conversation_id")?,
        user_id: row.get("user_id")?,
        timeout_at: row.get("timeout_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
        timeout_delay: row.get("timeout_delay")?,
    })
}

/// Returns the error for a task that does not exist.
pub(super) fn not_found(id: &TaskId) -> Error {
    Error::not_found(format!("Task \"{id}\" not found"))
}

/// Returns the task with this id of the author's bot, or `NotFound`.
pub(super) fn load(conn: &Connection, author: &Author, id: &TaskId) -> Result<Task> {
    let sql = format!("SELECT {COLUMNS} FROM tasks WHERE id = :id AND agent_seq = :agent_seq");
    let parameters = named_params! {":id": id, ":agent_seq": author.bot().seq};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    found.optional()?.ok_or_else(|| not_found(id))
}

/// Finds the task at this row.
pub(super) fn find_at_row(conn: &Connection, seq: i64) -> Result<Option<Task>> {
    let sql = format!("SELECT {COLUMNS} FROM tasks WHERE seq = :seq");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_row(named_params! {":seq": seq}, from_row);
    Ok(found.optional()?)
}

const FIND_SEQ: &str = "SELECT seq FROM tasks WHERE id = :id AND agent_seq = :agent_seq";

/// Returns the row of a task of a bot.
pub(in crate::domain) fn find_seq(
    conn: &Connection,
    agent_seq: i64,
    id: &TaskId,
) -> Result<Option<i64>> {
    let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
    let found = conn
        .prepare_cached(FIND_SEQ)?
        .query_row(parameters, |row| row.get(0));
    Ok(found.optional()?)
}

const UPDATE: &str = "
    UPDATE tasks SET
        title = :title, description = :description, status = :status, data = :data, tags = :tags,
        timeout_at = :timeout_at, timeout_delay = :timeout_delay, updated_at = :updated_at
    WHERE seq = :seq";

/// Stores everything of a task that can change.
pub(super) fn save(conn: &Connection, task: &Task) -> Result<()> {
    conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": task.seq,
        ":title": task.title,
        ":description": task.description,
        ":status": task.status,
        ":data": Value::Object(task.data.clone()).to_string(),
        ":tags": task.tags.to_canonical_json(),
        ":timeout_at": task.timeout_at,
        ":timeout_delay": task.timeout_delay,
        ":updated_at": task.updated_at,
    })?;
    Ok(())
}

/// Sets the tags of a task. [`save`] stores them.
pub(super) fn set_tags(
    conn: &Connection,
    agent_seq: i64,
    task: &mut Task,
    tags: Tags,
) -> Result<()> {
    TagTable::Task.update_rows(conn, agent_seq, task.seq, &task.tags, &tags)?;
    task.tags = tags;
    Ok(())
}
