//! Custom events of the chat: what a client and a bot tell one another beside messages.

use serde_json::{Map, Value, json};

use super::{
    NAME, Signal, Visitor,
    conversations::{known_by, require_part},
    ids,
};
use crate::{
    domain::{
        bots::{
            author::Voice,
            conversations,
            events::{self, Payload},
        },
        tenancy::{request_auth::Call, write_tx::Change},
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{ConversationId, EventId},
    },
};

/// The event that the integration declares.
const CUSTOM: &str = "custom";

/// A custom event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id; one that the bot sends has none.
    pub id: Option<EventId>,
    /// What the conversation is known by.
    pub conversation: String,
    /// What its author is known by.
    pub user: String,
    /// What it tells.
    pub payload: Map<String, Value>,
    /// Whether the bot has sent it.
    pub is_bot: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Tells the bot something in a conversation of the user who asks.
///
/// # Errors
/// `ReferenceNotFound` for the conversation, `Forbidden` unless the user takes part in it, or those of the
/// store.
pub async fn create(
    visitor: &Visitor,
    conversation: &str,
    payload: Map<String, Value>,
) -> Result<Event> {
    let voice = visitor.voice()?;
    let app = visitor.call().app();
    let (found, known) = app.store().read(|conn| {
        let found = ids::named_conversation(conn, &voice, conversation)?;
        require_part(conn, voice.bot(), &found, &visitor.id)?;
        let known = ids::fid_of_conversation(conn, &found)?;
        Ok((found, known))
    })?;
    let told = json!({
        "userId": visitor.id,
        "conversationId": found.id,
        "payload": payload,
    });
    let Value::Object(told) = told else {
        return Err(Error::internal("an object is none", "json"));
    };
    let new = events::New {
        kind: CUSTOM.to_owned(),
        payload: told,
        schedule: None,
        conversation: Some(found.id),
        user: Some(visitor.id.clone()),
        message: None,
    };
    let (seq, user) = (found.seq, visitor.fid.clone());
    let event = move |made: &events::Event| Event {
        id: Some(made.id.clone()),
        conversation: known.clone(),
        user: user.clone(),
        payload: payload.clone(),
        is_bot: false,
        created_at: made.created_at,
    };
    let shown = event.clone();
    let tell = move |change: &Change<'_>, made: &events::Event| {
        let signal = Signal::EventCreated(event(made));
        change.then(move |app| app.listeners().tell(seq, signal));
    };
    let made = events::create_and(visitor.call(), new, tell).await?;
    Ok(shown(&made))
}

/// A custom event of a conversation that the user who asks takes part in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or those of the store.
pub fn find(visitor: &Visitor, id: &EventId) -> Result<Event> {
    let event = events::find(visitor.call(), id)?;
    let absent = || Error::not_found(format!("Event \"{id}\" not found"));
    let (Payload::Given(mut payload), Some(conversation), Some(user)) =
        (event.payload, event.conversation_id, event.user_id)
    else {
        return Err(absent());
    };
    if event.kind != format!("{NAME}:{CUSTOM}") {
        return Err(absent());
    }
    let voice = visitor.voice()?;
    visitor.call().app().store().read(|conn| {
        let found = conversations::existing(conn, &voice, &conversation).map_err(|_| absent())?;
        require_part(conn, voice.bot(), &found, &visitor.id)?;
        Ok(Event {
            id: Some(event.id),
            conversation: ids::fid_of_conversation(conn, &found)?,
            user: ids::fid_of_user(conn, voice.bot(), &user)?,
            payload: match payload.remove("payload") {
                Some(Value::Object(payload)) => payload,
                _ => Map::new(),
            },
            is_bot: false,
            created_at: event.created_at,
        })
    })
}

/// Tells those who listen to a conversation what the bot has sent. It is not stored.
///
/// # Errors
/// `ReferenceNotFound` for the conversation, or those of the store.
pub fn send(call: &Call, conversation: &ConversationId, payload: Map<String, Value>) -> Result<()> {
    let voice = Voice::of(call)?;
    let known = call
        .app()
        .store()
        .read(|conn| known_by(conn, &voice, conversation));
    let (known, seq) = known.map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::ReferenceNotFound),
        _ => error,
    })?;
    let event = Event {
        id: None,
        conversation: known,
        user: voice.bot().id.to_string(),
        payload,
        is_bot: true,
        created_at: call.app().clock().now(),
    };
    let listeners = call.app().listeners();
    listeners.tell(seq, Signal::EventCreated(event));
    Ok(())
}
