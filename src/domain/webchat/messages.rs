//! Messages of the chat.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::{
    CHANNEL, Signal, WebchatRequest, WebchatUserRequest,
    conversations::{find_chat_id, require_participant},
    foreign_ids,
    message_streams::find_stream,
};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations,
            messages::{self, Filter},
        },
        shared::paging::{Page, PageToken},
        tenancy::{app::App, request_auth::PrincipalAgent, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result, Rule, Timestamp, Violation,
        ids::{EndUserId, MessageId},
    },
};

/// A message of the chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id of the message.
    pub id: MessageId,
    /// Id of the conversation in the chat.
    pub conversation: String,
    /// Id of the author in the chat.
    pub user: String,
    /// Type of the message.
    pub kind: String,
    /// Payload; its member `metadata` is free for the client and the bot.
    pub payload: Map<String, Value>,
    /// True if the bot sent the message.
    pub is_bot: bool,
    /// Creation time.
    pub created_at: Timestamp,
}

/// A new message.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Id of the conversation in the chat.
    pub conversation: String,
    /// Type of the message.
    pub kind: String,
    /// Payload.
    pub payload: Map<String, Value>,
}

impl Message {
    fn new(message: messages::Message, conversation: String, user: String) -> Self {
        Self {
            id: message.id,
            conversation,
            user,
            kind: message.kind,
            payload: message.payload.parse_members(),
            is_bot: !message.incoming,
            created_at: message.created_at,
        }
    }
}

/// Creates an incoming message from the calling user.
///
/// # Errors
/// `ReferenceNotFound` if the conversation does not exist; `Forbidden` if the user does not participate in it;
/// `InvalidData` if the payload does not match its type; errors of [`messages::create`].
pub async fn create(user_request: &WebchatUserRequest, new: NewMessage) -> Result<Message> {
    let author = user_request.author()?;
    let app = user_request.call().app();
    let (found, known) = app.store().read(|conn| {
        let found = foreign_ids::get_referenced_conversation(conn, &author, &new.conversation)?;
        let known = foreign_ids::find_conversation_fid(conn, &found)?;
        require_declared_type(conn, &author, &new.kind)?;
        Ok((found, known))
    })?;
    let new = messages::NewMessage {
        conversation: found.id,
        user: user_request.id.clone(),
        content: messages::NewContent {
            kind: new.kind,
            payload: new.payload,
            tags: BTreeMap::new(),
            discriminators: None,
            origin: None,
        },
        schedule: None,
        by_participant: true,
    };
    let publisher = user_request.publisher(found.seq)?;
    let (conversation, fid) = (known.clone(), user_request.fid.clone());
    let publish = move |tx: &WriteTx<'_>, created: &messages::Message| {
        let signal = Signal::MessageCreated(Message::new(created.clone(), conversation, fid));
        tx.run_after_commit(move |app| publisher.publish(app, signal));
    };
    let created = messages::create_with_hook(user_request.call(), new, publish).await?;
    Ok(Message::new(created, known, user_request.fid.clone()))
}

/// Requires that the channel declares this message type. Other integrations may create messages of undeclared
/// types.
fn require_declared_type(conn: &Connection, author: &Author, kind: &str) -> Result<()> {
    let speaker = author.load_schemas(conn)?;
    let own_integration = speaker.own_integration()?;
    let channel = own_integration.and_then(|chat| chat.definition.channels.get(CHANNEL));
    let names = channel
        .into_iter()
        .flat_map(|channel| channel.messages.keys());
    let allowed: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    if allowed.contains(&format!("{kind:?}")) {
        return Ok(());
    }
    Err(Violation::body(["payload", "type"], Rule::OneOf { allowed }).into())
}

