//! `/events`: custom events between a client and the bot, beside messages.

use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, payload::Json, types::Example};
use serde_json::json;

use super::{
    Tag,
    auth::UserAuth,
    conversations,
    error::Failed,
    users::{self, dto::EXAMPLE_TIME},
};
use crate::{
    domain::webchat,
    http::{Body, JsonObject, Nullable},
};

/// OpenAPI operations on custom events.
pub struct Events;

/// A custom event.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Event {
    /// ID of the event; null for an event from the bot, which is not stored.
    id: Nullable<String>,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Payload of the event.
    payload: JsonObject,
    /// ID of the conversation.
    conversation_id: String,
    /// ID of the user who sent the event.
    user_id: String,
}

impl From<webchat::CustomEvent> for Event {
    fn from(event: webchat::CustomEvent) -> Self {
        Self {
            id: Nullable(event.id.map(|id| id.to_string())),
            created_at: event.created_at.to_rfc3339_millis(),
            payload: JsonObject(event.payload),
            conversation_id: event.conversation,
            user_id: event.user,
        }
    }
}

impl Example for Event {
    fn example() -> Self {
        Self {
            id: Nullable(Some("0194bb14-8c33-7ba1-a4e2-6f5d1eaf9b72".to_owned())),
            created_at: EXAMPLE_TIME.to_owned(),
            payload: JsonObject::from_value(json!({"page": "/prices"})),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            user_id: users::dto::EXAMPLE_ID.to_owned(),
        }
    }
}

/// A custom event in a response.
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

/// A new event.
#[derive(Object)]
#[oai(example, rename = "createEventBody", rename_all = "camelCase")]
struct CreateEventBody {
    /// Payload of the event.
    payload: JsonObject,
    /// ID of the conversation.
    conversation_id: String,
}

impl Example for CreateEventBody {
    fn example() -> Self {
        Self {
            payload: JsonObject::from_value(json!({"page": "/prices"})),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
        }
    }
}

/// Response to a create request.
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
    /// Sends a custom event to the bot, which receives it as the event `chat:custom`.
    #[oai(path = "/events", method = "post", operation_id = "createEvent")]
    async fn create_event(
        &self,
        caller: UserAuth,
        body: Body<CreateEventBody>,
    ) -> Result<CreateEventResponse, Failed> {
        let CreateEventBody {
            payload,
            conversation_id,
        } = body.0;
        let made = webchat::create_event(&caller.0, &conversation_id, payload.0).await?;
        let event = made.into();
        Ok(CreateEventResponse::Created(Json(EventResponse { event })))
    }

    /// Get Event
    ///
    /// Returns a custom event of a conversation that the user takes part in.
    #[oai(path = "/events/:id", method = "get", operation_id = "getEvent")]
    async fn get_event(
        &self,
        caller: UserAuth,
        /// ID of the event.
        id: Path<String>,
    ) -> Result<Json<EventResponse>, Failed> {
        let event = webchat::find_event(&caller.0, &id.0.into())?.into();
        Ok(Json(EventResponse { event }))
    }
}
