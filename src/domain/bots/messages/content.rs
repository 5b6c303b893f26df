//! The content of a new message, and its insert.

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{
    Message, Origin,
    index::{self, IndexEntry, IndexOp},
    matching::MessageMatch,
};
use crate::{
    domain::{
        bots::{
            author::{Author, AuthorSchemas},
            conversations::{self, Conversation},
            deliveries::{self, Notification},
            schedules::{self, Schedule, ScheduledItem},
            tag_match::TagMatch,
            tags::{TagPatch, Tags},
        },
        tenancy::{bounds::Bound, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, RawObject, Result, Rule, Timestamp, Violation,
        ids::{EndUserId, MessageId},
        schema,
        violation::PathSegment,
    },
};

/// The content of a new message.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// Type.
    pub kind: String,
    /// Content.
    pub payload: Map<String, Value>,
    /// Tags.
    pub tags: TagPatch,
    /// Names of the tags by which a get-or-create finds the message.
    pub discriminators: Option<Vec<String>>,
    /// Origin, if it is not a user or the bot.
    pub origin: Option<Origin>,
}

/// Time and delivery of a new message.
#[derive(Debug, Clone)]
pub(super) enum Timing {
    /// The message is new, and delivered at once or at this time.
    Deliver(Option<Schedule>),
    /// The message is older, and is not delivered.
    Import(Timestamp),
}

/// The content of a new message that has passed validation.
pub(super) struct ValidatedContent {
    kind: String,
    payload: RawObject,
    tags: Tags,
    wanted: TagMatch,
    origin: Option<Origin>,
}

impl NewContent {
    /// Validates the content for a conversation in this integration and channel.
    pub(super) fn validate(
        self,
        speaker: &AuthorSchemas<'_>,
        channel: (&str, &str),
        limits: &schema::Limits,
    ) -> Result<ValidatedContent> {
        let payload = Value::Object(self.payload);
        check_payload(speaker, channel, (&self.kind, &payload), limits)?;
        let tags = speaker.apply_message_tags(channel, &Tags::default(), &self.tags)?;
        let (own, _) = channel;
        Ok(ValidatedContent {
            kind: self.kind,
            payload: to_raw_object(&payload),
            wanted: TagMatch::new(&tags, self.discriminators.as_deref(), Some(own)),
            tags,
            origin: self.origin,
        })
    }
}

pub(super) fn to_raw_object(payload: &Value) -> RawObject {
    RawObject::from(payload.as_object().unwrap_or(&Map::new()))
}

