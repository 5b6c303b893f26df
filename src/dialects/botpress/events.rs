//! `/v1/chat/events`: what a bot is told of.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
    types::{Example, ToJSON},
};
use serde_json::{Map, Value, json};

use super::{
    Tag,
    auth::InBot,
    conversations_wire::Conversation,
    error::Failed,
    messages_wire::{Message, Schedule},
    paging::{self, Meta},
    users_wire::{EXAMPLE_TIME, User},
};
use crate::{
    domain::bots::events::{self, Filter, Payload},
    http::{Body, JsonObject},
};

/// The operations on events.
pub struct Events;

/// An event.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Event {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// Its type.
    r#type: String,
    /// What it tells.
    payload: JsonObject,
    /// The id of the conversation that it is about.
    #[oai(skip_serializing_if_is_none)]
    conversation_id: Option<String>,
    /// The id of the user that it is about.
    #[oai(skip_serializing_if_is_none)]
    user_id: Option<String>,
    /// The id of the message that it is about.
    #[oai(skip_serializing_if_is_none)]
    message_id: Option<String>,
}

impl Event {
    /// An event as an integration sees it, or a bot.
    fn seen_by(integration: Option<&str>, event: events::Event) -> Self {
        let payload = match event.payload {
            Payload::Given(members) => members,
            Payload::Message(incoming) => {
                let message = Message::seen_by(integration, incoming.message).to_json();
                let user = User::seen_by(integration, incoming.user).to_json();
                let place = Conversation::seen_by(integration, incoming.conversation).to_json();
                let members = [
                    ("message", message),
                    ("user", user),
                    ("conversation", place),
                ];
                let member = |(name, value): (&str, Option<Value>)| {
                    (name.to_owned(), value.unwrap_or_default())
                };
                members.into_iter().map(member).collect::<Map<_, _>>()
            }
        };
        Self {
            id: event.id.to_string(),
            created_at: event.created_at.to_rfc3339_millis(),
            r#type: event.kind,
            payload: JsonObject(payload),
            conversation_id: event.conversation_id.map(|id| id.to_string()),
            user_id: event.user_id.map(|id| id.to_string()),
            message_id: event.message_id.map(|id| id.to_string()),
        }
    }
}

impl Example for Event {
    fn example() -> Self {
        Self {
            id: "0194bb14-8c33-7e01-a5d2-7a6b1c0e9f52".to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            r#type: "reminder".to_owned(),
            payload: JsonObject::of(json!({"text": "Call Ann"})),
            conversation_id: None,
            user_id: None,
            message_id: None,
        }
    }
}

/// One event.
#[derive(Object)]
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
#[derive(Object)]
#[oai(example, rename = "listEventsResponse")]
struct EventsResponse {
    /// The events, newest first.
    events: Vec<Event>,
    /// Where the next page is.
    meta: Meta,
}

impl Example for EventsResponse {
    fn example() -> Self {
        Self {
            events: vec![Event::example()],
            meta: Meta::default(),
        }
    }
}

/// A new event.
#[derive(Object)]
#[oai(example, rename = "createEventBody", rename_all = "camelCase")]
struct CreateEventBody {
    /// Its type: `integration:event`, or one that the bot declares. An integration may leave its own
    /// name out.
    r#type: String,
    /// What it tells. It keeps to what is declared of its type.
    payload: JsonObject,
    /// When the bot is told; at once if absent.
    schedule: Option<Schedule>,
    /// The id of the conversation that it is about.
    conversation_id: Option<String>,
    /// The id of the user that it is about.
    user_id: Option<String>,
    /// The id of the message that it is about.
    message_id: Option<String>,
}

impl Example for CreateEventBody {
    fn example() -> Self {
        Self {
            r#type: "reminder".to_owned(),
            payload: JsonObject::of(json!({"text": "Call Ann"})),
            schedule: Some(Schedule::example()),
            conversation_id: None,
            user_id: None,
            message_id: None,
        }
    }
}

impl From<CreateEventBody> for events::New {
    fn from(body: CreateEventBody) -> Self {
        Self {
            kind: body.r#type,
            payload: body.payload.0,
            schedule: body.schedule.map(Into::into),
            conversation: body.conversation_id.map(Into::into),
            user: body.user_id.map(Into::into),
            message: body.message_id.map(Into::into),
        }
    }
}

/// The answer to a create.
#[derive(ApiResponse)]
enum CreateEventResponse {
    /// The new event
    #[oai(status = 201)]
    Created(Json<EventResponse>),
}

#[OpenApi(tag = "Tag::Event")]
impl Events {
    /// Create Event
    ///
    /// Create an event, of which the bot is told.
    #[oai(
        path = "/v1/chat/events",
        method = "post",
        operation_id = "createEvent"
    )]
    async fn create_event(
        &self,
        caller: InBot,
        body: Body<CreateEventBody>,
    ) -> Result<CreateEventResponse, Failed> {
        let made = events::create(&caller.0, body.0.into()).await?;
        Ok(CreateEventResponse::Created(shown(&caller, made)))
    }

    /// Get Event
    ///
    /// Read one event. Each incoming message is one of the type `message_created`.
    #[oai(
        path = "/v1/chat/events/:id",
        method = "get",
        operation_id = "getEvent"
    )]
    async fn get_event(
        &self,
        caller: InBot,
        /// The event's id.
        id: Path<String>,
    ) -> Result<Json<EventResponse>, Failed> {
        let found = events::find(&caller.0, &id.0.into())?;
        Ok(shown(&caller, found))
    }

    /// List Events
    ///
    /// Page through the events, newest first.
    #[oai(path = "/v1/chat/events", method = "get", operation_id = "listEvents")]
    async fn list_events(
        &self,
        caller: InBot,
        /// The `nextToken` of the page before.
        #[oai(name = "nextToken")]
        next_token: Query<Option<String>>,
        /// Only those of this type.
        r#type: Query<Option<String>>,
        /// Only those about this conversation.
        #[oai(name = "conversationId")]
        conversation_id: Query<Option<String>>,
        /// Only those about this user.
        #[oai(name = "userId")]
        user_id: Query<Option<String>>,
        /// Only those about this message.
        #[oai(name = "messageId")]
        message_id: Query<Option<String>>,
    ) -> Result<Json<EventsResponse>, Failed> {
        let filter = Filter {
            kind: paging::given(r#type.0),
            conversation: paging::given(conversation_id.0).map(Into::into),
            user: paging::given(user_id.0).map(Into::into),
            message: paging::given(message_id.0).map(Into::into),
        };
        let after = paging::position(next_token.0)?;
        let page = events::list(&caller.0, filter, after).await?;
        let integration = caller.0.integration_name();
        let shown = |event| Event::seen_by(integration, event);
        Ok(Json(EventsResponse {
            meta: Meta::new(page.next),
            events: page.items.into_iter().map(shown).collect(),
        }))
    }
}

fn shown(caller: &InBot, event: events::Event) -> Json<EventResponse> {
    Json(EventResponse {
        event: Event::seen_by(caller.0.integration_name(), event),
    })
}
