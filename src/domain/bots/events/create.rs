//! Creates events. Stores each event and either schedules it or enqueues it for the bot.

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{Event, rows};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas, not_installed, require_write},
            deliveries::{self, Notification},
            messages,
            schedules::{self, Schedule, ScheduledItem},
            users,
            workflows::{self, UpdateKind},
        },
        tenancy::{bounds::Bound, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result,
        ids::{ConversationId, EndUserId, EventId, MessageId, WorkflowId},
        schema,
    },
};

/// The fields of a new event.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Type of the event. An integration may omit its own name as the prefix.
    pub kind: String,
    /// Payload of the event; it must match the schema of the type.
    pub payload: Map<String, Value>,
    /// Time of the delivery to the bot. `None` delivers at once.
    pub schedule: Option<Schedule>,
    /// The conversation that the event concerns.
    pub conversation: Option<ConversationId>,
    /// The user that the event concerns.
    pub user: Option<EndUserId>,
    /// The message that the event concerns.
    pub message: Option<MessageId>,
    /// The workflow that the event concerns.
    pub workflow: Option<WorkflowId>,
}

/// Creates an event in the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `ReferenceNotFound` if the type is not declared or if the
/// conversation, the user, the message or the workflow does not exist; `RelationConflict` for an event of another integration;
/// `InvalidData` if the payload does not match the schema of its type; `Invalid` for an invalid schedule; errors
/// of the store.
pub async fn create(call: &RequestContext, new: NewEvent) -> Result<Event> {
    create_with_hook(call, new, |_, _| ()).await
}

/// Creates an event and runs `and` in the same transaction. Errors are those of [`create`].
pub(in crate::domain) async fn create_with_hook(
    call: &RequestContext,
    new: NewEvent,
    and: impl FnOnce(&WriteTx<'_>, &Event) + Send + 'static,
) -> Result<Event> {
    require_write(call)?;
    let author = Author::from_call(call)?;
    if let Some(schedule) = &new.schedule {
        schedule.due_at(call.app().clock().now())?;
    }
    let payload = Value::Object(new.payload.clone());
    let limits = call.schema_limits();
    let kind = call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        check_payload(&speaker, &new.kind, &payload, limits)
    })?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let made = create_in_tx(tx, &author, &kind, &payload, &new)?;
            and(tx, &made);
            Ok(made)
        })
        .await
}

/// Checks the payload against the declared schema, and returns the event type with the name of the integration.
fn check_payload(
    speaker: &AuthorSchemas<'_>,
    kind: &str,
    payload: &Value,
    limits: &schema::Limits,
) -> Result<String> {
    let unknown = || {
        Error::new(
            Kind::ReferenceNotFound,
            format!("No event {kind} is declared"),
        )
    };
    let (integration, name) = match kind.split_once(':') {
        Some((integration, name)) => (Some(integration), name),
        None => (speaker.integration_name(), kind),
    };
    let Some(integration) = integration else {
        let event = speaker
            .bot_definition()
            .events
            .get(name)
            .ok_or_else(unknown)?;
        event.schema.check(payload, "payload", limits)?;
        return Ok(name.to_owned());
    };
    if speaker.integration.is_some() && !speaker.is_integration(integration) {
        return Err(Error::new(
            Kind::RelationConflict,
            format!("{kind} is an event of another integration"),
        ));
    }
    let found = speaker.find_by_alias(integration);
    let found = found.ok_or_else(|| not_installed(integration))?;
    let event = found.definition.events.get(name).ok_or_else(unknown)?;
    event.schema.check(payload, "payload", limits)?;
    Ok(format!("{}:{name}", found.installation.name))
}

/// Rows of the objects that an event concerns.
struct EventSubjects {
    conversation: Option<i64>,
    user: Option<i64>,
    message: Option<i64>,
    workflow: Option<i64>,
    /// Type of the update, if the event tells the bot of the workflow.
    workflow_update: Option<UpdateKind>,
}