/// Validates a payload by the schema that the channel declares for the type. An integration may also report
/// types that its channel cannot send.
pub(super) fn check_payload(
    speaker: &AuthorSchemas<'_>,
    (integration, channel): (&str, &str),
    (kind, payload): (&str, &Value),
    limits: &schema::Limits,
) -> Result<()> {
    let found = speaker.find_integration(integration);
    let channel = found.and_then(|found| found.definition.channels.get(channel));
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
        (id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, origin,
         event_outcome, created_at)
    VALUES
        (:id, :agent_seq, :conversation, :user, :incoming, :kind, :payload, :tags, :origin,
         :event_outcome, :created_at)";

/// Value of `event_outcome` for a message without an event.
const NO_EVENT: &str = "none";

impl ValidatedContent {
    /// True if the caller named tags by which the message is found.
    pub(super) fn is_discriminated(&self) -> bool {
        !self.wanted.is_whole()
    }

    /// Finds the oldest message with the same key as this one. With tags that identify a message, it can be in another
    /// conversation of the integration.
    pub(super) fn find_existing(
        &self,
        conn: &Connection,
        author: &Author,
        (conversation, user): (&Conversation, Option<i64>),
        unindexed: impl FnOnce(&MessageMatch<'_>) -> Vec<i64>,
    ) -> Result<Option<Message>> {
        let alike = MessageMatch {
            author,
            conversation_seq: conversation.seq,
            integration: &conversation.integration,
            user_seq: user,
            kind: &self.kind,
            wanted: &self.wanted,
        };
        alike.find(conn, &unindexed(&alike))
    }

    /// Finds the message like [`find_existing`](Self::find_existing), as this transaction sees it.
    pub(super) fn find_existing_in_tx(
        &self,
        tx: &WriteTx<'_>,
        author: &Author,
        targets: (&Conversation, Option<i64>),
    ) -> Result<Option<Message>> {
        let unindexed = tx.index_write_batch();
        self.find_existing(tx.conn, author, targets, |alike| {
            alike.find_candidates_in_batch(&unindexed)
        })
    }

    /// Inserts the message, adds it to the index, and schedules or enqueues its delivery.
    pub(super) fn insert(
        self,
        tx: &WriteTx<'_>,
        author: &Author,
        conversation: &Conversation,
        (user_id, user): (EndUserId, Option<i64>),
        timing: &Timing,
    ) -> Result<Message> {
        let bot = author.bot();
        let agent_seq = bot.seq;
        BOUND.require(tx, agent_seq)?;
        let id = MessageId::new_ordered_uuid(tx.now);
        // An import can have messages of both directions, so its authors decide.
        let (incoming, created_at, event_outcome) = match timing {
            Timing::Deliver(_) => (author.integration().is_some(), tx.now, None),
            Timing::Import(at) => (user.is_some(), *at, Some(NO_EVENT)),
        };
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":id": id,
            ":agent_seq": agent_seq,
            ":conversation": conversation.seq,
            ":user": user,
            ":incoming": incoming,
            ":kind": self.kind,
            ":payload": self.payload,
            ":tags": self.tags.to_canonical_json(),
            ":origin": self.origin,
            ":event_outcome": event_outcome,
            ":created_at": created_at,
        })?;
        let seq = tx.conn.last_insert_rowid();
        tx.index_write_batch().push(IndexOp::Insert(IndexEntry {
            seq,
            agent_seq,
            conversation_seq: conversation.seq,
            user_seq: user,
            incoming,
            created_at: created_at.as_micros(),
            tags: self.tags.clone(),
        }));
        conversations::add_participant_row(tx, bot, conversation, &user_id, user)?;
        if let Timing::Deliver(schedule) = timing {
            deliver(tx, author, conversation, seq, schedule.as_ref())?;
        }
        Ok(Message {
            id,
            conversation_id: conversation.id.clone(),
            user_id,
            incoming,
            kind: self.kind,
            payload: self.payload,
            tags: self.tags,
            origin: self.origin,
            created_at,
            updated_at: created_at,
            seq,
        })
    }
}

/// Schedules or enqueues the delivery of a new message: to the bot if an integration created it, to the integration of
/// the conversation if the bot did.
fn deliver(
    tx: &WriteTx<'_>,
    author: &Author,
    conversation: &Conversation,
    seq: i64,
    schedule: Option<&Schedule>,
) -> Result<()> {
    let (agent_seq, lane) = (author.bot().seq, conversation.seq);
    match schedule {
        Some(schedule) => schedules::create(tx, agent_seq, schedule, ScheduledItem::Message(seq)),
        None if author.integration().is_some() => {
            deliveries::enqueue_for_bot(tx, agent_seq, Notification::Message(seq), lane)
        }
        None => {
            let integration = &conversation.integration;
            deliveries::enqueue_for_integration(tx, agent_seq, integration, seq, lane)
        }
    }
}

/// Returns the message of a get-or-create, unless it is in another conversation.
///
/// # Errors
/// `RelationConflict`.
pub(super) fn require_in_conversation(
    found: Message,
    conversation: &Conversation,
) -> Result<Message> {
    if found.conversation_id == conversation.id {
        return Ok(found);
    }
    // wire: gmail tests this text (botpress-today.md §10.3)
    let text = format!(
        "Message \"{}\" already exists for a different conversation",
        found.id
    );
    Err(Error::new(Kind::RelationConflict, text))
}

/// Adds the place of an object in the body to the violations of an error.
pub(super) fn prefix_violations(error: Error, place: &[PathSegment]) -> Error {
    if error.broken_rules().is_empty() {
        return error;
    }
    let kind = error.kind();
    let broken = error.broken_rules().iter().cloned().map(|rule| Violation {
        path: place.iter().cloned().chain(rule.path).collect(),
        ..rule
    });
    Error::from_violations(broken.collect()).with_kind(kind)
}
