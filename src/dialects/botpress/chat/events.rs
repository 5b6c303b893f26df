//! `/v1/chat/events`: the events of a bot.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::{Example, ToJSON},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    conversations::dto::{Conversation, EmptyObject},
    event_status::{EventStatus, StatusFilter},
    messages::dto::{Message, Schedule},
    users::dto::{EXAMPLE_TIME, User},
    workflows::dto::render_workflow,
};
use crate::{
    dialects::botpress::{
        Tag,
        auth::BotCaller,
        error::Failed,
        paging::{self, PageMeta},
    },
    domain::bots::{
        events::{self, Filter, MessageInContext, Payload},
        workflows::WorkflowUpdate,
    },
    http::{Body, DirectJson, JsonObject},
};

/// The operations on events.
pub struct Events;

/// An event.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct Event {
    /// Id of the event.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Type of the event. The bot sees the alias of the integration in it, the integration its own name.
    r#type: String,
    /// Payload of the event.
    payload: JsonObject,
    /// Id of the conversation that the event belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
    /// Id of the user that the event belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Id of the message that the event belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// Id of the workflow that the event belongs to.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<String>,
    /// Status of the event.
    status: EventStatus,
    /// Reason of a failure; null for any other status.
    #[oai(nullable)]
    failure_reason: Option<String>,
}

impl Event {
    /// Converts an event. The viewer is an integration, which also sees its own tags without prefix, or the
    /// bot (`None`).
    fn for_viewer(integration: Option<&str>, event: events::Event) -> Self {
        let payload = match event.payload {
            Payload::Custom(members) => members,
            Payload::Message(incoming) => message_members(integration, *incoming),
            Payload::Workflow(update) => update_members(integration, *update),
        };
        Self {
            id: event.id.into(),
            created_at: event.created_at.to_rfc3339_millis(),
            r#type: match integration {
                Some(_) => event.kind,
                None => event.kind_for_bot,
            },
            payload: JsonObject(payload),
            conversation_id: event.conversation_id.map(Into::into),
            user_id: event.user_id.map(Into::into),
            message_id: event.message_id.map(Into::into),
            workflow_id: event.workflow_id.map(Into::into),
            status: event.state.status.into(),
            failure_reason: event.state.failure_reason,
        }
    }
}

/// Renders a message with its author and its conversation, as members of an object. The viewer is an integration, or
/// the bot (`None`).
fn message_members(integration: Option<&str>, found: MessageInContext) -> Map<String, Value> {
    let message = Message::for_viewer(integration, found.message).to_json();
    let user = User::for_viewer(integration, found.user).to_json();
    let conversation = Conversation::for_viewer(integration, found.conversation).to_json();
    let members = [
        ("message", message),
        ("user", user),
        ("conversation", conversation),
    ];
    let member =
        |(name, value): (&str, Option<Value>)| (name.to_owned(), value.unwrap_or_default());
    members.into_iter().map(member).collect()
}

/// Renders an update of a workflow, as members of an object.
fn update_members(integration: Option<&str>, update: WorkflowUpdate) -> Map<String, Value> {
    let conversation = update.conversation;
    let conversation = conversation.map(|found| Conversation::for_viewer(integration, found));
    let user = update.user.map(|user| User::for_viewer(integration, user));
    let mut members = Map::new();
    members.insert("type".to_owned(), update.kind.as_str().into());
    members.insert("workflow".to_owned(), render_workflow(update.workflow));
    if let Some(conversation) = conversation.and_then(|found| found.to_json()) {
        members.insert("conversation".to_owned(), conversation);
    }
    if let Some(user) = user.and_then(|user| user.to_json()) {
        members.insert("user".to_owned(), user);
    }
    members.extend(update.members);
    members
}

/// Renders an event for a request to the bot.
pub fn render_event(event: events::Event) -> Value {
    Event::for_viewer(None, event).to_json().unwrap_or_default()
}

/// Renders a message with its author and its conversation, as members of a request to this integration.
pub fn render_message(integration: &str, found: MessageInContext) -> Map<String, Value> {
    message_members(Some(integration), found)
}

impl Example for Event {
    fn example() -> Self {
        Self {
            id: "0194bb14-8c33-7e01-a5d2-7a6b1c0e9f52".to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            r#type: "reminder".to_owned(),
            payload: JsonObject::from_value(json!({"text": "Call Ann"})),
            conversation_id: None,
            user_id: None,
            message_id: None,
            workflow_id: None,
            status: EventStatus::Processed,
            failure_reason: None,
        }
    }
}

/// One event.
#[derive(Object, Serialize)]
#[oai(example, rename = "EventResponse")]
struct EventResponse {
    /// The event.
    event: Event,
}

impl Example for EventResponse {
    fn example() -> Self {
        Self {
            event: Event::example(),
        }
    }
}

/// A page of events.
#[derive(Object, Serialize)]
#[oai(example, rename = "listEventsResponse")]
struct EventsResponse {
    /// The events, newest first.
    events: Vec<Event>,
    /// Position of the next page.
    meta: PageMeta,
}

impl Example for EventsResponse {
    fn example() -> Self {
        Self {
            events: vec![Event::example()],
            meta: PageMeta::default(),
        }
    }
}

