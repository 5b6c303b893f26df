//! Reads and writes the rows of workflows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::{RelatedRows, Round, Workflow, bot_author};
use crate::{
    domain::{
        bots::{
            author::Author,
            tags::{TagTable, Tags},
        },
        shared::sql::read_object_or_error,
        tenancy::request_auth::RequestContext,
    },
    kernel::{Error, Kind, Result, ids::WorkflowId},
};

/// Returns the workflow with this id of the call's bot.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration; errors of the store.
pub fn find(call: &RequestContext, id: &WorkflowId) -> Result<Workflow> {
    let author = bot_author(call)?;
    call.app().store().read(|conn| load(conn, &author, id))
}

/// Columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "workflows.*, \
    (SELECT parents.id FROM workflows AS parents WHERE parents.seq = workflows.parent_seq) AS parent_id, \
    (SELECT id FROM conversations WHERE seq = workflows.conversation_seq) AS conversation_id, \
    (SELECT id FROM end_users WHERE seq = workflows.user_seq) AS user_id";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Workflow> {
    let input = row.as_ref().column_index("input")?;
    let tags: String = row.get("tags")?;
    Ok(Workflow {
        id: row.get("id")?,
        name: row.get("name")?,
        status: row.get("status")?,
        input: read_object_or_error(row, input)?,
        output: match row.get("output")? {
            Value::Object(members) => members,
            _ => return Err(rusqlite::Error::InvalidQuery),
        },
        tags: Tags::parse(&tags)?,
        failure_reason: row.get("failure_reason")?,
        parent_id: row.get("parent_id")?,
        conversation_id: row.get("conversation_id")?,
        user_id: row.get("user_id")?,
        timeout_at: row.get("timeout_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        completed_at: row.get("completed_at")?,
        seq: row.get("seq")?,
        rows: RelatedRows {
            agent: row.get("agent_seq")?,
            parent: row.get("parent_seq")?,
            conversation: row.get("conversation_seq")?,
            user: row.get("user_seq")?,
        },
        timeout_delay: row.get("timeout_delay")?,
        round: Round {
            update: row.get("update_type")?,
            due_at: row.get("round_at")?,
            delivery: row.get("delivery_seq")?,
            repeats: row.get("repeats")?,
        },
    })
}

/// Returns the workflow with this id of the author's bot, or `NotFound`.
pub(super) fn load(conn: &Connection, author: &Author, id: &WorkflowId) -> Result<Workflow> {
    let sql = format!("SELECT {COLUMNS} FROM workflows WHERE id = :id AND agent_seq = :agent_seq");
    let parameters = named_params! {":id": id, ":agent_seq": author.bot().seq};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    found
        .optional()?
        .ok_or_else(|| Error::not_found(format!("Workflow \"{id}\" not found")))
}

/// Finds the workflow at this row.
pub(super) fn find_at_row(conn: &Connection, seq: i64) -> Result<Option<Workflow>> {
    let sql = format!("SELECT {COLUMNS} FROM workflows WHERE seq = :seq");
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_row(named_params! {":seq": seq}, from_row);
    Ok(found.optional()?)
}

/// Lists the workflows whose round ends with a delivery.
pub(super) fn list_by_delivery(conn: &Connection, delivery: i64) -> Result<Vec<Workflow>> {
    let sql =
        format!("SELECT {COLUMNS} FROM workflows WHERE delivery_seq = :delivery ORDER BY seq");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(named_params! {":delivery": delivery}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const FIND_SEQ: &str = "SELECT seq FROM workflows WHERE id = :id AND agent_seq = :agent_seq";

/// Returns the row of a workflow of a bot.
pub(in crate::domain) fn find_seq(
    conn: &Connection,
    agent_seq: i64,
    id: &WorkflowId,
) -> Result<Option<i64>> {
    let parameters = named_params! {":id": id, ":agent_seq": agent_seq};
    let found = conn
        .prepare_cached(FIND_SEQ)?
        .query_row(parameters, |row| row.get(0));
    Ok(found.optional()?)
}

/// Returns the row of a workflow that a request body names.
///
/// # Errors
/// `ReferenceNotFound`, or errors of the store.
pub(in crate::domain) fn require_row(
    conn: &Connection,
    agent_seq: i64,
    id: &WorkflowId,
) -> Result<i64> {
    find_seq(conn, agent_seq, id)?.ok_or_else(|| {
        let text = format!("Workflow \"{id}\" not found");
        Error::new(Kind::ReferenceNotFound, text)
    })
}

const INSERT: &str = "
    INSERT INTO workflows
        (id, agent_seq, name, status, input, output, tags, parent_seq, conversation_seq, user_seq, timeout_at,
         timeout_delay, created_at, updated_at)
    VALUES
        (:id, :agent_seq, :name, :status, :input, '{}', '{}', :parent, :conversation, :user, :timeout_at,
         :timeout_delay, :now, :now)";

/// Inserts a new workflow without its tags and its round, and sets its row.
pub(super) fn insert(conn: &Connection, workflow: &mut Workflow) -> Result<()> {
    conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": workflow.id,
        ":agent_seq": workflow.rows.agent,
        ":name": workflow.name,
        ":status": workflow.status,
        ":input": Value::Object(workflow.input.clone()).to_string(),
        ":parent": workflow.rows.parent,
        ":conversation": workflow.rows.conversation,
        ":user": workflow.rows.user,
        ":timeout_at": workflow.timeout_at,
        ":timeout_delay": workflow.timeout_delay,
        ":now": workflow.created_at,
    })?;
    workflow.seq = conn.last_insert_rowid();
    Ok(())
}

const UPDATE: &str = "
    UPDATE workflows SET
        status = :status, output = :output, tags = :tags, failure_reason = :failure_reason, user_seq = :user,
        timeout_at = :timeout_at, timeout_delay = :timeout_delay, update_type = :update, round_at = :round_at,
        delivery_seq = :delivery, repeats = :repeats, updated_at = :updated_at, completed_at = :completed_at
    WHERE seq = :seq";

/// Stores everything of a workflow that can change.
pub(super) fn save(conn: &Connection, workflow: &Workflow) -> Result<()> {
    let round = &workflow.round;
    conn.prepare_cached(UPDATE)?.execute(named_params! {
        ":seq": workflow.seq,
        ":status": workflow.status,
        ":output": Value::Object(workflow.output.clone()).to_string(),
        ":tags": workflow.tags.to_canonical_json(),
        ":failure_reason": workflow.failure_reason,
        ":user": workflow.rows.user,
        ":timeout_at": workflow.timeout_at,
        ":timeout_delay": workflow.timeout_delay,
        ":update": round.update,
        ":round_at": round.due_at,
        ":delivery": round.delivery,
        ":repeats": round.repeats,
        ":updated_at": workflow.updated_at,
        ":completed_at": workflow.completed_at,
    })?;
    Ok(())
}

/// Sets the tags of a workflow. [`save`] stores them.
pub(super) fn set_tags(conn: &Connection, workflow: &mut Workflow, tags: Tags) -> Result<()> {
    let (agent_seq, seq) = (workflow.rows.agent, workflow.seq);
    TagTable::Workflow.update_rows(conn, agent_seq, seq, &workflow.tags, &tags)?;
    workflow.tags = tags;
    Ok(())
}

const DELETE: &str = "DELETE FROM workflows WHERE seq = :seq";

/// Deletes a workflow with its events and states.
pub(super) fn delete(conn: &Connection, seq: i64) -> Result<()> {
    conn.prepare_cached(DELETE)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}
