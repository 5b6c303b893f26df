//! Request bodies of workflows.

use poem_openapi::{Enum, Object, types::Example};
use serde_json::json;

use crate::{
    dialects::botpress::chat::tags::TagChanges, domain::bots::workflows, http::JsonObject,
};

/// Status of a new workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum NewStatus {
    /// The bot is notified of it.
    Pending,
    /// The bot works on it while it handles an event.
    InProgress,
    /// It waits for an event.
    Listening,
}

impl From<NewStatus> for workflows::WorkflowStatus {
    fn from(status: NewStatus) -> Self {
        match status {
            NewStatus::Pending => Self::Pending,
            NewStatus::InProgress => Self::InProgress,
            NewStatus::Listening => Self::Listening,
        }
    }
}

/// New status of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ChangedStatus {
    /// It is complete.
    Completed,
    /// It is cancelled.
    Cancelled,
    /// It waits for an event.
    Listening,
    /// It waits until the bot goes on with it.
    Paused,
    /// It has failed.
    Failed,
    /// The bot works on it while it handles an event.
    InProgress,
}

impl From<ChangedStatus> for workflows::WorkflowStatus {
    fn from(status: ChangedStatus) -> Self {
        match status {
            ChangedStatus::Completed => Self::Completed,
            ChangedStatus::Cancelled => Self::Cancelled,
            ChangedStatus::Listening => Self::Listening,
            ChangedStatus::Paused => Self::Paused,
            ChangedStatus::Failed => Self::Failed,
            ChangedStatus::InProgress => Self::InProgress,
        }
    }
}

/// Group of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum StatusGroup {
    /// Workflows that have not ended.
    Active,
    /// Workflows that have ended.
    Finished,
}

impl From<StatusGroup> for workflows::StatusGroup {
    fn from(group: StatusGroup) -> Self {
        match group {
            StatusGroup::Active => Self::Active,
            StatusGroup::Finished => Self::Finished,
        }
    }
}

/// A new workflow.
#[derive(Object)]
#[oai(example, rename = "createWorkflowBody", rename_all = "camelCase")]
pub struct CreateWorkflowBody {
    /// Name of the workflow, by which the bot finds its handlers.
    #[oai(validator(max_length = 200))]
    name: String,
    /// Status of the workflow. The bot is notified of a pending one.
    status: NewStatus,
    /// Input of the workflow.
    input: Option<JsonObject>,
    /// Id of the workflow that it is a part of.
    parent_workflow_id: Option<String>,
    /// Id of the conversation that it concerns.
    conversation_id: Option<String>,
    /// Id of the user that it concerns.
    user_id: Option<String>,
    /// Time at which it times out, in ISO 8601; some minutes from now if absent.
    timeout_at: Option<String>,
    /// Tags of the workflow.
    tags: Option<TagChanges>,
    /// Id of the event that the bot is handling. Required with the status `in_progress`.
    event_id: Option<String>,
}

impl Example for CreateWorkflowBody {
    fn example() -> Self {
        Self {
            name: "collectFeedback".to_owned(),
            status: NewStatus::Pending,
            input: Some(JsonObject::from_value(json!({"topic": "delivery"}))),
            parent_workflow_id: None,
            conversation_id: None,
            user_id: None,
            timeout_at: None,
            tags: None,
            event_id: None,
        }
    }
}

impl From<CreateWorkflowBody> for workflows::NewWorkflow {
    fn from(body: CreateWorkflowBody) -> Self {
        Self {
            name: body.name,
            status: body.status.into(),
            input: body.input.unwrap_or_default().0,
            tags: body.tags.unwrap_or_default().0,
            parent: body.parent_workflow_id.map(Into::into),
            conversation: body.conversation_id.map(Into::into),
            user: body.user_id.map(Into::into),
            timeout_at: body.timeout_at,
            event: body.event_id.map(Into::into),
        }
    }
}

