//! Workflows: work of a bot in rounds (botpress-today.md §4). An event notifies the bot of a pending workflow;
//! `deliveries` delivers it. The bot acknowledges it, and the end of the acknowledged delivery ends the round.

mod change;
mod create;
mod list;
mod retention;
mod rounds;
mod rows;
mod timers;
mod updates;

use serde_json::{Map, Value};

pub use self::{
    change::{WorkflowPatch, delete, update},
    create::{NewWorkflow, create, get_or_create},
    list::{Filter, list},
    rows::find,
    updates::WorkflowUpdate,
};
pub(in crate::domain) use self::{
    retention::prune,
    rounds::{RoundEnd, end_rounds, is_ended_round, is_stale_round},
    rows::{find_seq, require_row},
    timers::{REPAIRS, fire_due, next_due},
    updates::load_update,
};
use super::{author::Author, tags::Tags};
use crate::{
    domain::{shared::sql::text_enum, tenancy::request_auth::RequestContext},
    kernel::{
        Error, Kind, Result, Rule, Timestamp, Violation,
        ids::{ConversationId, EndUserId, WorkflowId},
        json_size,
    },
};

text_enum! {
    /// The status of a workflow.
    pub enum WorkflowStatus {
        /// The bot is notified of it.
        Pending = "pending",
        /// The bot works on it while it handles an event.
        InProgress = "in_progress",
        /// It has failed.
        Failed = "failed",
        /// It is complete.
        Completed = "completed",
        /// It waits for an event.
        Listening = "listening",
        /// It waits until the bot goes on with it.
        Paused = "paused",
        /// Its time has run out.
        TimedOut = "timedout",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

impl WorkflowStatus {
    /// True if the workflow has not ended.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Pending | Self::InProgress | Self::Listening | Self::Paused
        )
    }
}

/// SQL condition for workflows that have not ended, in the words of the partial indexes.
const IS_LIVE: &str = "status IN ('pending', 'in_progress', 'listening', 'paused')";

/// Groups of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusGroup {
    /// Workflows that have not ended.
    Active,
    /// Workflows that have ended.
    Finished,
}

text_enum! {
    /// The type of an event that notifies a bot of a workflow.
    pub enum UpdateKind {
        /// A new workflow is pending.
        Started = "workflow_started",
        /// A workflow is pending again after a round.
        Continued = "workflow_continued",
        /// The time of a workflow has run out.
        TimedOut = "workflow_timedout",
        /// A child of the workflow has ended.
        ChildFinished = "child_workflow_finished",
        /// A child of the workflow was deleted.
        ChildDeleted = "child_workflow_deleted",
    }
}

/// A workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Id of the workflow.
    pub id: WorkflowId,
    /// Name, by which the bot finds its handlers.
    pub name: String,
    /// Status.
    pub status: WorkflowStatus,
    /// Input that the creator supplied.
    pub input: Map<String, Value>,
    /// Output of the bot.
    pub output: Map<String, Value>,
    /// Tags.
    pub tags: Tags,
    /// Reason of a failure.
    pub failure_reason: Option<String>,
    /// The workflow that this one is a part of.
    pub parent_id: Option<WorkflowId>,
    /// The conversation that it concerns.
    pub conversation_id: Option<ConversationId>,
    /// The user that it concerns.
    pub user_id: Option<EndUserId>,
    /// Time at which it times out.
    pub timeout_at: Timestamp,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time at which the bot ended it.
    pub completed_at: Option<Timestamp>,
    pub(in crate::domain) seq: i64,
    rows: RelatedRows,
    /// Time from the write of `timeout_at`, in microseconds; `None` if the caller named the time.
    timeout_delay: Option<i64>,
    round: Round,
}

/// Rows that a workflow refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RelatedRows {
    agent: i64,
    parent: Option<i64>,
    conversation: Option<i64>,
    user: Option<i64>,
}

/// The round of a workflow: from the event that notifies the bot to the end of its delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Round {
    /// Type of the update of a pending workflow.
    update: Option<UpdateKind>,
    /// Time at which the bot is notified; `None` once it is.
    due_at: Option<Timestamp>,
    /// Row of the delivery of that update, or of the one that ends the round of a workflow in progress.
    delivery: Option<i64>,
    /// Failed rounds since the last one that succeeded.
    repeats: u32,
}

/// Returns the caller as the author of a change of workflows or tasks.
///
/// # Errors
/// `Forbidden` for an integration.
// wire: only the bot has workflows and tasks (botpress-today.md §4.2)
pub(in crate::domain) fn bot_author(call: &RequestContext) -> Result<Author> {
    let author = Author::from_call(call)?;
    if author.integration().is_some() {
        let text = "An integration cannot use the workflows and tasks of a bot";
        return Err(Error::new(Kind::Forbidden, text));
    }
    Ok(author)
}

/// Maximum size of the input and the output of a workflow and of the data of a task, in bytes of JSON text. It bounds
/// pages, and the events that contain a workflow.
const MAX_DATA_BYTES: usize = 1 << 20;

/// Requires that a member of a request body is small enough to be stored in a workflow or a task.
///
/// # Errors
/// `Invalid` that names the member.
pub(in crate::domain) fn require_small(name: &str, data: &Map<String, Value>) -> Result<()> {
    if json_size(data) <= MAX_DATA_BYTES {
        return Ok(());
    }
    let rule = Rule::Other(format!("must have {MAX_DATA_BYTES} bytes of JSON at most"));
    Err(Violation::body([name], rule).into())
}

/// Parses the time of a timeout in a request body.
///
/// # Errors
/// `Invalid` for a text that is not a time.
pub(in crate::domain) fn parse_timeout(text: &str) -> Result<Timestamp> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        let rule = Rule::Format("date-time".to_owned());
        Violation::body(["timeoutAt"], rule).into()
    })
}
