//! Reads events from the database, and derives the events of incoming messages.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{
    Event, EventState, MessageInContext, Payload,
    status::{STORED_STATUS, read_message_state},
};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations,
            installations::alias_sql,
            messages::{self, Message},
            users,
            workflows::{self, UpdateKind},
        },
        shared::{paging::PageToken, sql::read_object_or_error},
        tenancy::request_auth::{PrincipalAgent, RequestContext},
    },
    kernel::{
        Error, Kind, Result,
        ids::{EventId, MessageId},
    },
};

/// Position of the version digit in a UUID's text.
const VERSION_AT: usize = 14;

/// Returns the event with this id in the call's bot.
///
/// # Errors
/// `NotFound` if the caller may not see such an event; errors of the store.
pub fn find(call: &RequestContext, id: &EventId) -> Result<Event> {
    let author = Author::from_call(call)?;
    let absent = || Error::not_found(format!("Event \"{id}\" not found"));
    call.app()
        .store()
        .read(|conn| find_visible(conn, &author, id)?.ok_or_else(absent))
}

/// Finds the event with this id if the author may see it.
pub(in crate::domain) fn find_visible(
    conn: &Connection,
    author: &Author,
    id: &EventId,
) -> Result<Option<Event>> {
    let Some(message) = parse_message_id(id) else {
        return read(conn, author, id);
    };
    let message = messages::find_visible(conn, author, &message)?;
    match message.filter(|message| message.incoming) {
        Some(message) => event_from_message(conn, author, message),
        None => Ok(None),
    }
}

/// Returns the id of an incoming message's event: the message's UUID with version 8, which is reserved for
/// custom formats.
pub(super) fn derive_event_id(message: &MessageId) -> EventId {
    let mut id = message.as_str().to_owned();
    if id.is_char_boundary(VERSION_AT) && id.is_char_boundary(VERSION_AT + 1) {
        id.replace_range(VERSION_AT..=VERSION_AT, "8");
    }
    EventId::from(id)
}

/// Returns the id of the message that this event id is derived from, if any.
fn parse_message_id(id: &EventId) -> Option<MessageId> {
    let mut id = id.as_str().to_owned();
    if id.get(VERSION_AT..=VERSION_AT)? != "8" {
        return None;
    }
    id.replace_range(VERSION_AT..=VERSION_AT, "7");
    Some(MessageId::from(id))
}

/// Columns that [`from_row`] reads, in this order.
pub(super) static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "events.seq, events.id, events.type, events.payload, \
         conversations.id, end_users.id, messages.id, events.created_at, events.after_message, \
         {STORED_STATUS}, events.failure_reason, workflows.id, events.workflow_update, \
         events.workflow_seq, {}",
        type_for_bot_sql()
    )
});

/// Returns an SQL expression for the type of an event with the alias of its integration.
fn type_for_bot_sql() -> String {
    let name = "substr(events.type, 1, instr(events.type, ':') - 1)";
    format!(
        "CASE instr(events.type, ':') WHEN 0 THEN events.type \
         ELSE {} || substr(events.type, instr(events.type, ':')) END",
        alias_sql("events.agent_seq", name)
    )
}

/// Joins that the columns need.
pub(super) const JOINS: &str = "LEFT JOIN conversations \
    ON conversations.seq = events.conversation_seq \
    LEFT JOIN end_users ON end_users.seq = events.user_seq \
    LEFT JOIN messages ON messages.seq = events.message_seq \
    LEFT JOIN workflows ON workflows.seq = events.workflow_seq";

/// Condition for the events of the integration `:own`: types with the prefix `name:`. A semicolon is the
/// character after a colon, so it ends the range.
pub(super) const INTEGRATION_CONDITION: &str =
    " AND events.type >= :own || ':' AND events.type < :own || ';'";

/// Returns the stored event with this id if the caller may see it. An integration sees only its own events.
pub(super) fn read(conn: &Connection, author: &Author, id: &EventId) -> Result<Option<Event>> {
    let own = author.integration().map(|own| own.name.as_str());
    let mut sql = format!(
        "SELECT {} FROM events {JOINS} \
         WHERE events.id = :id AND events.agent_seq = :agent_seq",
        *COLUMNS
    );
    let mut parameters: Vec<(&str, &dyn ToSql)> =
        vec![(":id", id), (":agent_seq", &author.bot().seq)];
    if own.is_some() {
        sql.push_str(INTEGRATION_CONDITION);
        parameters.push((":own", &own));
    }
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_row(parameters.as_slice(), from_row);
    let found = found.optional()?;
    found
        .map(|stored| stored.load(conn, author.bot()))
        .transpose()
}