/// A workflow to find by its name, its tags and its status, or to create.
#[derive(Object)]
#[oai(example, rename = "getOrCreateWorkflowBody", rename_all = "camelCase")]
pub struct GetOrCreateWorkflowBody {
    /// Name of the workflow, by which the bot finds its handlers.
    #[oai(validator(max_length = 200))]
    name: String,
    /// Status of a new workflow. The bot is notified of a pending one.
    status: NewStatus,
    /// Input of a new workflow.
    input: Option<JsonObject>,
    /// Id of the workflow that a new one is a part of.
    parent_workflow_id: Option<String>,
    /// Id of the conversation that a new one concerns.
    conversation_id: Option<String>,
    /// Id of the user that a new one concerns.
    user_id: Option<String>,
    /// Time at which a new one times out, in ISO 8601; some minutes from now if absent.
    timeout_at: Option<String>,
    /// Tags of the workflow.
    tags: Option<TagChanges>,
    /// Id of the event that the bot is handling. Required with the status `in_progress`.
    event_id: Option<String>,
    /// Names of the tags by which the workflow is found; if absent, all tags must be equal.
    discriminate_by_tags: Option<Vec<String>>,
    /// Group of statuses in which the workflow is found; any status if absent.
    discriminate_by_status_group: Option<StatusGroup>,
}

impl GetOrCreateWorkflowBody {
    /// Returns the new workflow, and the names of the tags and the group by which it is found.
    pub fn into_parts(
        self,
    ) -> (
        workflows::NewWorkflow,
        Option<Vec<String>>,
        Option<workflows::StatusGroup>,
    ) {
        let new = CreateWorkflowBody {
            name: self.name,
            status: self.status,
            input: self.input,
            parent_workflow_id: self.parent_workflow_id,
            conversation_id: self.conversation_id,
            user_id: self.user_id,
            timeout_at: self.timeout_at,
            tags: self.tags,
            event_id: self.event_id,
        };
        let group = self.discriminate_by_status_group.map(Into::into);
        (new.into(), self.discriminate_by_tags, group)
    }
}

impl Example for GetOrCreateWorkflowBody {
    fn example() -> Self {
        let new = CreateWorkflowBody::example();
        Self {
            name: new.name,
            status: new.status,
            input: new.input,
            parent_workflow_id: None,
            conversation_id: None,
            user_id: None,
            timeout_at: None,
            tags: None,
            event_id: None,
            discriminate_by_tags: None,
            discriminate_by_status_group: Some(StatusGroup::Active),
        }
    }
}

/// An update of a workflow. Absent members keep their value.
#[derive(Object)]
#[oai(example, rename = "updateWorkflowBody", rename_all = "camelCase")]
pub struct UpdateWorkflowBody {
    /// New output, which replaces the old one.
    output: Option<JsonObject>,
    /// New time at which it times out, in ISO 8601. It must be in the future.
    timeout_at: Option<String>,
    /// New status.
    status: Option<ChangedStatus>,
    /// Reason of a failure, with the status `failed`.
    failure_reason: Option<String>,
    /// Tags to set; an empty value removes a tag.
    tags: Option<TagChanges>,
    /// Id of the user that it concerns.
    user_id: Option<String>,
    /// Id of the event that the bot is handling. Required with the status `in_progress`.
    event_id: Option<String>,
}

impl Example for UpdateWorkflowBody {
    fn example() -> Self {
        Self {
            output: Some(JsonObject::from_value(json!({"stars": 5}))),
            timeout_at: None,
            status: Some(ChangedStatus::Completed),
            failure_reason: None,
            tags: None,
            user_id: None,
            event_id: None,
        }
    }
}

impl From<UpdateWorkflowBody> for workflows::WorkflowPatch {
    fn from(body: UpdateWorkflowBody) -> Self {
        Self {
            status: body.status.map(Into::into),
            output: body.output.map(|output| output.0),
            timeout_at: body.timeout_at,
            failure_reason: body.failure_reason,
            tags: body.tags.unwrap_or_default().0,
            user: body.user_id.map(Into::into),
            event: body.event_id.map(Into::into),
        }
    }
}
