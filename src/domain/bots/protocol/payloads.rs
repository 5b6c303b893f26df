//! Request bodies of the protocol: users, conversations, messages, events and states in the API's format
//! (botpress.md §1.2).

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        bots::{
            conversations::{self, Conversation},
            events,
            messages::{self, Message},
            states::State,
            users::{self, User},
        },
        tenancy::request_auth::PrincipalAgent,
    },
    kernel::{
        Result, Timestamp,
        ids::{AgentId, ConversationId, EndUserId, EventId, MessageId},
    },
};

/// A request body with its id and type.
pub(in crate::domain) struct RequestPayload {
    pub(in crate::domain) id: String,
    pub(in crate::domain) kind: String,
    pub(in crate::domain) body: Value,
}

/// Builds the body for a message: an event for the bot, the message itself for an integration. `None` if the
/// message no longer exists.
pub(in crate::domain) fn message_payload(
    conn: &Connection,
    agent: &PrincipalAgent,
    integration: Option<&str>,
    seq: i64,
) -> Result<Option<RequestPayload>> {
    let Some((message, user, conversation)) = load_message(conn, agent, seq)? else {
        return Ok(None);
    };
    let shown = json!({
        "message": message_to_json(&message, integration),
        "user": user_to_json(&user, integration),
        "conversation": conversation_to_json(&conversation, integration),
    });
    if integration.is_none() {
        let id = events::derive_event_id(&message.id);
        let event = json!({
            "id": id,
            "createdAt": message.created_at.to_rfc3339_millis(),
            "type": events::MESSAGE_CREATED,
            "payload": shown,
            "conversationId": message.conversation_id,
            "userId": message.user_id,
            "messageId": message.id,
        });
        return Ok(Some(RequestPayload {
            id: id.to_string(),
            kind: events::MESSAGE_CREATED.to_owned(),
            body: json!({"event": event}),
        }));
    }
    let mut body = shown;
    body["type"] = message.kind.as_str().into();
    body["payload"] = Value::Object(message.payload.parse_members());
    Ok(Some(RequestPayload {
        id: message.id.to_string(),
        kind: message.kind,
        body,
    }))
}

fn load_message(
    conn: &Connection,
    agent: &PrincipalAgent,
    seq: i64,
) -> Result<Option<(Message, User, Conversation)>> {
    let sql = format!(
        "SELECT {} FROM messages {} \
         WHERE messages.seq = :seq AND messages.agent_seq = :agent_seq",
        messages::COLUMNS,
        messages::JOINS
    );
    let parameters = named_params! {":seq": seq, ":agent_seq": agent.seq, ":bot": agent.id};
    let found = conn
        .prepare_cached(&sql)?
        .query_row(parameters, messages::from_row);
    let Some(message) = found.optional()? else {
        return Ok(None);
    };
    let user = users::find_in_bot(conn, agent, &message.user_id)?;
    let conversation = conversations::find_in_bot(conn, agent.seq, &message.conversation_id)?;
    Ok(user
        .zip(conversation)
        .map(|(user, conversation)| (message, user, conversation)))
}

fn message_to_json(message: &Message, reader: Option<&str>) -> Value {
    json!({
        "id": message.id,
        "createdAt": message.created_at.to_rfc3339_millis(),
        "type": message.kind,
        "payload": message.payload.parse_members(),
        "direction": if message.incoming { "incoming" } else { "outgoing" },
        "userId": message.user_id,
        "conversationId": message.conversation_id,
        "tags": message.tags.clone().visible_to(reader),
    })
}

fn user_to_json(user: &User, reader: Option<&str>) -> Value {
    let mut shown = json!({
        "id": user.id,
        "createdAt": user.created_at.to_rfc3339_millis(),
        "updatedAt": user.updated_at.to_rfc3339_millis(),
        "tags": user.tags.clone().visible_to(reader),
    });
    if let Some(name) = &user.name {
        shown["name"] = name.as_str().into();
    }
    if let Some(url) = &user.picture_url {
        shown["pictureUrl"] = url.as_str().into();
    }
    shown
}

fn conversation_to_json(conversation: &Conversation, reader: Option<&str>) -> Value {
    json!({
        "id": conversation.id,
        "createdAt": conversation.created_at.to_rfc3339_millis(),
        "updatedAt": conversation.updated_at.to_rfc3339_millis(),
        "channel": conversation.channel,
        "integration": conversation.integration,
        "tags": conversation.tags.clone().visible_to(reader),
    })
}

const EVENT: &str = "
    SELECT events.id, events.type, events.payload, events.created_at,
           conversations.id AS conversation_id, end_users.id AS user_id, messages.id AS message_id
    FROM events
    LEFT JOIN conversations ON conversations.seq = events.conversation_seq
    LEFT JOIN end_users ON end_users.seq = events.user_seq
    LEFT JOIN messages ON messages.seq = events.message_seq
    WHERE events.seq = :seq AND events.agent_seq = :agent_seq";

/// Builds the body for an event; `None` if the event no longer exists.
pub(in crate::domain) fn event_payload(
    conn: &Connection,
    agent: &PrincipalAgent,
    seq: i64,
) -> Result<Option<RequestPayload>> {
    let parameters = named_params! {":seq": seq, ":agent_seq": agent.seq};
    let found = conn.prepare_cached(EVENT)?.query_row(parameters, |row| {
        let (id, kind): (EventId, String) = (row.get("id")?, row.get("type")?);
        let created_at: Timestamp = row.get("created_at")?;
        let mut event = Map::new();
        event.insert("id".to_owned(), json!(id));
        event.insert(
            "createdAt".to_owned(),
            created_at.to_rfc3339_millis().into(),
        );
        event.insert("type".to_owned(), kind.as_str().into());
        event.insert("payload".to_owned(), row.get("payload")?);
        let conversation: Option<ConversationId> = row.get("conversation_id")?;
        let user: Option<EndUserId> = row.get("user_id")?;
        let message: Option<MessageId> = row.get("message_id")?;
        let about = [
            ("conversationId", conversation.map(|id| id.to_string())),
            ("userId", user.map(|id| id.to_string())),
            ("messageId", message.map(|id| id.to_string())),
        ];
        for (name, id) in about {
            event.extend(id.map(|id| (name.to_owned(), id.into())));
        }
        Ok(RequestPayload {
            id: id.to_string(),
            kind,
            body: json!({"event": event}),
        })
    });
    Ok(found.optional()?)
}

/// Returns a state in the API's format.
pub(in crate::domain) fn state_to_json(bot: &AgentId, state: &State) -> Value {
    let mut shown = json!({
        "id": state.id,
        "createdAt": state.created_at.to_rfc3339_millis(),
        "updatedAt": state.updated_at.to_rfc3339_millis(),
        "botId": bot,
        "name": state.name,
        "type": state.kind.as_str(),
        "payload": state.payload,
    });
    if let Some(id) = &state.conversation_id {
        shown["conversationId"] = id.as_str().into();
    }
    if let Some(id) = &state.user_id {
        shown["userId"] = id.as_str().into();
    }
    shown
}
