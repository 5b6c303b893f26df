//! Creates messages. Validation happens on a read connection before the write transaction, which only checks
//! that the conversation and the user still exist.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    Message, NewContent,
    content::{Timing, ValidatedContent, require_in_conversation},
};
use crate::{
    domain::{
        bots::{
            author::{Author, require_write},
            conversations::{self, Conversation, ConversationChannel},
            schedules::Schedule,
            users,
        },
        tenancy::{app::App, billing, request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result,
        ids::{ConversationId, EndUserId},
    },
};

/// The properties of a new message.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Conversation.
    pub conversation: ConversationId,
    /// User who writes it.
    pub user: EndUserId,
    /// Content.
    pub content: NewContent,
    /// Time of delivery; immediate if absent.
    pub schedule: Option<Schedule>,
    /// True if the user must already be a participant of the conversation. Otherwise the message makes the
    /// user one.
    pub by_participant: bool,
}

/// A new message that has passed validation.
struct ValidatedMessage {
    author: Author,
    conversation: ConversationId,
    /// Row id of the conversation, which may be gone since.
    conversation_seq: i64,
    user: EndUserId,
    content: ValidatedContent,
    timing: Timing,
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

/// Returns the message with the tags that the content's discriminators name, or creates it. Without them, it must have
/// the same user, type and exactly the same tags. Concurrent calls get the same message.
///
/// # Errors
/// As [`create`]; `RelationConflict` if the message is in another conversation.
pub async fn get_or_create(call: &RequestContext, new: NewMessage) -> Result<Message> {
    let checked = validate(call, new, |_, _, _| Ok(()))?;
    let index = call.app().message_index().snapshot();
    let known = call.app().store().read(|conn| {
        let (conversation, user) = checked.load_targets(conn)?;
        let targets = (&conversation, user);
        let content = &checked.content;
        let known = content.find_existing(conn, &checked.author, targets, |alike| {
            alike.find_candidates(&index)
        })?;
        match known {
            Some(known) => require_in_conversation(known, &conversation).map(Some),
            None => {
                require_quota(conn, call, &checked.author)?;
                Ok(None)
            }
        }
    })?;
    if let Some(known) = known {
        return Ok(known);
    }
    call.app()
        .run_write_tx(call, move |tx, _| {
            let (conversation, user) = checked.load_targets(tx.conn)?;
            let targets = (&conversation, user);
            let content = &checked.content;
            match content.find_existing_in_tx(tx, &checked.author, targets)? {
                Some(known) => require_in_conversation(known, &conversation),
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
    let author = Author::from_call(call)?;
    let (content, limits) = (new.content, call.schema_limits());
    let (content, conversation_seq) = call.app().store().read(|conn| {
        let speaker = author.load_schemas(conn)?;
        let route = find_channel(call.app(), conn, &author, &new.conversation)?;
        let content = content.validate(&speaker, route.channel_key(), limits)?;
        also(conn, call, &author)?;
        Ok((content, route.seq))
    })?;
    Ok(ValidatedMessage {
        author,
        conversation: new.conversation,
        conversation_seq,
        user: new.user,
        content,
        timing: Timing::Deliver(new.schedule),
        by_participant: new.by_participant,
    })
}

/// Checks the quota of users' messages if an integration calls. The quota is soft: concurrent calls may
/// exceed it together, and the write transaction does not check it.
pub(super) fn require_quota(
    conn: &Connection,
    call: &RequestContext,
    author: &Author,
) -> Result<()> {
    match author.integration() {
        Some(_) => billing::require_message(conn, call.app(), call.workspace()),
        None => Ok(()),
    }
}

/// Returns the conversation that a request body names.
pub(in crate::domain) fn load_conversation(
    conn: &Connection,
    author: &Author,
    id: &ConversationId,
) -> Result<Conversation> {
    let found = conversations::find_in_bot(conn, author.bot().seq, id)?;
    let conversation = found.ok_or_else(|| conversation_not_found(id))?;
    require_own_conversation(author, &conversation.integration, id)?;
    Ok(conversation)
}

/// Returns the integration and channel of the conversation that a request body names. It may be deleted
/// since.
pub(super) fn find_channel(
    app: &App,
    conn: &Connection,
    author: &Author,
    id: &ConversationId,
) -> Result<Arc<ConversationChannel>> {
    let found = app
        .channel_cache()
        .get_or_load(conn, author.bot().seq, id)?;
    let route = found.ok_or_else(|| conversation_not_found(id))?;
    require_own_conversation(author, &route.integration, id)?;
    Ok(route)
}

fn conversation_not_found(id: &ConversationId) -> Error {
    let text = format!("Conversation \"{id}\" not found");
    Error::new(Kind::ReferenceNotFound, text)
}

/// Checks that the conversation belongs to the calling integration, if one calls.
fn require_own_conversation(author: &Author, integration: &str, id: &ConversationId) -> Result<()> {
    match author.integration() {
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

impl ValidatedMessage {
    /// Loads the conversation, and the row id of the user, on this connection. The bot's own user has no row.
    fn load_targets(&self, conn: &Connection) -> Result<(Conversation, Option<i64>)> {
        let (bot, seq) = (self.author.bot().seq, self.conversation_seq);
        let found = conversations::find_at_row(conn, bot, seq, &self.conversation)?;
        let conversation = found.ok_or_else(|| conversation_not_found(&self.conversation))?;
        let user = users::find_referenced_row(conn, &self.author, &self.user)?;
        if self.by_participant {
            conversations::require_participant(conn, self.author.bot(), &conversation, &self.user)?;
        }
        Ok((conversation, user))
    }

    fn insert(
        self,
        tx: &WriteTx<'_>,
        conversation: &Conversation,
        user: Option<i64>,
    ) -> Result<Message> {
        let user = (self.user, user);
        self.content
            .insert(tx, &self.author, conversation, user, &self.timing)
    }
}