/// Publishes a message from the bot to the listeners of its conversation, and before it the end of the message
/// stream that it names.
///
/// # Errors
/// Errors of the store.
pub fn deliver(request: &WebchatRequest, id: &MessageId) -> Result<()> {
    let author = request.author()?;
    let app = request.call().app();
    let published = app.store().read(|conn| {
        let Some(message) = messages::find_visible(conn, &author, id)? else {
            return Ok(None);
        };
        let (conversation, seq) = find_chat_id(conn, &author, &message.conversation_id)?;
        let user = foreign_ids::find_user_fid(conn, author.bot(), &message.user_id)?;
        Ok(Some((seq, Message::new(message, conversation, user))))
    })?;
    // The message may be deleted meanwhile.
    if let Some((conversation, message)) = published {
        let publisher = request.publisher(conversation)?;
        if let Some(stream) = find_stream(&message.payload) {
            let message = message.clone();
            publisher.publish(app, Signal::MessageStreamCompleted { stream, message });
        }
        publisher.publish(app, Signal::MessageCreated(message));
    }
    Ok(())
}

/// Returns a message of a conversation that the calling user participates in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub fn find(user_request: &WebchatUserRequest, id: &MessageId) -> Result<Message> {
    let message = messages::find(user_request.call(), id)?;
    let author = user_request.author()?;
    user_request.call().app().store().read(|conn| {
        let found = conversations::load_visible(conn, &author, &message.conversation_id)?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        let conversation = foreign_ids::find_conversation_fid(conn, &found)?;
        let user = foreign_ids::find_user_fid(conn, author.bot(), &message.user_id)?;
        Ok(Message::new(message, conversation, user))
    })
}

/// Deletes a message of the calling user.
///
/// # Errors
/// `NotFound`; `Forbidden` if another user sent it; errors of the store.
pub async fn delete(user_request: &WebchatUserRequest, id: MessageId) -> Result<()> {
    let message = messages::find(user_request.call(), &id)?;
    if message.user_id != user_request.id {
        return Err(Error::new(
            Kind::Forbidden,
            "You are not the sender of this message",
        ));
    }
    let author = user_request.author()?;
    let app = user_request.call().app();
    let (conversation, seq) = app
        .store()
        .read(|conn| find_chat_id(conn, &author, &message.conversation_id))?;
    let signal = Signal::MessageDeleted {
        id: id.clone(),
        conversation,
        user: user_request.fid.clone(),
    };
    let publisher = user_request.publisher(seq)?;
    let publish = move |app: &App| publisher.publish(app, signal);
    messages::delete_with_effect(user_request.call(), id, publish)
        .await
        .map(drop)
}

/// Returns a page of the messages of a conversation, newest first.
///
/// # Errors
/// `NotFound`; `Forbidden` if the calling user does not participate; errors of the store.
pub async fn list(
    user_request: &WebchatUserRequest,
    id: &str,
    after: Option<PageToken>,
) -> Result<Page<Message>> {
    let author = user_request.author()?;
    let store = user_request.call().app().store();
    let (found, conversation) = store.read(|conn| {
        let found = foreign_ids::get_conversation(conn, &author, id)?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        let known = foreign_ids::find_conversation_fid(conn, &found)?;
        Ok((found, known))
    })?;
    let filter = Filter {
        conversation: Some(found.id),
        ..Filter::default()
    };
    let page = messages::list(user_request.call(), filter, after).await?;
    let next = page.next;
    let items = store.read(|conn| {
        let authors = find_author_ids(conn, author.bot(), &page.items)?;
        let messages = page.items.into_iter();
        let known = messages.map(|message| {
            let user = authors.get(&message.user_id).cloned().unwrap_or_default();
            Message::new(message, conversation.clone(), user)
        });
        Ok(known.collect())
    })?;
    Ok(Page { items, next })
}

/// Returns the ids in the chat of all authors of these messages.
fn find_author_ids(
    conn: &Connection,
    bot: &PrincipalAgent,
    messages: &[messages::Message],
) -> Result<BTreeMap<EndUserId, String>> {
    let mut authors = BTreeMap::new();
    for message in messages {
        if !authors.contains_key(&message.user_id) {
            let known = foreign_ids::find_user_fid(conn, bot, &message.user_id)?;
            authors.insert(message.user_id.clone(), known);
        }
    }
    Ok(authors)
}
