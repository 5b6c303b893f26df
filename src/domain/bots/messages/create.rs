//! Creates messages. Validation happens on a read connection before the write transaction, which only checks
//! that the conversation and the user still exist.

use std::sync::Arc;

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{
    Message,
    index::{self, IndexEntry, IndexOp},
    matching::MessageMatch,
};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas, require_write},
            conversations::{self, Conversation, ConversationChannel},
            deliveries::{self, Notification},
            schedules::{self, Schedule, ScheduledItem},
            tags::{TagPatch, Tags},
            users,
        },
        tenancy::{
            app::App, billing, bounds::Bound, request_auth::RequestContext, write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, RawObject, Result, Rule, Violation,
        ids::{ConversationId, EndUserId, MessageId},
        schema,
    },
};

/// The properties of a new message.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Conversation.
    pub conversation: ConversationId,
    /// User who writes it.
    pub user: EndUserId,
    /// Type.
    pub kind: String,
    /// Content.
    pub payload: Map<String, Value>,
    /// Tags.
    pub tags: TagPatch,
    /// Time of delivery; immediate if absent.
    pub schedule: Option<Schedule>,
    /// True if the user must already be a participant of the conversation. Otherwise the message makes the
    /// user one.
    pub by_participant: bool,
}

/// A new message that has passed validation.
struct ValidatedMessage {
    voice: Author,
    conversation: ConversationId,
    /// Row id of the conversation, which may be gone since.
    conversation_seq: i64,
    user: EndUserId,
    kind: String,
    payload: RawObject,
    tags: Tags,
    schedule: Option<Schedule>,
    by_participant: bool,
}

/// Creates a message in a conversation of the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `ReferenceNotFound` for an unknown conversation or user;
/// `RelationConflict` for a conversation of another integration; `InvalidData` for a payload that does not
/// conform to the schema of its type; `Invalid` for undeclared tags, an unknown type or a broken schedule;
/// `QuotaExceeded` if the workspace has used up its users' messages of the month; errors of the store.
pub async fn create(call: &RequestContext, new: NewMessage) -> Result<Message> {
    create_with_hook(call, new, |_, _| ()).await
}

/// Creates a message like [`create`], and calls `and` inside the transaction, to record data about it.
pub(in crate::domain) async fn create_with_hook(
    call: &RequestContext,
    new: NewMessage,
    and: impl FnOnce(&WriteTx<'_>, &Message) + Send + 'static,
) -> Result<Message> {
    let checked = validate(call, new, require_quota)?;
    call.app()
        .run_write_tx(call, move |tx, _| {
            let (conversation, user) = checked.load_targets(tx.conn)?;
            let made = checked.insert(tx, &conversation, user)?;
            and(tx, &made);
            Ok(made)
        })
        .await
}

/// Returns the message of this user in this conversation with this type and exactly these tags, or creates
/// it. Concurrent calls get the same message.
///
/// # Errors
/// As [`create`].
pub async fn get_or_create(call: &RequestContext, new: NewMessage) -> Result<Message> {
    let checked = validate(call, new, |_, _, _| Ok(()))?;
    let index = call.app().message_index().snapshot();
    let known = call.app().store().read(|conn| {
        let (conversation, user) = checked.load_targets(conn)?;
        let known = checked.find_existing(conn, &conversation, user, |alike| {
            alike.find_candidates(&index)
        })?;
        if known.is_none() {
            require_quota(conn, call, &checked.voice)?;
        }
        Ok(known)
    })?;
    if let Some(known) = known {
        return Ok(known);
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            let (conversation, user) = checked.load_targets(tx.conn)?;
            let unindexed = tx.index_write_batch();
            let unindexed = |alike: &MessageMatch<'_>| alike.find_candidates_in_batch(&unindexed);
            match checked.find_existing(tx.conn, &conversation, user, unindexed)? {
                Some(known) => Ok(known),
                None => checked.insert(tx, &conversation, user),
            }
        })
        .await
}

fn validate(
    call: &RequestContext,
    new: NewMessage,
    also: impl Fn(&Connection, &RequestContext, &Author) -> Result<()>,
) -> Result<ValidatedMessage> {
    require_write(call)?;
    if let Some(schedule) = &new.schedule {
        schedule.due_at(call.app().clock().now())?;
    }
    let voice = Author::from_call(call)?;
    let text = RawObject::from(&new.payload);
    let payload = Value::Object(new.payload);
    let limits = call.schema_limits();
    let (tags, conversation_seq) = call.app().store().read(|conn| {
        let speaker = voice.load_schemas(conn)?;
        let route = find_channel(call.app(), conn, &voice, &new.conversation)?;
        check_payload(&speaker, &route, &new.kind, &payload, limits)?;
        let tags = speaker.apply_message_tags(route.channel_key(), &Tags::default(), &new.tags)?;
        also(conn, call, &voice)?;
        Ok((tags, route.seq))
    })?;
    Ok(ValidatedMessage {
        voice,
        conversation: new.conversation,
        conversation_seq,
        user: new.user,
        kind: new.kind,
        payload: text,
        tags,
        schedule: new.schedule,
        by_participant: new.by_participant,
    })
}

/// Checks the quota of users' messages if an integration calls. The quota is soft: concurrent calls may
/// exceed it together, and the write transaction does not check it.
fn require_quota(conn: &Connection, call: &RequestContext, voice: &Author) -> Result<()> {
    match voice.integration() {
        Some(_) => billing::require_message(conn, call.app(), call.workspace()),
        None => Ok(()),
    }
}

/// Returns the conversation that a request body names.
pub(in crate::domain) fn load_conversation(
    conn: &Connection,
    voice: &Author,
    id: &ConversationId,
) -> Result<Conversation> {
    let found = conversations::find_in_bot(conn, voice.bot().seq, id)?;
    let conversation = found.ok_or_else(|| conversation_not_found(id))?;
    require_own_conversation(voice, &conversation.integration, id)?;
    Ok(conversation)
}

