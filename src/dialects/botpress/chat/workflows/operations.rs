//! `/v1/chat/workflows`: the operations on workflows.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::{
    dto::{WorkflowResponse, WorkflowsResponse},
    request::{CreateWorkflowBody, GetOrCreateWorkflowBody, UpdateWorkflowBody},
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{conversations::dto::EmptyObject, list_parameters::parse_words, tags},
        error::Failed,
        paging::{non_empty_parameter, parse_next_token},
    },
    domain::bots::workflows::{self, Filter, WorkflowStatus},
    http::{Body, DirectJson},
};

/// The operations on workflows.
pub struct Workflows;

/// The response of a create.
#[derive(ApiResponse)]
enum CreateWorkflowResponse {
    /// The new workflow
    #[oai(status = 201)]
    Created(DirectJson<WorkflowResponse>),
}

#[OpenApi(tag = "Tag::Workflow")]
impl Workflows {
    /// Create Workflow
    ///
    /// Creates a workflow. With the status `pending`, the bot receives the event `workflow_update` of the type
    /// `workflow_started`.
    #[oai(
        path = "/v1/chat/workflows",
        method = "post",
        operation_id = "createWorkflow"
    )]
    async fn create_workflow(
        &self,
        caller: BotCaller,
        body: Body<CreateWorkflowBody>,
    ) -> Result<CreateWorkflowResponse, Failed> {
        let made = workflows::create(&caller.0, body.0.into()).await?;
        Ok(CreateWorkflowResponse::Created(to_response(made)))
    }

    /// Get Workflow
    ///
    /// Returns one workflow.
    #[oai(
        path = "/v1/chat/workflows/:id",
        method = "get",
        operation_id = "getWorkflow"
    )]
    async fn get_workflow(
        &self,
        caller: BotCaller,
        /// Id of the workflow.
        id: Path<String>,
    ) -> Result<DirectJson<WorkflowResponse>, Failed> {
        Ok(to_response(workflows::find(&caller.0, &id.0.into())?))
    }

    /// List Workflows
    ///
    /// Lists the workflows, newest first.
    #[oai(
        path = "/v1/chat/workflows",
        method = "get",
        operation_id = "listWorkflows"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "poem-openapi takes each query parameter as an argument"
    )]
    async fn list_workflows(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects workflows of this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Selects workflows of this user.
        #[oai(name = "userId")]
        user_id: Query<Option<String>>,
        /// Selects the parts of this workflow.
        #[oai(name = "parentWorkflowId")]
        parent_workflow_id: Query<Option<String>>,
        /// Selects workflows with one of these statuses.
        statuses: Query<Vec<String>>,
        /// Selects workflows with this name.
        name: Query<Option<String>>,
    ) -> Result<DirectJson<WorkflowsResponse>, Failed> {
        let filter = Filter {
            name: non_empty_parameter(name.0),
            statuses: parse_words("statuses", &statuses.0, WorkflowStatus::ALL)?,
            tags: tags::parse_filter(request),
            conversation: non_empty_parameter(conversation_id.0).map(Into::into),
            user: non_empty_parameter(user_id.0).map(Into::into),
            parent: non_empty_parameter(parent_workflow_id.0).map(Into::into),
        };
        let after = parse_next_token(next_token.0)?;
        let page = workflows::list(&caller.0, filter, after).await?;
        Ok(DirectJson(page.into()))
    }

    /// Get Or Create Workflow
    ///
    /// Returns the newest workflow of this name with the tags that `discriminateByTags` names, or with exactly these
    /// tags if it is absent, and with a status of the group `discriminateByStatusGroup`. Creates one if there is none.
    #[oai(
        path = "/v1/chat/workflows/get-or-create",
        method = "post",
        operation_id = "getOrCreateWorkflow"
    )]
    async fn get_or_create_workflow(
        &self,
        caller: BotCaller,
        body: Body<GetOrCreateWorkflowBody>,
    ) -> Result<DirectJson<WorkflowResponse>, Failed> {
        let (new, discriminators, group) = body.0.into_parts();
        let found = workflows::get_or_create(&caller.0, new, discriminators, group).await?;
        Ok(to_response(found))
    }

    /// Update Workflow
    ///
    /// Updates a workflow. While the bot handles an event `workflow_update`, it acknowledges it with the status
    /// `in_progress` and `eventId`. Responds with 409 if the workflow has ended.
    #[oai(
        path = "/v1/chat/workflows/:id",
        method = "put",
        operation_id = "updateWorkflow"
    )]
    async fn update_workflow(
        &self,
        caller: BotCaller,
        /// Id of the workflow.
        id: Path<String>,
        body: Body<UpdateWorkflowBody>,
    ) -> Result<DirectJson<WorkflowResponse>, Failed> {
        let changed = workflows::update(&caller.0, id.0.into(), body.0.into()).await?;
        Ok(to_response(changed))
    }

    /// Delete Workflow
    ///
    /// Deletes a workflow with its events and states.
    #[oai(
        path = "/v1/chat/workflows/:id",
        method = "delete",
        operation_id = "deleteWorkflow"
    )]
    async fn delete_workflow(
        &self,
        caller: BotCaller,
        /// Id of the workflow.
        id: Path<String>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        workflows::delete(&caller.0, id.0.into()).await?;
        Ok(DirectJson(EmptyObject {}))
    }
}

fn to_response(workflow: workflows::Workflow) -> DirectJson<WorkflowResponse> {
    DirectJson(WorkflowResponse {
        workflow: workflow.into(),
    })
}
