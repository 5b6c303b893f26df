//! DTOs of workflows.

use poem_openapi::{
    Enum, Object,
    types::{Example, ToJSON},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    dialects::botpress::{
        chat::{tags::TagValues, users::dto::EXAMPLE_TIME},
        paging::PageMeta,
    },
    domain::{bots::workflows, shared::paging::Page},
    http::JsonObject,
};

/// Id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-b21c-7a30-8e4d-2f5a7c9e1b33";

/// Status of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum WorkflowStatus {
    /// The bot is notified of it.
    Pending,
    /// The bot works on it while it handles an event.
    InProgress,
    /// It has failed.
    Failed,
    /// It is complete.
    Completed,
    /// It waits for an event.
    Listening,
    /// It waits until the bot goes on with it.
    Paused,
    /// Its time has run out.
    #[oai(rename = "timedout")]
    #[serde(rename = "timedout")]
    TimedOut,
    /// It was cancelled.
    Cancelled,
}

impl From<workflows::WorkflowStatus> for WorkflowStatus {
    fn from(status: workflows::WorkflowStatus) -> Self {
        match status {
            workflows::WorkflowStatus::Pending => Self::Pending,
            workflows::WorkflowStatus::InProgress => Self::InProgress,
            workflows::WorkflowStatus::Failed => Self::Failed,
            workflows::WorkflowStatus::Completed => Self::Completed,
            workflows::WorkflowStatus::Listening => Self::Listening,
            workflows::WorkflowStatus::Paused => Self::Paused,
            workflows::WorkflowStatus::TimedOut => Self::TimedOut,
            workflows::WorkflowStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// A workflow.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// Id of the workflow.
    id: String,
    /// Name of the workflow.
    name: String,
    /// Status of the workflow.
    status: WorkflowStatus,
    /// Input that its creator supplied.
    input: JsonObject,
    /// Output of the bot.
    output: JsonObject,
    /// Id of the workflow that it is a part of.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_workflow_id: Option<String>,
    /// Id of the conversation that it concerns.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
    /// Id of the user that it concerns.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change, in ISO 8601.
    updated_at: String,
    /// Time at which the bot ended it, in ISO 8601.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    /// Reason of a failure.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    /// Time at which it times out, in ISO 8601.
    timeout_at: String,
    /// Tags of the workflow.
    tags: TagValues,
}

impl From<workflows::Workflow> for Workflow {
    fn from(workflow: workflows::Workflow) -> Self {
        Self {
            id: workflow.id.into(),
            name: workflow.name,
            status: workflow.status.into(),
            input: JsonObject(workflow.input),
            output: JsonObject(workflow.output),
            parent_workflow_id: workflow.parent_id.map(Into::into),
            conversation_id: workflow.conversation_id.map(Into::into),
            user_id: workflow.user_id.map(Into::into),
            created_at: workflow.created_at.to_rfc3339_millis(),
            updated_at: workflow.updated_at.to_rfc3339_millis(),
            completed_at: workflow.completed_at.map(|at| at.to_rfc3339_millis()),
            failure_reason: workflow.failure_reason,
            timeout_at: workflow.timeout_at.to_rfc3339_millis(),
            tags: workflow.tags.visible_to(None),
        }
    }
}

/// Renders a workflow for an event.
pub fn render_workflow(workflow: workflows::Workflow) -> Value {
    Workflow::from(workflow).to_json().unwrap_or_default()
}

impl Example for Workflow {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            name: "collectFeedback".to_owned(),
            status: WorkflowStatus::Pending,
            input: JsonObject::from_value(json!({"topic": "delivery"})),
            output: JsonObject::default(),
            parent_workflow_id: None,
            conversation_id: None,
            user_id: None,
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            completed_at: None,
            failure_reason: None,
            timeout_at: EXAMPLE_TIME.to_owned(),
            tags: TagValues::new(),
        }
    }
}

/// One workflow.
#[derive(Object, Serialize)]
#[oai(example, rename = "WorkflowResponse")]
pub struct WorkflowResponse {
    /// The workflow.
    pub workflow: Workflow,
}

impl Example for WorkflowResponse {
    fn example() -> Self {
        Self {
            workflow: Workflow::example(),
        }
    }
}

/// A page of workflows.
#[derive(Object, Serialize)]
#[oai(example, rename = "listWorkflowsResponse")]
pub struct WorkflowsResponse {
    /// The workflows, newest first.
    workflows: Vec<Workflow>,
    /// Position of the next page.
    meta: PageMeta,
}

impl From<Page<workflows::Workflow>> for WorkflowsResponse {
    fn from(page: Page<workflows::Workflow>) -> Self {
        Self {
            meta: PageMeta::new(page.next),
            workflows: page.items.into_iter().map(Workflow::from).collect(),
        }
    }
}

impl Example for WorkflowsResponse {
    fn example() -> Self {
        Self {
            workflows: vec![Workflow::example()],
            meta: PageMeta::default(),
        }
    }
}
