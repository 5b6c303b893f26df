//! Activities of tasks: the changes of their status.

use rusqlite::{Row, named_params};
use serde_json::{Map, Value, json};

use super::{Task, TaskStatus, rows};
use crate::{
    domain::{
        bots::manage,
        shared::{
            paging::{PAGE_QUERY_ROWS, Page, PageToken},
            sql::read_object_or_error,
        },
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, TaskActivityId, TaskId},
    },
};

/// A change of the status of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskActivity {
    /// Id of the activity.
    pub id: TaskActivityId,
    /// Description.
    pub description: String,
    /// The statuses before and after the change.
    pub data: Map<String, Value>,
    /// Time of the change.
    pub created_at: Timestamp,
    seq: i64,
}

const INSERT: &str = "
    INSERT INTO task_activities (id, task_seq, description, data, created_at)
    VALUES (:id, :task, :description, :data, :now)";

/// Deletes all but the newest activities of a task.
const TRIM: &str = "
    DELETE FROM task_activities WHERE task_seq = :task AND seq <= (
        SELECT seq FROM task_activities WHERE task_seq = :task ORDER BY seq DESC LIMIT 1 OFFSET :max)";

/// Sets the status of a task, and records the change. The task keeps at most `max` activities.
pub(super) fn set_status(
    tx: &WriteTx<'_>,
    task: &mut Task,
    status: TaskStatus,
    max: u64,
) -> Result<()> {
    let old = std::mem::replace(&mut task.status, status);
    task.updated_at = tx.now;
    if old == status {
        return Ok(());
    }
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": TaskActivityId::new_ordered_uuid(tx.now),
        ":task": task.seq,
        ":description": format!("The status has changed from {old} to {status}"),
        // wire: nothing says which members it has (botpress-today.md §4.3)
        ":data": json!({"from": old, "to": status}).to_string(),
        ":now": tx.now,
    })?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    tx.conn
        .prepare_cached(TRIM)?
        .execute(named_params! {":task": task.seq, ":max": max})?;
    Ok(())
}

const LIST: &str = "
    SELECT seq, id, description, data, created_at FROM task_activities
    WHERE task_seq = :task AND seq < :after ORDER BY seq DESC LIMIT :limit";

/// Lists the activities of a task, newest first.
///
/// # Errors
/// `NotFound` for a bot of another workspace, and for a task of another bot; errors of the store.
pub async fn list(
    call: &RequestContext,
    bot: AgentId,
    task: TaskId,
    after: Option<PageToken>,
) -> Result<Page<TaskActivity>> {
    let workspace = call.workspace().clone();
    call.app()
        .store()
        .read_page(true, move |conn| {
            let agent = manage::find_agent(conn, &workspace, &bot)?;
            let found = rows::find_seq(conn, agent.seq, &task)?;
            let seq = found.ok_or_else(|| rows::not_found(&task))?;
            let mut statement = conn.prepare_cached(LIST)?;
            let rows = statement.query(named_params! {
                ":task": seq,
                ":after": after.unwrap_or(PageToken::START).seq,
                ":limit": PAGE_QUERY_ROWS,
            })?;
            Page::read(rows, from_row, |activity| {
                PageToken::for_row(activity.created_at, activity.seq)
            })
        })
        .await
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<TaskActivity> {
    Ok(TaskActivity {
        seq: row.get(0)?,
        id: row.get(1)?,
        description: row.get(2)?,
        data: read_object_or_error(row, 3)?,
        created_at: row.get(4)?,
    })
}