/// Returns the integration and channel of the conversation that a request body names. It may be deleted
/// since.
fn find_channel(
    app: &App,
    conn: &Connection,
    voice: &Author,
    id: &ConversationId,
) -> Result<Arc<ConversationChannel>> {
    let found = app.channel_cache().get_or_load(conn, voice.bot().seq, id)?;
    let route = found.ok_or_else(|| conversation_not_found(id))?;
    require_own_conversation(voice, &route.integration, id)?;
    Ok(route)
}

fn conversation_not_found(id: &ConversationId) -> Error {
    let text = format!("Conversation \"{id}\" not found");
    Error::new(Kind::ReferenceNotFound, text)
}

/// Checks that the conversation belongs to the calling integration, if one calls.
fn require_own_conversation(voice: &Author, integration: &str, id: &ConversationId) -> Result<()> {
    match voice.integration() {
        Some(own) if own.name != integration => Err(Error::new(
            Kind::RelationConflict,
            format!(
                "The conversation {id} does not belong to the integration {}",
                own.name
            ),
        )),
        _ => Ok(()),
    }
}

/// Validates a payload by the schema that the channel declares for the type. An integration may also report
/// types that its channel cannot send.
fn check_payload(
    speaker: &AuthorSchemas<'_>,
    route: &ConversationChannel,
    kind: &str,
    payload: &Value,
    limits: &schema::Limits,
) -> Result<()> {
    let found = speaker.find_integration(&route.integration);
    let channel = found.and_then(|found| found.definition.channels.get(&route.channel));
    // An integration that is no longer installed declares nothing.
    let Some(channel) = channel else {
        return Ok(());
    };
    match channel.messages.get(kind) {
        Some(schema) => schema.check(payload, "payload", limits),
        None if speaker.integration.is_some() => Ok(()),
        None => {
            let names = channel.messages.keys();
            let allowed = names.map(|name| format!("{name:?}")).collect();
            Err(Violation::body(["type"], Rule::OneOf { allowed }).into())
        }
    }
}

const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "messages",
    setting: "messages",
    limit: |bounds| bounds.messages,
    max_number_sql: Some("SELECT max(seq) FROM messages"),
    rows_sql: index::ROWS_OF_AGENT,
};

const INSERT: &str = "
    INSERT INTO messages
        (id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
    VALUES
        (:id, :agent_seq, :conversation, :user, :incoming, :kind, :payload, :tags, :now)";

impl ValidatedMessage {
    /// Loads the conversation, and the row id of the user, on this connection. The bot's own user has no row.
    fn load_targets(&self, conn: &Connection) -> Result<(Conversation, Option<i64>)> {
        let (bot, seq) = (self.voice.bot().seq, self.conversation_seq);
        let found = conversations::find_at_row(conn, bot, seq, &self.conversation)?;
        let conversation = found.ok_or_else(|| conversation_not_found(&self.conversation))?;
        let user = users::find_referenced_row(conn, &self.voice, &self.user)?;
        if self.by_participant {
            conversations::require_participant(conn, self.voice.bot(), &conversation, &self.user)?;
        }
        Ok((conversation, user))
    }

    /// Finds the oldest message with the same key as this one.
    fn find_existing(
        &self,
        conn: &Connection,
        conversation: &Conversation,
        user: Option<i64>,
        unindexed: impl FnOnce(&MessageMatch<'_>) -> Vec<i64>,
    ) -> Result<Option<Message>> {
        let alike = MessageMatch {
            voice: &self.voice,
            conversation_seq: conversation.seq,
            user_seq: user,
            kind: &self.kind,
            tags: &self.tags,
        };
        alike.find(conn, &unindexed(&alike))
    }

    /// Inserts the message, adds it to the index, and schedules or enqueues its delivery.
    fn insert(
        self,
        tx: &WriteTx<'_>,
        conversation: &Conversation,
        user: Option<i64>,
    ) -> Result<Message> {
        let bot = self.voice.bot();
        let (agent_seq, lane) = (bot.seq, conversation.seq);
        BOUND.require(tx, agent_seq)?;
        let id = MessageId::new_ordered_uuid(tx.now);
        let incoming = self.voice.integration().is_some();
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": id,
            ":agent_seq": agent_seq,
            ":conversation": conversation.seq,
            ":user": user,
            ":incoming": incoming,
            ":kind": self.kind,
            ":payload": self.payload,
            ":tags": self.tags.to_canonical_json(),
            ":now": tx.now,
        })?;
        let seq = tx.conn.last_insert_rowid();
        tx.index_write_batch().push(IndexOp::Insert(IndexEntry {
            seq,
            agent_seq,
            conversation_seq: lane,
            user_seq: user,
            incoming,
            created_at: tx.now.as_micros(),
            tags: self.tags.clone(),
        }));
        conversations::add_participant_row(tx, bot, conversation, &self.user, user)?;
        match &self.schedule {
            Some(schedule) => {
                schedules::create(tx, agent_seq, schedule, ScheduledItem::Message(seq))?;
            }
            None if incoming => {
                deliveries::enqueue_for_bot(tx, agent_seq, Notification::Message(seq), lane)?
            }
            None => {
                deliveries::enqueue_for_integration(
                    tx,
                    agent_seq,
                    &conversation.integration,
                    seq,
                    lane,
                )?;
            }
        }
        Ok(Message {
            id,
            conversation_id: self.conversation,
            user_id: self.user,
            incoming,
            kind: self.kind,
            payload: self.payload,
            tags: self.tags,
            created_at: tx.now,
            seq,
        })
    }
}