static FIND_AT_ROW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM events {JOINS} \
         WHERE events.seq = :seq AND events.agent_seq = :agent_seq",
        *COLUMNS
    )
});

/// Finds the stored event at this row of a bot.
pub(in crate::domain) fn find_at_row(
    conn: &Connection,
    agent: &PrincipalAgent,
    seq: i64,
) -> Result<Option<Event>> {
    let parameters = named_params! {":seq": seq, ":agent_seq": agent.seq};
    let found = conn
        .prepare_cached(&FIND_AT_ROW)?
        .query_row(parameters, from_row);
    let found = found.optional()?;
    found.map(|stored| stored.load(conn, agent)).transpose()
}

const DELIVERY_OF_EVENT: &str = "
    SELECT bot_deliveries.seq
    FROM events JOIN bot_deliveries ON bot_deliveries.event_seq = events.seq
    WHERE events.id = :id AND events.agent_seq = :agent_seq";

const DELIVERY_OF_MESSAGE: &str = "
    SELECT bot_deliveries.seq
    FROM messages JOIN bot_deliveries ON bot_deliveries.message_seq = messages.seq
    WHERE messages.id = :id AND messages.agent_seq = :agent_seq
      AND bot_deliveries.installation_seq IS NULL";

/// Returns the row of the delivery of an event to a bot, while it is in the queue.
pub(in crate::domain) fn find_delivery(
    conn: &Connection,
    agent_seq: i64,
    id: &EventId,
) -> Result<Option<i64>> {
    let message = parse_message_id(id);
    let (sql, id) = match &message {
        Some(message) => (DELIVERY_OF_MESSAGE, message.as_str()),
        None => (DELIVERY_OF_EVENT, id.as_str()),
    };
    let found = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":id": id, ":agent_seq": agent_seq}, |row| {
            row.get(0)
        });
    Ok(found.optional()?)
}

/// An event as stored. The payload of an update of a workflow is not loaded yet.
pub(super) struct StoredEvent {
    event: Event,
    update: Option<(UpdateKind, i64)>,
}

impl StoredEvent {
    /// Loads what the payload refers to.
    pub(super) fn load(self, conn: &Connection, agent: &PrincipalAgent) -> Result<Event> {
        let mut event = self.event;
        if let (Some(update), Payload::Custom(members)) = (self.update, &mut event.payload) {
            let members = std::mem::take(members);
            let update = workflows::load_update(conn, agent, update, members)?;
            let update =
                update.ok_or_else(|| Error::internal("an event has no workflow", "no row"))?;
            event.payload = Payload::Workflow(Box::new(update));
        }
        Ok(event)
    }
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let created_at = row.get(7)?;
    let update: Option<UpdateKind> = row.get(12)?;
    let workflow: Option<i64> = row.get(13)?;
    let event = Event {
        position: PageToken {
            created_at,
            seq: row.get(8)?,
            tie_breaker: row.get(0)?,
        },
        id: row.get(1)?,
        kind: row.get(2)?,
        payload: Payload::Custom(read_object_or_error(row, 3)?),
        conversation_id: row.get(4)?,
        user_id: row.get(5)?,
        message_id: row.get(6)?,
        workflow_id: row.get(11)?,
        state: EventState {
            status: row.get(9)?,
            failure_reason: row.get(10)?,
        },
        kind_for_bot: row.get(14)?,
        created_at,
    };
    Ok(StoredEvent {
        event,
        update: update.zip(workflow),
    })
}

/// Returns the event of an incoming message; `None` if the message has none.
pub(super) fn event_from_message(
    conn: &Connection,
    author: &Author,
    message: Message,
) -> Result<Option<Event>> {
    let gone = || Error::new(Kind::NotFound, "Message not found: it was deleted");
    let bot = author.bot();
    let Some(state) = read_message_state(conn, message.seq)? else {
        return Ok(None);
    };
    let user = users::find_in_bot(conn, bot, &message.user_id)?.ok_or_else(gone)?;
    let conversation = conversations::find_in_bot(conn, bot.seq, &message.conversation_id)?;
    let incoming = MessageInContext {
        message,
        user,
        conversation: conversation.ok_or_else(gone)?,
    };
    Ok(Some(Event::from_message(incoming, state)))
}
