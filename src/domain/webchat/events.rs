//! Custom events of the chat, which clients and bots send each other in addition to messages.

use serde_json::{Map, Value, json};

use super::{
    NAME, Signal, WebchatRequest, WebchatUserRequest,
    conversations::{find_chat_id, require_participant},
    foreign_ids,
};
use crate::{
    domain::{
        bots::{
            conversations,
            events::{self, Payload},
        },
        tenancy::write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{ConversationId, EventId},
    },
};

/// Name of the event in the integration's definition.
const EVENT_NAME: &str = "custom";

/// A custom event.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomEvent {
    /// Id of the event; `None` for an event from the bot, which is not stored.
    pub id: Option<EventId>,
    /// Id of the conversation in the chat.
    pub conversation: String,
    /// Id of the author in the chat.
    pub user: String,
    /// Payload of the event.
    pub payload: Map<String, Value>,
    /// True if the bot sent the event.
    pub is_bot: bool,
    /// Creation time.
    pub created_at: Timestamp,
}

/// Sends a custom event from the calling user to the bot.
///
/// # Errors
/// `ReferenceNotFound` if the conversation does not exist; `Forbidden` if the user does not participate in it;
/// errors of [`events::create`].
pub async fn create(
    user_request: &WebchatUserRequest,
    conversation: &str,
    payload: Map<String, Value>,
) -> Result<CustomEvent> {
    let author = user_request.author()?;
    let app = user_request.call().app();
    let (found, known) = app.store().read(|conn| {
        let found = foreign_ids::get_referenced_conversation(conn, &author, conversation)?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        let known = foreign_ids::find_conversation_fid(conn, &found)?;
        Ok((found, known))
    })?;
    let event_payload = json!({
        "userId": user_request.id,
        "conversationId": found.id,
        "payload": payload,
    });
    let Value::Object(event_payload) = event_payload else {
        return Err(Error::internal("the event is not a JSON object", "json"));
    };
    let new = events::NewEvent {
        kind: EVENT_NAME.to_owned(),
        payload: event_payload,
        schedule: None,
        conversation: Some(found.id),
        user: Some(user_request.id.clone()),
        message: None,
        workflow: None,
    };
    let publisher = user_request.publisher(found.seq)?;
    let user = user_request.fid.clone();
    let build_event = move |created: &events::Event| CustomEvent {
        id: Some(created.id.clone()),
        conversation: known.clone(),
        user: user.clone(),
        payload: payload.clone(),
        is_bot: false,
        created_at: created.created_at,
    };
    let build_result = build_event.clone();
    let publish = move |tx: &WriteTx<'_>, created: &events::Event| {
        let signal = Signal::EventCreated(build_event(created));
        tx.run_after_commit(move |app| publisher.publish(app, signal));
    };
    let created = events::create_with_hook(user_request.call(), new, publish).await?;
    Ok(build_result(&created))
}

/// Returns a custom event of a conversation that the calling user participates in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub fn find(user_request: &WebchatUserRequest, id: &EventId) -> Result<CustomEvent> {
    let event = events::find(user_request.call(), id)?;
    let absent = || Error::not_found(format!("Event \"{id}\" not found"));
    let (Payload::Custom(mut payload), Some(conversation), Some(user)) =
        (event.payload, event.conversation_id, event.user_id)
    else {
        return Err(absent());
    };
    if event.kind != format!("{NAME}:{EVENT_NAME}") {
        return Err(absent());
    }
    let author = user_request.author()?;
    user_request.call().app().store().read(|conn| {
        let found =
            conversations::load_visible(conn, &author, &conversation).map_err(|_| absent())?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        Ok(CustomEvent {
            id: Some(event.id),
            conversation: foreign_ids::find_conversation_fid(conn, &found)?,
            user: foreign_ids::find_user_fid(conn, author.bot(), &user)?,
            payload: match payload.remove("payload") {
                Some(Value::Object(payload)) => payload,
                _ => Map::new(),
            },
            is_bot: false,
            created_at: event.created_at,
        })
    })
}

/// Publishes an event from the bot to the listeners of a conversation. It is not stored.
///
/// # Errors
/// `ReferenceNotFound` if the conversation does not exist; errors of the store.
pub fn send(
    request: &WebchatRequest,
    conversation: &ConversationId,
    payload: Map<String, Value>,
) -> Result<()> {
    let author = request.author()?;
    let app = request.call().app();
    let known = app
        .store()
        .read(|conn| find_chat_id(conn, &author, conversation));
    let (known, seq) = known.map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::ReferenceNotFound),
        _ => error,
    })?;
    let event = CustomEvent {
        id: None,
        conversation: known,
        user: author.bot().id.to_string(),
        payload,
        is_bot: true,
        created_at: app.clock().now(),
    };
    request
        .publisher(seq)?
        .publish(app, Signal::EventCreated(event));
    Ok(())
}
