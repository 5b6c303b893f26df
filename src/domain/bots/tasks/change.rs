//! Updates and deletes tasks.

use rusqlite::named_params;
use serde_json::{Map, Value};

use super::{Task, TaskStatus, activities, rows};
use crate::{
    domain::{
        bots::{
            author::require_write,
            tags::TagPatch,
            workflows::{bot_author, parse_timeout, require_small},
        },
        tenancy::request_auth::RequestContext,
    },
    kernel::{Result, Rule, Violation, ids::TaskId},
};

/// An update of a task. Absent members stay.
#[derive(Debug, Clone, Default)]
pub struct TaskPatch {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New data, which replaces the old.
    pub data: Option<Map<String, Value>>,
    /// New time of the timeout, in ISO 8601.
    pub timeout_at: Option<String>,
    /// New status. Each one can follow each.
    pub status: Option<TaskStatus>,
    /// Tags to set and unset.
    pub tags: TagPatch,
}

/// Updates a task of the call's bot.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration and for a role below developer; `Invalid` for data and tags that are too
/// long and for a timeout that has passed; errors of the store.
pub async fn update(call: &RequestContext, id: TaskId, patch: TaskPatch) -> Result<Task> {
    require_write(call)?;
    let author = bot_author(call)?;
    let timeout_at = patch.timeout_at.as_deref().map(parse_timeout).transpose()?;
    if let Some(data) = &patch.data {
        require_small("data", data)?;
    }
    let max_activities = call.app().settings().bounds.task_activities;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let mut task = rows::load(tx.conn, &author, &id)?;
            if let Some(at) = timeout_at {
                if at <= tx.now {
                    let rule = Rule::Other("must be in the future".to_owned());
                    return Err(Violation::body(["timeoutAt"], rule).into());
                }
                task.timeout_at = at;
                task.timeout_delay = None;
            }
            let tags = task.tags.apply_undeclared_patch(&patch.tags)?;
            rows::set_tags(tx.conn, author.bot().seq, &mut task, tags)?;
            task.title = patch.title.unwrap_or(task.title);
            task.description = patch.description.unwrap_or(task.description);
            task.data = patch.data.unwrap_or(task.data);
            task.updated_at = tx.now;
            if let Some(status) = patch.status {
                activities::set_status(tx, &mut task, status, max_activities)?;
            }
            rows::save(tx.conn, &task)?;
            tx.wake_delivery_dispatcher();
            Ok(task)
        })
        .await
}

const DELETE: &str = "DELETE FROM tasks WHERE seq = :seq";

/// Deletes a task of the call's bot with its activities and states. The tasks that are part of it stay.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration and for a role below developer; errors of the store.
pub async fn delete(call: &RequestContext, id: TaskId) -> Result<()> {
    require_write(call)?;
    let author = bot_author(call)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let task = rows::load(tx.conn, &author, &id)?;
            tx.conn
                .prepare_cached(DELETE)?
                .execute(named_params! {":seq": task.seq})?;
            Ok(())
        })
        .await
}
