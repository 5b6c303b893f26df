//! DTOs of tasks.

use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;
use serde_json::json;

use crate::{
    dialects::botpress::{
        chat::{
            conversations::dto::EXAMPLE_ID as EXAMPLE_CONVERSATION,
            tags::{TagChanges, TagValues},
            users::dto::EXAMPLE_TIME,
        },
        paging::PageMeta,
    },
    domain::{bots::tasks, shared::paging::Page},
    http::JsonObject,
};

/// Status of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// It has not begun.
    Pending,
    /// It is being done.
    InProgress,
    /// It has failed.
    Failed,
    /// It is complete.
    Completed,
    /// It waits for something else.
    Blocked,
    /// It is paused.
    Paused,
    /// Its time has run out.
    Timeout,
    /// It was cancelled.
    Cancelled,
}

impl From<tasks::TaskStatus> for TaskStatus {
    fn from(status: tasks::TaskStatus) -> Self {
        match status {
            tasks::TaskStatus::Pending => Self::Pending,
            tasks::TaskStatus::InProgress => Self::InProgress,
            tasks::TaskStatus::Failed => Self::Failed,
            tasks::TaskStatus::Completed => Self::Completed,
            tasks::TaskStatus::Blocked => Self::Blocked,
            tasks::TaskStatus::Paused => Self::Paused,
            tasks::TaskStatus::Timeout => Self::Timeout,
            tasks::TaskStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<TaskStatus> for tasks::TaskStatus {
    fn from(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Pending => Self::Pending,
            TaskStatus::InProgress => Self::InProgress,
            TaskStatus::Failed => Self::Failed,
            TaskStatus::Completed => Self::Completed,
            TaskStatus::Blocked => Self::Blocked,
            TaskStatus::Paused => Self::Paused,
            TaskStatus::Timeout => Self::Timeout,
            TaskStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// A task.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Id of the task.
    id: String,
    /// Title of the task.
    title: String,
    /// Description of the task.
    description: String,
    /// Type of the task.
    r#type: String,
    /// Data of the bot.
    data: JsonObject,
    /// Status of the task.
    status: TaskStatus,
    /// Id of the task that it is a part of.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_task_id: Option<String>,
    /// Id of the conversation that it belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
    /// Id of the user that it concerns.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Time at which it times out, in ISO 8601.
    timeout_at: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change, in ISO 8601.
    updated_at: String,
    /// Tags of the task.
    tags: TagValues,
}

impl From<tasks::Task> for Task {
    fn from(task: tasks::Task) -> Self {
        Self {
            id: task.id.into(),
            title: task.title,
            description: task.description,
            r#type: task.kind,
            data: JsonObject(task.data),
            status: task.status.into(),
            parent_task_id: task.parent_id.map(Into::into),
            conversation_id: task.conversation_id.map(Into::into),
            user_id: task.user_id.map(Into::into),
            timeout_at: task.timeout_at.to_rfc3339_millis(),
            created_at: task.created_at.to_rfc3339_millis(),
            updated_at: task.updated_at.to_rfc3339_millis(),
            tags: task.tags.visible_to(None),
        }
    }
}

impl Example for Task {
    fn example() -> Self {
        Self {
            id: "0194bb14-c41d-7b62-9a10-6d3e8f20a144".to_owned(),
            title: "Refund".to_owned(),
            description: "Refund the order".to_owned(),
            r#type: "refund".to_owned(),
            data: JsonObject::from_value(json!({"order": "A-7"})),
            status: TaskStatus::Pending,
            parent_task_id: None,
            conversation_id: Some(EXAMPLE_CONVERSATION.to_owned()),
            user_id: None,
            timeout_at: EXAMPLE_TIME.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            tags: TagValues::new(),
        }
    }
}

/// One task.
#[derive(Object, Serialize)]
#[oai(example, rename = "TaskResponse")]
pub struct TaskResponse {
    /// The task.
    pub task: Task,
}

impl Example for TaskResponse {
    fn example() -> Self {
        Self {
            task: Task::example(),
        }
    }
}

/// A page of tasks.
#[derive(Object, Serialize)]
#[oai(example, rename = "listTasksResponse")]
pub struct TasksResponse {
    /// The tasks, newest first.
    tasks: Vec<Task>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Page<tasks::Task>> for TasksResponse {
    fn from(page: Page<tasks::Task>) -> Self {
        Self {
            meta: PageMeta::new(page.next),
            tasks: page.items.into_iter().map(Task::from).collect(),
        }
    }
}

impl Example for TasksResponse {
    fn example() -> Self {
        Self {
            tasks: vec![Task::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new task.
#[derive(Object)]
#[oai(example, rename = "createTaskBody", rename_all = "camelCase")]
pub struct CreateTaskBody {
    /// Title of the task.
    #[oai(validator(max_length = 2000))]
    title: Option<String>,
    /// Description of the task.
    #[oai(validator(max_length = 20000))]
    description: Option<String>,
    /// Type of the task.
    #[oai(validator(max_length = 200))]
    r#type: String,
    /// Data of the bot.
    data: Option<JsonObject>,
    /// Id of the task that it is a part of.
    parent_task_id: Option<String>,
    /// Id of the conversation that it belongs to.
    conversation_id: String,
    /// Id of the user that it concerns.
    user_id: Option<String>,
    /// Time at which it times out, in ISO 8601; some minutes from now if absent.
    timeout_at: Option<String>,
    /// Tags of the task.
    tags: Option<TagChanges>,
}

impl Example for CreateTaskBody {
    fn example() -> Self {
        Self {
            title: Some("Refund".to_owned()),
            description: None,
            r#type: "refund".to_owned(),
            data: Some(JsonObject::from_value(json!({"order": "A-7"}))),
            parent_task_id: None,
            conversation_id: EXAMPLE_CONVERSATION.to_owned(),
            user_id: None,
            timeout_at: None,
            tags: None,
        }
    }
}

impl From<CreateTaskBody> for tasks::NewTask {
    fn from(body: CreateTaskBody) -> Self {
        Self {
            title: body.title.unwrap_or_default(),
            description: body.description.unwrap_or_default(),
            kind: body.r#type,
            data: body.data.unwrap_or_default().0,
            tags: body.tags.unwrap_or_default().0,
            parent: body.parent_task_id.map(Into::into),
            conversation: body.conversation_id.into(),
            user: body.user_id.map(Into::into),
            timeout_at: body.timeout_at,
        }
    }
}

/// An update of a task. Absent members keep their value.
#[derive(Object)]
#[oai(example, rename = "updateTaskBody", rename_all = "camelCase")]
pub struct UpdateTaskBody {
    /// New title.
    #[oai(validator(max_length = 2000))]
    title: Option<String>,
    /// New description.
    #[oai(validator(max_length = 20000))]
    description: Option<String>,
    /// New data, which replaces the old one.
    data: Option<JsonObject>,
    /// New time at which it times out, in ISO 8601. It must be in the future.
    timeout_at: Option<String>,
    /// New status.
    status: Option<TaskStatus>,
    /// Tags to set; an empty value removes a tag.
    tags: Option<TagChanges>,
}

impl Example for UpdateTaskBody {
    fn example() -> Self {
        Self {
            title: None,
            description: None,
            data: None,
            timeout_at: None,
            status: Some(TaskStatus::Completed),
            tags: None,
        }
    }
}

impl From<UpdateTaskBody> for tasks::TaskPatch {
    fn from(body: UpdateTaskBody) -> Self {
        Self {
            title: body.title,
            description: body.description,
            data: body.data.map(|data| data.0),
            timeout_at: body.timeout_at,
            status: body.status.map(Into::into),
            tags: body.tags.unwrap_or_default().0,
        }
    }
}
