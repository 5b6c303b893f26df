//! Tasks of a bot (botpress-today.md §4.3). The bot moves them from one status to another; each change is an activity.
//! Nobody is notified of them.

mod activities;
mod change;
mod create;
mod list;
mod rows;
mod timers;

use serde_json::{Map, Value};

pub use self::{
    activities::{TaskActivity, list as list_activities},
    change::{TaskPatch, delete, update},
    create::{NewTask, create},
    list::{Filter, list},
    rows::find,
};
pub(in crate::domain) use self::{
    rows::find_seq,
    timers::{REPAIRS, next_timeout, time_out_due},
};
use super::tags::Tags;
use crate::{
    domain::shared::sql::text_enum,
    kernel::{
        Timestamp,
        ids::{ConversationId, EndUserId, TaskId},
    },
};

text_enum! {
    /// The status of a task.
    pub enum TaskStatus {
        /// It has not begun.
        Pending = "pending",
        /// It is being done.
        InProgress = "in_progress",
        /// It has failed.
        Failed = "failed",
        /// It is complete.
        Completed = "completed",
        /// It waits for something else.
        Blocked = "blocked",
        /// It is paused.
        Paused = "paused",
        /// Its time has run out.
        Timeout = "timeout",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

/// SQL condition for tasks that can time out, in the words of the partial index.
const IS_LIVE: &str = "status IN ('pending', 'in_progress', 'blocked', 'paused')";

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Id of the task.
    pub id: TaskId,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Type.
    pub kind: String,
    /// Status.
    pub status: TaskStatus,
    /// Data of the bot.
    pub data: Map<String, Value>,
    /// Tags.
    pub tags: Tags,
    /// The task that this one is a part of.
    pub parent_id: Option<TaskId>,
    /// The conversation that it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// The user that it concerns.
    pub user_id: Option<EndUserId>,
    /// Time at which it times out.
    pub timeout_at: Timestamp,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    pub(in crate::domain) seq: i64,
    /// Time from the write of `timeout_at`, in microseconds; `None` if the caller named the time.
    timeout_delay: Option<i64>,
}
