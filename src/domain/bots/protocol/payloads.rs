//! Request bodies of the protocol: users, conversations, messages and events as the API shows them
//! (botpress.md §1.2). The dialect renders the objects.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Value, json};

use crate::{
    domain::{
        bots::{
            conversations,
            events::{self, Event, EventState, MessageInContext},
            messages, users,
        },
        tenancy::{app::App, request_auth::PrincipalAgent},
    },
    kernel::Result,
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
    app: &App,
    agent: &PrincipalAgent,
    integration: Option<&str>,
    seq: i64,
) -> Result<Option<RequestPayload>> {
    let Some(found) = load_message(conn, agent, seq)? else {
        return Ok(None);
    };
    let Some(integration) = integration else {
        let event = Event::from_message(found, EventState::PENDING);
        return Ok(Some(event_body(app, event)));
    };
    let id = found.message.id.to_string();
    let kind = found.message.kind.clone();
    let payload = found.message.payload.parse_members();
    let mut body = (app.object_renderers().message)(integration, found);
    body.insert("type".to_owned(), kind.as_str().into());
    body.insert("payload".to_owned(), Value::Object(payload));
    Ok(Some(RequestPayload {
        id,
        kind,
        body: Value::Object(body),
    }))
}

fn load_message(
    conn: &Connection,
    agent: &PrincipalAgent,
    seq: i64,
) -> Result<Option<MessageInContext>> {
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
        .map(|(user, conversation)| MessageInContext {
            message,
            user,
            conversation,
        }))
}

/// Builds the body for an event; `None` if the event no longer exists.
pub(in crate::domain) fn event_payload(
    conn: &Connection,
    app: &App,
    agent: &PrincipalAgent,
    seq: i64,
) -> Result<Option<RequestPayload>> {
    let found = events::find_at_row(conn, agent, seq)?;
    Ok(found.map(|event| event_body(app, event)))
}

fn event_body(app: &App, event: Event) -> RequestPayload {
    RequestPayload {
        id: event.id.to_string(),
        kind: event.kind_for_bot.clone(),
        body: json!({"event": (app.object_renderers().event)(event)}),
    }
}
