//! Updates and deletes workflows.

use serde_json::{Map, Value};

use super::{
    UpdateKind, Workflow, WorkflowStatus, bot_author, parse_timeout, require_small, rounds, rows,
    updates,
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            tags::TagPatch,
            users,
        },
        tenancy::{app::App, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result, Rule, Timestamp, Violation,
        ids::{EndUserId, EventId, WorkflowId},
    },
};

/// An update of a workflow. Absent members stay.
#[derive(Debug, Clone, Default)]
pub struct WorkflowPatch {
    /// New status; any but pending and timed out.
    pub status: Option<WorkflowStatus>,
    /// New output.
    pub output: Option<Map<String, Value>>,
    /// New time of the timeout, in ISO 8601.
    pub timeout_at: Option<String>,
    /// Reason of a failure.
    pub failure_reason: Option<String>,
    /// Tags to set and unset.
    pub tags: TagPatch,
    /// The user that it concerns.
    pub user: Option<EndUserId>,
    /// The event that the bot is handling; only for a workflow in progress.
    pub event: Option<EventId>,
}

/// Updates a workflow of the call's bot.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration and for a role below developer; `RelationConflict` if the workflow has
/// ended; `Invalid` for tags that are too long, for a timeout that has passed, and for the status in progress without
/// an event that is being delivered; `ReferenceNotFound` for a user or an event that does not exist; errors of the
/// store.
pub async fn update(
    call: &RequestContext,
    id: WorkflowId,
    patch: WorkflowPatch,
) -> Result<Workflow> {
    require_write(call)?;
    let author = bot_author(call)?;
    let timeout_at = patch.timeout_at.as_deref().map(parse_timeout).transpose()?;
    if let Some(output) = &patch.output {
        require_small("output", output)?;
    }
    if patch.status == Some(WorkflowStatus::InProgress) && patch.event.is_none() {
        return Err(Violation::body(["eventId"], Rule::Required).into());
    }
    let app = call.app().clone();
    call.app()
        .run_write_tx(call, move |tx, _| {
            let mut workflow = rows::load(tx.conn, &author, &id)?;
            require_change(&workflow, &patch)?;
            apply(tx, &author, &mut workflow, (patch, timeout_at))?;
            rows::save(tx.conn, &workflow)?;
            notify_end(tx, &app, &workflow)?;
            tx.wake_delivery_dispatcher();
            Ok(workflow)
        })
        .await
}

/// Checks that the workflow can still change.
fn require_change(workflow: &Workflow, patch: &WorkflowPatch) -> Result<()> {
    use WorkflowStatus::{Completed, Failed, TimedOut};
    let may_end = workflow.status == TimedOut && matches!(patch.status, Some(Failed | Completed));
    if workflow.status.is_live() || may_end {
        return Ok(());
    }
    let text = format!(
        "Workflow \"{}\" has ended: it is {}",
        workflow.id, workflow.status
    );
    Err(Error::new(Kind::RelationConflict, text))
}

fn apply(
    tx: &WriteTx<'_>,
    author: &Author,
    workflow: &mut Workflow,
    (patch, timeout_at): (WorkflowPatch, Option<Timestamp>),
) -> Result<()> {
    if let Some(at) = timeout_at {
        if at <= tx.now {
            let rule = Rule::Other("must be in the future".to_owned());
            return Err(Violation::body(["timeoutAt"], rule).into());
        }
        workflow.timeout_at = at;
        workflow.timeout_delay = None;
    }
    if let Some(id) = patch.user {
        workflow.rows.user = users::find_referenced_row(tx.conn, author, &id)?;
        workflow.user_id = workflow.rows.user.map(|_| id);
    }
    let tags = workflow.tags.apply_undeclared_patch(&patch.tags)?;
    rows::set_tags(tx.conn, workflow, tags)?;
    if let Some(output) = patch.output {
        workflow.output = output;
    }
    workflow.updated_at = tx.now;
    let Some(status) = patch.status else {
        return Ok(());
    };
    workflow.set_status(status, tx.now);
    match (status, patch.event) {
        (WorkflowStatus::InProgress, Some(event)) => {
            rounds::bind(tx.conn, author, workflow, &event)?;
        }
        (WorkflowStatus::Failed, _) => {
            if let Some(reason) = &patch.failure_reason {
                workflow.set_failure_reason(reason);
            }
        }
        (WorkflowStatus::Cancelled, _) => workflow.output = Map::new(),
        (WorkflowStatus::Listening | WorkflowStatus::Paused, _) => workflow.round.repeats = 0,
        _ => {}
    }
    Ok(())
}

/// Notifies the parent of a workflow that has ended.
fn notify_end(tx: &WriteTx<'_>, app: &App, workflow: &Workflow) -> Result<()> {
    match workflow.status.is_live() {
        true => Ok(()),
        false => updates::notify_parent(tx, app, workflow, UpdateKind::ChildFinished),
    }
}

/// Deletes a workflow of the call's bot with its events and states. Its children stay.
///
/// # Errors
/// `NotFound`; `Forbidden` for an integration and for a role below developer; errors of the store.
pub async fn delete(call: &RequestContext, id: WorkflowId) -> Result<()> {
    require_write(call)?;
    let author = bot_author(call)?;
    let app = call.app().clone();
    call.app()
        .run_write_tx(call, move |tx, _| {
            let workflow = rows::load(tx.conn, &author, &id)?;
            updates::notify_parent(tx, &app, &workflow, UpdateKind::ChildDeleted)?;
            rows::delete(tx.conn, workflow.seq)
        })
        .await
}
