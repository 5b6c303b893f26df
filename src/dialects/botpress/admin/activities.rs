//! `/v1/admin/activities`: the changes of the status of tasks.

use poem_openapi::{Enum, Object, OpenApi, param::Query, payload::Json, types::Example};
use serde_json::json;

use crate::{
    dialects::botpress::{
        Tag,
        auth::Member,
        error::Failed,
        paging::{PageMeta, parse_next_token},
    },
    domain::bots::tasks::{self, TaskActivity},
    http::JsonObject,
};

/// The operation on activities.
pub struct Activities;

/// Category of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum Category {
    /// Unknown.
    Unknown,
    /// A value was captured.
    Capture,
    /// A message of the bot.
    BotMessage,
    /// A message of a user.
    UserMessage,
    /// A message of an agent.
    AgentMessage,
    /// An event.
    Event,
    /// A call of an action.
    Action,
    /// A change of the status of the task.
    TaskStatus,
    /// A change of the status of a part of the task.
    SubtaskStatus,
    /// An exception.
    Exception,
}

/// An activity of a task.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Activity {
    /// Id of the activity.
    id: String,
    /// Description of the activity.
    description: String,
    /// Id of the task.
    task_id: String,
    /// Category of the activity; always `task_status` here.
    category: Category,
    /// The statuses before and after: `from` and `to`.
    data: JsonObject,
    /// Time of the activity, in ISO 8601.
    created_at: String,
}

impl Activity {
    fn new(task_id: &str, activity: TaskActivity) -> Self {
        Self {
            id: activity.id.into(),
            description: activity.description,
            task_id: task_id.to_owned(),
            // wire: the server records no other activities (botpress-today.md §4.3)
            category: Category::TaskStatus,
            data: JsonObject(activity.data),
            created_at: activity.created_at.to_rfc3339_millis(),
        }
    }
}

/// A page of activities.
#[derive(Object)]
#[oai(example, rename = "listActivitiesResponse")]
struct ListActivitiesResponse {
    /// The activities, newest first.
    activities: Vec<Activity>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for ListActivitiesResponse {
    fn example() -> Self {
        Self {
            activities: vec![Activity {
                id: "0194bb14-d50e-7c71-8b21-7e4f9a31b255".to_owned(),
                description: "The status has changed from pending to completed".to_owned(),
                task_id: "0194bb14-c41d-7b62-9a10-6d3e8f20a144".to_owned(),
                category: Category::TaskStatus,
                data: JsonObject::from_value(json!({"from": "pending", "to": "completed"})),
                created_at: "2026-01-31T09:30:00.000Z".to_owned(),
            }],
            meta: PageMeta::default(),
        }
    }
}

#[OpenApi(tag = "Tag::Activity")]
impl Activities {
    /// List Activities
    ///
    /// Lists the activities of a task, newest first: the changes of its status.
    #[oai(
        path = "/v1/admin/activities",
        method = "get",
        operation_id = "listActivities"
    )]
    async fn list_activities(
        &self,
        caller: Member,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Id of the task.
        #[oai(name = "taskId")]
        task_id: Query<String>,
        /// Id of the bot.
        #[oai(name = "botId")]
        bot_id: Query<String>,
    ) -> Result<Json<ListActivitiesResponse>, Failed> {
        let after = parse_next_token(next_token.0)?;
        let task = task_id.0.as_str().into();
        let page = tasks::list_activities(&caller.0, bot_id.0.into(), task, after).await?;
        let activities = page.items.into_iter();
        Ok(Json(ListActivitiesResponse {
            activities: activities
                .map(|activity| Activity::new(&task_id.0, activity))
                .collect(),
            meta: PageMeta::new(page.next),
        }))
    }
}
