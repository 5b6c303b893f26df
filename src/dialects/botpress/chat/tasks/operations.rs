//! `/v1/chat/tasks`: the operations on tasks.

use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::dto::{CreateTaskBody, TaskResponse, TasksResponse, UpdateTaskBody};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        chat::{conversations::dto::EmptyObject, list_parameters::parse_words, tags},
        error::Failed,
        paging::{non_empty_parameter, parse_next_token},
    },
    domain::bots::tasks::{self, Filter, TaskStatus},
    http::{Body, DirectJson},
};

/// The operations on tasks.
pub struct Tasks;

/// The response of a create.
#[derive(ApiResponse)]
enum CreateTaskResponse {
    /// The new task
    #[oai(status = 201)]
    Created(DirectJson<TaskResponse>),
}

#[OpenApi(tag = "Tag::Task")]
impl Tasks {
    /// Create Task
    ///
    /// Creates a pending task of a conversation.
    #[oai(path = "/v1/chat/tasks", method = "post", operation_id = "createTask")]
    async fn create_task(
        &self,
        caller: BotCaller,
        body: Body<CreateTaskBody>,
    ) -> Result<CreateTaskResponse, Failed> {
        let made = tasks::create(&caller.0, body.0.into()).await?;
        Ok(CreateTaskResponse::Created(to_response(made)))
    }

    /// Get Task
    ///
    /// Returns one task.
    #[oai(path = "/v1/chat/tasks/:id", method = "get", operation_id = "getTask")]
    async fn get_task(
        &self,
        caller: BotCaller,
        /// Id of the task.
        id: Path<String>,
    ) -> Result<DirectJson<TaskResponse>, Failed> {
        Ok(to_response(tasks::find(&caller.0, &id.0.into())?))
    }

    /// List Tasks
    ///
    /// Lists the tasks, newest first.
    #[oai(path = "/v1/chat/tasks", method = "get", operation_id = "listTasks")]
    #[expect(
        clippy::too_many_arguments,
        reason = "poem-openapi takes each query parameter as an argument"
    )]
    async fn list_tasks(
        &self,
        caller: BotCaller,
        request: &Request,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects tasks of this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Selects tasks of this user.
        #[oai(name = "userId")]
        user_id: Query<Option<String>>,
        /// Selects the parts of this task.
        #[oai(name = "parentTaskId")]
        parent_task_id: Query<Option<String>>,
        /// Selects tasks with one of these statuses.
        status: Query<Vec<String>>,
        /// Selects tasks of this type.
        r#type: Query<Option<String>>,
    ) -> Result<DirectJson<TasksResponse>, Failed> {
        let filter = Filter {
            kind: non_empty_parameter(r#type.0),
            statuses: parse_words("status", &status.0, TaskStatus::ALL)?,
            tags: tags::parse_filter(request),
            conversation: non_empty_parameter(conversation_id.0).map(Into::into),
            user: non_empty_parameter(user_id.0).map(Into::into),
            parent: non_empty_parameter(parent_task_id.0).map(Into::into),
        };
        let after = parse_next_token(next_token.0)?;
        let page = tasks::list(&caller.0, filter, after).await?;
        Ok(DirectJson(page.into()))
    }

    /// Update Task
    ///
    /// Updates a task. Each status can follow each other one.
    #[oai(
        path = "/v1/chat/tasks/:id",
        method = "put",
        operation_id = "updateTask"
    )]
    async fn update_task(
        &self,
        caller: BotCaller,
        /// Id of the task.
        id: Path<String>,
        body: Body<UpdateTaskBody>,
    ) -> Result<DirectJson<TaskResponse>, Failed> {
        let changed = tasks::update(&caller.0, id.0.into(), body.0.into()).await?;
        Ok(to_response(changed))
    }

    /// Delete Task
    ///
    /// Deletes a task with its activities and states.
    #[oai(
        path = "/v1/chat/tasks/:id",
        method = "delete",
        operation_id = "deleteTask"
    )]
    async fn delete_task(
        &self,
        caller: BotCaller,
        /// Id of the task.
        id: Path<String>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        tasks::delete(&caller.0, id.0.into()).await?;
        Ok(DirectJson(EmptyObject {}))
    }
}

fn to_response(task: tasks::Task) -> DirectJson<TaskResponse> {
    DirectJson(TaskResponse { task: task.into() })
}
