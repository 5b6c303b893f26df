//! Custom events of the chat, which clients and bots send each other in addition to messages.

use serde_json::{Map, Value, json};

use super::{
    NAME, Signal, WebchatUserRequest,
    conversations::{find_chat_id, require_participant},
    foreign_ids,
};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations,
            events::{self, Payload},
        },
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
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
    visitor: &WebchatUserRequest,
    conversation: &str,
    payload: Map<String, Value>,
) -> Result<CustomEvent> {
    let voice = visitor.voice()?;
    let app = visitor.call().app();
    let (found, known) = app.store().read(|conn| {
        let found = foreign_ids::get_referenced_conversation(conn, &voice, conversation)?;
        require_participant(conn, voice.bot(), &found, &visitor.id)?;
        let known = foreign_ids::find_conversation_fid(conn, &found)?;
        Ok((found, known))
    })?;
    let told = json!({
        "userId": visitor.id,
        "conversationId": found.id,
        "payload": payload,
    });
    let Value::Object(told) = told else {
        return Err(Error::internal("the event is not a JSON object", "json"));
    };
    let new = events::NewEvent {
        kind: EVENT_NAME.to_owned(),
        payload: told,
        schedule: None,
        conversation: Some(found.id),
        user: Some(visitor.id.clone()),
        message: None,
    };
    let (seq, user) = (found.seq, visitor.fid.clone());
    let event = move |made: &events::Event| CustomEvent {
        id: Some(made.id.clone()),
        conversation: known.clone(),
        user: user.clone(),
        payload: payload.clone(),
        is_bot: false,
        created_at: made.created_at,
    };
    let shown = event.clone();
    let tell = move |tx: &WriteTx<'_>, made: &events::Event| {
        let signal = Signal::EventCreated(event(made));
        tx.run_after_commit(move |app| app.listeners().publish(seq, signal));
    };
    let made = events::create_with_hook(visitor.call(), new, tell).await?;
    Ok(shown(&made))
}

/// Returns a custom event of a conversation that the calling user participates in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub fn find(visitor: &WebchatUserRequest, id: &EventId) -> Result<CustomEvent> {
    let event = events::find(visitor.call(), id)?;
    let absent = || Error::not_found(format!("Event \"{id}\" not found"));
    let (Payload::Custom(mut payload), Some(conversation), Some(user)) =
        (event.payload, event.conversation_id, event.user_id)
    else {
        return Err(absent());
    };
    if event.kind != format!("{NAME}:{EVENT_NAME}") {
        return Err(absent());
    }
    let voice = visitor.voice()?;
    visitor.call().app().store().read(|conn| {
        let found =
            conversations::load_visible(conn, &voice, &conversation).map_err(|_| absent())?;
        require_participant(conn, voice.bot(), &found, &visitor.id)?;
        Ok(CustomEvent {
            id: Some(event.id),
            conversation: foreign_ids::find_conversation_fid(conn, &found)?,
            user: foreign_ids::find_user_fid(conn, voice.bot(), &user)?,
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
    call: &RequestContext,
    conversation: &ConversationId,
    payload: Map<String, Value>,
) -> Result<()> {
    let voice = Author::from_call(call)?;
    let known = call
        .app()
        .store()
        .read(|conn| find_chat_id(conn, &voice, conversation));
    let (known, seq) = known.map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::ReferenceNotFound),
        _ => error,
    })?;
    let event = CustomEvent {
        id: None,
        conversation: known,
        user: voice.bot().id.to_string(),
        payload,
        is_bot: true,
        created_at: call.app().clock().now(),
    };
    let listeners = call.app().listeners();
    listeners.publish(seq, Signal::EventCreated(event));
    Ok(())
}