fn find_subjects(conn: &Connection, author: &Author, new: &NewEvent) -> Result<EventSubjects> {
    let conversation = match &new.conversation {
        Some(id) => Some(messages::load_conversation(conn, author, id)?.seq),
        None => None,
    };
    let user = match &new.user {
        Some(id) => users::find_referenced_row(conn, author, id)?,
        None => None,
    };
    let message = match &new.message {
        Some(id) => {
            let found = messages::find_visible(conn, author, id)?;
            Some(found.ok_or_else(|| message_not_found(id))?.seq)
        }
        None => None,
    };
    let workflow = match &new.workflow {
        Some(id) => Some(workflows::require_row(conn, author.bot().seq, id)?),
        None => None,
    };
    Ok(EventSubjects {
        conversation,
        user,
        message,
        workflow,
        workflow_update: None,
    })
}

fn message_not_found(message: &MessageId) -> Error {
    let text = format!("Message \"{message}\" not found");
    Error::new(Kind::ReferenceNotFound, text)
}

/// An event that the server creates itself.
pub(in crate::domain) struct SystemEvent<'a> {
    pub(in crate::domain) agent_seq: i64,
    pub(in crate::domain) kind: &'a str,
    pub(in crate::domain) payload: &'a Value,
    /// Rows of the conversation and the user that the event concerns.
    pub(in crate::domain) conversation: Option<i64>,
    pub(in crate::domain) user: Option<i64>,
    /// Row of the workflow that the event tells of, and the type of the update.
    pub(in crate::domain) workflow: Option<(i64, UpdateKind)>,
}

/// Inserts an event as a part of a write transaction, and returns its row.
pub(in crate::domain) fn insert(tx: &WriteTx<'_>, made: &SystemEvent<'_>) -> Result<i64> {
    let about = EventSubjects {
        conversation: made.conversation,
        user: made.user,
        message: None,
        workflow: made.workflow.map(|(seq, _)| seq),
        workflow_update: made.workflow.map(|(_, update)| update),
    };
    let id = EventId::new_ordered_uuid(tx.now);
    insert_row(tx, made.agent_seq, &id, (made.kind, made.payload), &about)
}

const INSERT: &str = "
    INSERT INTO events
        (id, agent_seq, type, payload, conversation_seq, user_seq, message_seq, workflow_seq,
         workflow_update, after_message, created_at)
    VALUES
        (:id, :agent_seq, :kind, :payload, :conversation, :user, :message, :workflow, :workflow_update,
         coalesce((SELECT max(seq) FROM messages), 0), :now)";

fn insert_row(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    id: &EventId,
    (kind, payload): (&str, &Value),
    about: &EventSubjects,
) -> Result<i64> {
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_seq": agent_seq,
        ":kind": kind,
        ":payload": payload.to_string(),
        ":conversation": about.conversation,
        ":user": about.user,
        ":message": about.message,
        ":workflow": about.workflow,
        ":workflow_update": about.workflow_update,
        ":now": tx.now,
    })?;
    Ok(tx.conn.last_insert_rowid())
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "events",
    setting: "events",
    limit: |bounds| bounds.events,
    max_number_sql: Some("SELECT max(seq) FROM events"),
    rows_sql: "SELECT 1 FROM events WHERE agent_seq = ?1",
};

fn create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
    kind: &str,
    payload: &Value,
    new: &NewEvent,
) -> Result<Event> {
    let agent_seq = author.bot().seq;
    BOUND.require(tx, agent_seq)?;
    let about = find_subjects(tx.conn, author, new)?;
    let id = EventId::new_ordered_uuid(tx.now);
    let seq = insert_row(tx, agent_seq, &id, (kind, payload), &about)?;
    match &new.schedule {
        Some(schedule) => {
            schedules::create(tx, agent_seq, schedule, ScheduledItem::Event(seq))?;
        }
        None => {
            let lane = about.conversation.unwrap_or(0);
            deliveries::enqueue_for_bot(tx, agent_seq, Notification::Event(seq), lane)?;
        }
    }
    let made = rows::read(tx.conn, author, &id)?;
    made.ok_or_else(|| Error::new(Kind::Internal, "a new event cannot be read"))
}
