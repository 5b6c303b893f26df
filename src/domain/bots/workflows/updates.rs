//! Events that notify a bot of its workflows. Their payload is built when it is read, but for the child.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{UpdateKind, Workflow, rows};
use crate::{
    domain::{
        bots::{
            conversations::{self, Conversation},
            deliveries,
            events::{self, SystemEvent},
            users::{self, User},
        },
        tenancy::{app::App, request_auth::PrincipalAgent, write_tx::WriteTx},
    },
    kernel::Result,
};

/// Type of the events.
const WORKFLOW_UPDATE: &str = "workflow_update";

/// The payload of an event that notifies a bot of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowUpdate {
    /// Type of the update.
    pub kind: UpdateKind,
    /// The workflow.
    pub workflow: Workflow,
    /// The conversation that the workflow concerns.
    pub conversation: Option<Conversation>,
    /// The user that the workflow concerns.
    pub user: Option<User>,
    /// Members as stored: the child as it was at the time of the event.
    pub members: Map<String, Value>,
}

/// Returns the ordering key of the deliveries of a workflow. Positive keys are conversations, and -1 is a ping.
const fn lane(workflow_seq: i64) -> i64 {
    -1 - workflow_seq
}

/// A child as a parent's event shows it.
struct Child<'a> {
    workflow: &'a Workflow,
    rendered: Value,
}

/// Creates an event that notifies the bot of a workflow, and enqueues it. Returns the row of its delivery; `None` if there
/// is no bot to notify.
pub(super) fn publish(
    tx: &WriteTx<'_>,
    workflow: &Workflow,
    update: UpdateKind,
) -> Result<Option<i64>> {
    insert(tx, workflow, update, None)
}

fn insert(
    tx: &WriteTx<'_>,
    workflow: &Workflow,
    update: UpdateKind,
    child: Option<Child<'_>>,
) -> Result<Option<i64>> {
    let of_child = child.as_ref().map(|child| child.workflow.rows);
    let payload = match child {
        Some(child) => json!({"childWorkflow": child.rendered}),
        None => json!({}),
    };
    let event = SystemEvent {
        agent_seq: workflow.rows.agent,
        kind: WORKFLOW_UPDATE,
        payload: &payload,
        // The event contains the child, so it must go with the child's conversation and user.
        conversation: of_child
            .and_then(|rows| rows.conversation)
            .or(workflow.rows.conversation),
        user: of_child.and_then(|rows| rows.user).or(workflow.rows.user),
        workflow: Some((workflow.seq, update)),
    };
    let event = events::insert(tx, &event)?;
    deliveries::enqueue_event(tx, workflow.rows.agent, event, lane(workflow.seq))
}

/// Notifies the bot that a child of a workflow has ended or was deleted.
pub(super) fn notify_parent(
    tx: &WriteTx<'_>,
    app: &App,
    child: &Workflow,
    update: UpdateKind,
) -> Result<()> {
    let parent = match child.rows.parent {
        Some(parent) => rows::find_at_row(tx.conn, parent)?,
        None => None,
    };
    if let Some(parent) = parent {
        let child = Child {
            workflow: child,
            rendered: (app.object_renderers().workflow)(child.clone()),
        };
        insert(tx, &parent, update, Some(child))?;
    }
    Ok(())
}

/// Loads the payload of an event about the workflow at this row; `None` if it no longer exists.
pub(in crate::domain) fn load_update(
    conn: &Connection,
    agent: &PrincipalAgent,
    (kind, seq): (UpdateKind, i64),
    members: Map<String, Value>,
) -> Result<Option<WorkflowUpdate>> {
    let Some(workflow) = rows::find_at_row(conn, seq)? else {
        return Ok(None);
    };
    let conversation = match &workflow.conversation_id {
        Some(id) => conversations::find_in_bot(conn, agent.seq, id)?,
        None => None,
    };
    let user = match &workflow.user_id {
        Some(id) => users::find_in_bot(conn, agent, id)?,
        None => None,
    };
    Ok(Some(WorkflowUpdate {
        kind,
        workflow,
        conversation,
        user,
        members,
    }))
}
