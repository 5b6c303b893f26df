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
pub async fn create(
    user_request: &WebchatUserRequest,
    fid: Option<String>,
) -> Result<Conversation> {
    if let Some(fid) = &fid {
        foreign_ids::validate_fid(fid)?;
    }
    let author = user_request.author()?;
    let owner = (user_request.id.clone(), user_request.seq);
    let call = user_request.call();
    call.app()
        .run_write_tx(call, move |tx, _| {
            if let Some(fid) = &fid {
                foreign_ids::require_free_conversation(tx.conn, &author, fid)?;
            }
            create_in_tx(tx, &author, owner, fid)
        })
        .await
}

fn create_in_tx(
    tx: &WriteTx<'_>,
    author: &Author,
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
    let created = conversations::create_own_in_tx(tx, author, &new)?;
    conversations::add_participant_row(tx, author.bot(), &created, &owner, Some(owner_seq))?;
    if let Some(fid) = fid {
        foreign_ids::insert_conversation_fid(tx.conn, author.bot().seq, &fid, created.seq)?;
    }
    Conversation::load(tx.conn, &created)
}

/// Returns the calling user's conversation with this id; creates it if there is none.
///
/// # Errors
/// `Forbidden` if another user owns it; `Invalid` if the id is not allowed; errors of the store.
pub async fn get_or_create(user_request: &WebchatUserRequest, id: String) -> Result<Conversation> {
    let author = user_request.author()?;
    let (call, user) = (user_request.call(), user_request.id.clone());
    let owned = |conn: &Connection, author: &Author| {
        let Some(found) = foreign_ids::find_conversation(conn, author, &id)? else {
            return Ok(None);
        };
        require_owner(&found, &user)?;
        Conversation::load(conn, &found).map(Some)
    };
    if let Some(known) = call.app().store().read(|conn| owned(conn, &author))? {
        return Ok(known);
    }
    foreign_ids::validate_fid(&id)?;
    let (owner, seq) = (user_request.id.clone(), user_request.seq);
    call.app()
        .run_write_tx(call, move |tx, _| {
            if let Some(found) = foreign_ids::find_conversation(tx.conn, &author, &id)? {
                require_owner(&found, &owner)?;
                return Conversation::load(tx.conn, &found);
            }
            foreign_ids::require_free_conversation(tx.conn, &author, &id)?;
            create_in_tx(tx, &author, (owner, seq), Some(id))
        })
        .await
}

/// Returns a conversation that the calling user participates in.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub fn find(user_request: &WebchatUserRequest, id: &str) -> Result<Conversation> {
    let author = user_request.author()?;
    user_request.call().app().store().read(|conn| {
        let found = foreign_ids::get_conversation(conn, &author, id)?;
        require_participant(conn, author.bot(), &found, &user_request.id)?;
        Conversation::load(conn, &found)
    })
}

/// Returns the bot's conversation with this id if the calling user owns it.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub(super) fn find_owned(
    user_request: &WebchatUserRequest,
    id: &str,
) -> Result<conversations::Conversation> {
    let author = user_request.author()?;
    user_request.call().app().store().read(|conn| {
        let found = foreign_ids::get_conversation(conn, &author, id)?;
        require_owner(&found, &user_request.id)?;
        Ok(found)
    })
}

/// Deletes a conversation that the calling user owns, with its messages.
///
/// # Errors
/// `NotFound`, `Forbidden`, or errors of the store.
pub async fn delete(user_request: &WebchatUserRequest, id: &str) -> Result<()> {
    let found = find_owned(user_request, id)?;
    conversations::delete(user_request.call(), found.id)
        .await
        .map(drop)
}

/// Returns a page of the conversations that the calling user owns, newest first.
///
/// # Errors
/// Errors of the store.
pub async fn list(
    user_request: &WebchatUserRequest,
    after: Option<PageToken>,
) -> Result<Page<Conversation>> {
    // wire: the list omits conversations of other owners in which the user participates, as the vendor's does
    let filter = Filter {
        tags: [(OWNER.to_owned(), user_request.id.to_string())].into(),
        ..Filter::default()
    };
    let page = conversations::list(user_request.call(), filter, after).await?;
    let next = page.next;
    let items = user_request.call().app().store().read(|conn| {
        let known = page.items.iter();
        known.map(|found| Conversation::load(conn, found)).collect()
    })?;
    Ok(Page { items, next })
}

/// Returns a conversation's id in the chat, and its row.
pub(super) fn find_chat_id(
    conn: &Connection,
    author: &Author,
    id: &ConversationId,
) -> Result<(String, i64)> {
    let found = conversations::load_visible(conn, author, id)?;
    Ok((foreign_ids::find_conversation_fid(conn, &found)?, found.seq))
}
