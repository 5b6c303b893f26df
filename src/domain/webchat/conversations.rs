//! Conversations of the chat. The user who creates a conversation owns it and can add participants.

use rusqlite::Connection;

use super::{CHANNEL, FID, NAME, OWNER, WebchatUserRequest, foreign_ids};
use crate::{
    domain::{
        bots::{
            author::Author,
            conversations::{self, Filter},
        },
        shared::paging::{Page, PageToken},
        tenancy::{request_auth::PrincipalAgent, write_tx::WriteTx},
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{ConversationId, EndUserId},
    },
};

/// A conversation of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Id in the chat: the foreign id if the client chose one, else the conversation's own id.
    pub id: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last update.
    pub updated_at: Timestamp,
}

impl Conversation {
    fn load(conn: &Connection, found: &conversations::Conversation) -> Result<Self> {
        Ok(Self {
            id: foreign_ids::find_conversation_fid(conn, found)?,
            created_at: found.created_at,
            updated_at: found.updated_at,
        })
    }
}

/// Requires that a user participates in a conversation.
///
/// # Errors
/// `Forbidden`, or errors of the store.
pub(super) fn require_participant(
    conn: &Connection,
    bot: &PrincipalAgent,
    conversation: &conversations::Conversation,
    user: &EndUserId,
) -> Result<()> {
    conversations::require_participant(conn, bot, conversation, user).map(drop)
}

/// Requires that a user owns a conversation.
///
/// # Errors
/// `Forbidden`
pub(super) fn require_owner(
    conversation: &conversations::Conversation,
    user: &EndUserId,
) -> Result<()> {
    let tags = conversation.tags.clone().visible_to(Some(NAME));
    if tags.get(OWNER).map(String::as_str) == Some(user.as_str()) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "You are not the owner of this conversation",
    ))
}

/// Creates a conversation that the calling user owns.
///
/// # Errors
/// `Invalid` if the foreign id is not allowed; `Conflict` if it is taken; errors of the store.
pub async fn create(visitor: &WebchatUserRequest, fid: Option<String>) -> Result<Conversation> {
    if let Some(fid) = &fid {
        foreign_ids::validate_fid(fid)?;
    }
    let voice = visitor.voice()?;
    let owner = (visitor.id.clone(), visitor.seq);
    let call = visitor.call();
    call.app()
        .run_write_tx(call, move |tx, _| {
            if let Some(fid) = &fid {
                foreign_ids::require_free_conversation(tx.conn, &voice, fid)?;
            }
            create_in_tx(tx, &voice, owner, fid)
        })
        .await
}

fn create_in_tx(
    tx: &WriteTx<'_>,
    voice: &Author,
    (owner, owner_seq): (EndUserId, i64),
    fid: Option<String>,
) -> Result<Conversation> {
    let mut tags = [(OWNER.to_owned(), Some(owner.to_string()))].to_vec();
    tags.extend(fid.clone().map(|fid| (FID.to_owned(), Some(fid))));
    let new = conversations::NewConversation {
        channel: CHANNEL.to_owned(),
        tags: tags.into_iter().collect(),
        integration: None,
    };
    let made = conversations::create_own_in_tx(tx, voice, &new)?;
    conversations::add_participant_row(tx, voice.bot(), &made, &owner, Some(owner_seq))?;
    if let Some(fid) = fid {
        foreign_ids::insert_conversation_fid(tx.conn, voice.bot().seq, &fid, made.seq)?;
    }
    Conversation::load(tx.conn, &made)
}

/// Returns the calling user's conversation with this id; creates it if there is none.
///
/// # Errors
/// `Forbidden` if another user owns it; `Invalid` if the id is not allowed; errors of the store.
pub async fn get_or_create(visitor: &WebchatUserRequest, id: String) -> Result<Conversation> {
    let voice = visitor.voice()?;
    let (call, user) = (visitor.call(), visitor.id.clone());
    let owned = |conn: &Connection, voice: &Author| {
        let Some(found) = foreign_ids::find_conversation(conn, voice, &id)? else {
            return Ok(None);
        };
        require_owner(&found, &user)?;
        Conversation::load(conn, &found).map(Some)
    };
    if let Some(known) = call.app().store().read(|conn| owned(conn, &voice))? {
        return Ok(known);
    }
    foreign_ids::validate_fid(&id)?;
    let (owner, seq) = (visitor.id.clone(), visitor.seq);
    call.app()
        .run_write_tx(call, move |tx, _| {
            if let Some(found) = foreign_ids::find_conversation(tx.conn, &voice, &id)? {
                require_owner(&found, &owner)?;
                return Conversation::load(tx.conn, &found);
            }
            foreign_ids::require_free_conversation(tx.conn, &voice, &id)?;
            create_in_tx(tx, &voice, (owner, seq), Some(id))
        })
        .await
}

/// Returns a conversation that the calling user participates in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub fn find(visitor: &WebchatUserRequest, id: &str) -> Result<Conversation> {
    let voice = visitor.voice()?;
    visitor.call().app().store().read(|conn| {
        let found = foreign_ids::get_conversation(conn, &voice, id)?;
        require_participant(conn, voice.bot(), &found, &visitor.id)?;
        Conversation::load(conn, &found)
    })
}

/// Returns the bot's conversation with this id if the calling user owns it.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub(super) fn find_owned(
    visitor: &WebchatUserRequest,
    id: &str,
) -> Result<conversations::Conversation> {
    let voice = visitor.voice()?;
    visitor.call().app().store().read(|conn| {
        let found = foreign_ids::get_conversation(conn, &voice, id)?;
        require_owner(&found, &visitor.id)?;
        Ok(found)
    })
}

/// Deletes a conversation that the calling user owns, with its messages.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub async fn delete(visitor: &WebchatUserRequest, id: &str) -> Result<()> {
    let found = find_owned(visitor, id)?;
    conversations::delete(visitor.call(), found.id)
        .await
        .map(drop)
}

/// Returns a page of the conversations that the calling user owns, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    visitor: &WebchatUserRequest,
    after: Option<PageToken>,
) -> Result<Page<Conversation>> {
    // wire: the list omits conversations of other owners in which the user participates, as the vendor's does
    let filter = Filter {
        tags: [(OWNER.to_owned(), visitor.id.to_string())].into(),
        ..Filter::default()
    };
    let page = conversations::list(visitor.call(), filter, after).await?;
    let next = page.next;
    let items = visitor.call().app().store().read(|conn| {
        let known = page.items.iter();
        known.map(|found| Conversation::load(conn, found)).collect()
    })?;
    Ok(Page { items, next })
}

/// Returns a conversation's id in the chat, and its row.
pub(super) fn find_chat_id(
    conn: &Connection,
    voice: &Author,
    id: &ConversationId,
) -> Result<(String, i64)> {
    let found = conversations::load_visible(conn, voice, id)?;
    Ok((foreign_ids::find_conversation_fid(conn, &found)?, found.seq))
}