/// A new event.
#[derive(Object)]
#[oai(example, rename = "createEventBody", rename_all = "camelCase")]
struct CreateEventBody {
    /// Type of the event: `integration:event`, or an event that the bot declares. The integration is named by its
    /// alias in the bot or by its name. An integration may omit itself.
    r#type: String,
    /// Payload of the event. It must match the schema that is declared for the type.
    payload: JsonObject,
    /// Time of delivery to the bot; immediately if absent.
    schedule: Option<Schedule>,
    /// Id of the conversation that the event belongs to.
    conversation_id: Option<String>,
    /// Id of the user that the event belongs to.
    user_id: Option<String>,
    /// Id of the message that the event belongs to.
    message_id: Option<String>,
    /// Id of the workflow that the event belongs to.
    workflow_id: Option<String>,
}

impl Example for CreateEventBody {
    fn example() -> Self {
        Self {
            r#type: "reminder".to_owned(),
            payload: JsonObject::from_value(json!({"text": "Call Ann"})),
            schedule: Some(Schedule::example()),
            conversation_id: None,
            user_id: None,
            message_id: None,
            workflow_id: None,
        }
    }
}

impl From<CreateEventBody> for events::NewEvent {
    fn from(body: CreateEventBody) -> Self {
        Self {
            kind: body.r#type,
            payload: body.payload.0,
            schedule: body.schedule.map(Into::into),
            conversation: body.conversation_id.map(Into::into),
            user: body.user_id.map(Into::into),
            message: body.message_id.map(Into::into),
            workflow: body.workflow_id.map(Into::into),
        }
    }
}

/// The response of a create.
#[derive(ApiResponse)]
enum CreateEventResponse {
    /// The new event
    #[oai(status = 201)]
    Created(DirectJson<EventResponse>),
}

#[OpenApi(tag = "Tag::Event")]
impl Events {
    /// Create Event
    ///
    /// Creates an event and delivers it to the bot.
    #[oai(
        path = "/v1/chat/events",
        method = "post",
        operation_id = "createEvent"
    )]
    async fn create_event(
        &self,
        caller: BotCaller,
        body: Body<CreateEventBody>,
    ) -> Result<CreateEventResponse, Failed> {
        let made = events::create(&caller.0, body.0.into()).await?;
        Ok(CreateEventResponse::Created(to_response(&caller, made)))
    }

    /// Get Event
    ///
    /// Returns one event. Each incoming message is an event of the type `message_created`.
    #[oai(
        path = "/v1/chat/events/:id",
        method = "get",
        operation_id = "getEvent"
    )]
    async fn get_event(
        &self,
        caller: BotCaller,
        /// Id of the event.
        id: Path<String>,
    ) -> Result<DirectJson<EventResponse>, Failed> {
        let found = events::find(&caller.0, &id.0.into())?;
        Ok(to_response(&caller, found))
    }

    /// Cancel Scheduled Event
    ///
    /// Cancels an event before its time. The event stays, with the status `canceled`. Responds with 409 if the
    /// event is not scheduled.
    #[oai(
        path = "/v1/chat/events/scheduled/:id",
        method = "delete",
        operation_id = "cancelScheduledEvent"
    )]
    async fn cancel_scheduled_event(
        &self,
        caller: BotCaller,
        /// Id of the event.
        id: Path<String>,
    ) -> Result<DirectJson<EmptyObject>, Failed> {
        events::cancel_scheduled(&caller.0, id.0.into()).await?;
        Ok(DirectJson(EmptyObject {}))
    }

    /// List Events
    ///
    /// Lists the events, newest first.
    #[oai(path = "/v1/chat/events", method = "get", operation_id = "listEvents")]
    #[expect(
        clippy::too_many_arguments,
        reason = "poem-openapi takes each query parameter as an argument"
    )]
    async fn list_events(
        &self,
        caller: BotCaller,
        /// `meta.nextToken` of the previous page.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Selects events of this type.
        r#type: Query<Option<String>>,
        /// Selects events of this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Selects events of this user.
        #[oai(name = "userId")]
        user_id: Query<Option<String>>,
        /// Selects events of this message.
        #[oai(name = "messageId")]
        message_id: Query<Option<String>>,
        /// Selects events of this workflow.
        #[oai(name = "workflowId")]
        workflow_id: Query<Option<String>>,
        /// Selects events with this status.
        status: Query<Option<StatusFilter>>,
    ) -> Result<DirectJson<EventsResponse>, Failed> {
        let filter = Filter {
            kind: paging::non_empty_parameter(r#type.0),
            conversation: paging::non_empty_parameter(conversation_id.0).map(Into::into),
            user: paging::non_empty_parameter(user_id.0).map(Into::into),
            message: paging::non_empty_parameter(message_id.0).map(Into::into),
            workflow: paging::non_empty_parameter(workflow_id.0).map(Into::into),
            status: status.0.map(Into::into),
        };
        let after = paging::parse_next_token(next_token.0)?;
        let page = events::list(&caller.0, filter, after).await?;
        let integration = caller.0.integration_name();
        let shown = |event| Event::for_viewer(integration, event);
        Ok(DirectJson(EventsResponse {
            meta: PageMeta::new(page.next),
            events: page.items.into_iter().map(shown).collect(),
        }))
    }
}

fn to_response(caller: &BotCaller, event: events::Event) -> DirectJson<EventResponse> {
    DirectJson(EventResponse {
        event: Event::for_viewer(caller.0.integration_name(), event),
    })
}
