//! Ids in the chat. Clients may choose ids ("foreign ids" in the vendor's terms) for users and conversations. A
//! lookup of a conversation tries its own id first, then the foreign id. A lookup of a user takes only its id in
//! the chat, which is the user's own id if the client chose none.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::{
        bots::{
            author::Author,
            conversations::{self, Conversation},
        },
        tenancy::request_auth::PrincipalAgent,
    },
    kernel::{
        Error, Kind, Result, Rule, Violation,
        ids::{ConversationId, EndUserId},
        violation::{Location, PathSegment},
    },
};

/// Maximum length of a foreign id, in characters (the vendor's limit).
const MAX_FID_CHARS: usize = 70;

/// Validates a foreign id in a request body.
///
/// # Errors
/// `Invalid`
pub(super) fn validate_fid(fid: &str) -> Result<()> {
    validate_fid_at(Location::Body, &["id"], fid)
}

/// Validates a foreign id in a user key.
///
/// # Errors
/// `Invalid`
pub(super) fn validate_claimed_fid(fid: &str) -> Result<()> {
    validate_fid_at(Location::Header, &["x-user-key", "id"], fid)
}

fn validate_fid_at(location: Location, path: &[&str], fid: &str) -> Result<()> {
    let broken = |rule| {
        let steps = path.iter().map(|step| PathSegment::Key((*step).to_owned()));
        Error::from(Violation {
            location,
            path: steps.collect(),
            rule,
        })
    };
    if fid.chars().count() > MAX_FID_CHARS {
        return Err(broken(Rule::MaxLength(MAX_FID_CHARS as u64)));
    }
    let letters =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\\' | b'/');
    if fid.is_empty() || !fid.bytes().all(letters) {
        let rule = "must have letters, digits, underscores, hyphens and slashes only";
        return Err(broken(Rule::Other(rule.to_owned())));
    }
    Ok(())
}

/// Id and row of a user.
pub(super) struct FoundUser {
    pub(super) id: EndUserId,
    pub(super) seq: i64,
}

const USER: &str = "
    SELECT end_users.id, end_users.seq
    FROM webchat_users JOIN end_users ON end_users.seq = webchat_users.user_seq
    WHERE webchat_users.agent_seq = :agent_seq AND webchat_users.fid = :fid";

/// Returns the chat user with this id in the chat.
pub(super) fn find_user(
    conn: &Connection,
    bot: &PrincipalAgent,
    fid: &str,
) -> Result<Option<FoundUser>> {
    let parameters = named_params! {":agent_seq": bot.seq, ":fid": fid};
    let found = conn.prepare_cached(USER)?.query_row(parameters, |row| {
        Ok(FoundUser {
            id: row.get(0)?,
            seq: row.get(1)?,
        })
    });
    Ok(found.optional()?)
}

/// Returns the user that a request body names.
///
/// # Errors
/// `ReferenceNotFound`, or errors of the store.
pub(super) fn get_referenced_user(
    conn: &Connection,
    bot: &PrincipalAgent,
    fid: &str,
) -> Result<FoundUser> {
    find_user(conn, bot, fid)?
        .ok_or_else(|| Error::new(Kind::ReferenceNotFound, format!("User \"{fid}\" not found")))
}

const IS_A_USER: &str = "SELECT 1 FROM end_users WHERE id = :id AND agent_id = :agent_id";

/// Requires that an id is free: it belongs to no user of the chat, to no other user of the bot, and not to the
/// bot.
///
/// # Errors
/// `Conflict`, or errors of the store.
pub(super) fn require_free_user(conn: &Connection, bot: &PrincipalAgent, fid: &str) -> Result<()> {
    let is_a_user = || {
        let parameters = named_params! {":id": fid, ":agent_id": bot.id};
        conn.prepare_cached(IS_A_USER)?.exists(parameters)
    };
    if fid == bot.id.as_str() || find_user(conn, bot, fid)?.is_some() || is_a_user()? {
        return Err(Error::new(
            Kind::Conflict,
            format!("There is a user {fid} already"),
        ));
    }
    Ok(())
}

const INSERT_USER_FID: &str = "
    INSERT INTO webchat_users (agent_seq, fid, user_seq) VALUES (:agent_seq, :fid, :seq)";

/// Stores a user's id in the chat.
pub(super) fn insert_user_fid(
    conn: &Connection,
    agent_seq: i64,
    fid: &str,
    seq: i64,
) -> Result<()> {
    conn.prepare_cached(INSERT_USER_FID)?
        .execute(named_params! {":agent_seq": agent_seq, ":fid": fid, ":seq": seq})?;
    Ok(())
}

const FID_OF_USER: &str = "
    SELECT webchat_users.fid
    FROM end_users JOIN webchat_users ON webchat_users.user_seq = end_users.seq
    WHERE end_users.id = :id AND end_users.agent_id = :agent_id";

/// Returns a user's id in the chat; for the bot and for users from elsewhere, the user's own id.
pub(super) fn find_user_fid(
    conn: &Connection,
    bot: &PrincipalAgent,
    id: &EndUserId,
) -> Result<String> {
    let parameters = named_params! {":id": id, ":agent_id": bot.id};
    let found = conn
        .prepare_cached(FID_OF_USER)?
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_else(|| id.to_string()))
}

const CONVERSATION: &str = "
    SELECT conversations.id
    FROM webchat_conversations JOIN conversations
        ON conversations.seq = webchat_conversations.conversation_seq
    WHERE webchat_conversations.agent_seq = :agent_seq AND webchat_conversations.fid = :fid";

/// Returns the chat conversation with this own or foreign id.
pub(super) fn find_conversation(
    conn: &Connection,
    author: &Author,
    id: &str,
) -> Result<Option<Conversation>> {
    if let Some(found) = conversations::find_visible(conn, author, &id.into())? {
        return Ok(Some(found));
    }
    let parameters = named_params! {":agent_seq": author.bot().seq, ":fid": id};
    let found: Option<ConversationId> = conn
        .prepare_cached(CONVERSATION)?
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => conversations::find_visible(conn, author, &id),
        None => Ok(None),
    }
}

/// Returns the conversation that a path names.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub(super) fn get_conversation(
    conn: &Connection,
    author: &Author,
    id: &str,
) -> Result<Conversation> {
    let found = find_conversation(conn, author, id)?;
    found.ok_or_else(|| Error::not_found(format!("Conversation \"{id}\" not found")))
}

/// Returns the conversation that a request body names.
///
/// # Errors
/// `ReferenceNotFound`, or errors of the store.
pub(super) fn get_referenced_conversation(
    conn: &Connection,
    author: &Author,
    id: &str,
) -> Result<Conversation> {
    get_conversation(conn, author, id).map_err(|error| match error.kind() {
        Kind::NotFound => error.with_kind(Kind::ReferenceNotFound),
        _ => error,
    })
}

/// Requires that an id is free: it belongs to no conversation of the chat, and to none of the bot.
///
/// # Errors
/// `Conflict`, or errors of the store.
pub(super) fn require_free_conversation(
    conn: &Connection,
    author: &Author,
    fid: &str,
) -> Result<()> {
    let of_bot = conversations::find_in_bot(conn, author.bot().seq, &fid.into())?;
    if of_bot.is_some() || find_conversation(conn, author, fid)?.is_some() {
        return Err(Error::new(
            Kind::Conflict,
            format!("There is a conversation {fid} already"),
        ));
    }
    Ok(())
}

const INSERT_CONVERSATION_FID: &str = "
    INSERT INTO webchat_conversations (agent_seq, fid, conversation_seq)
    VALUES (:agent_seq, :fid, :seq)";

/// Stores the foreign id of a conversation.
pub(super) fn insert_conversation_fid(
    conn: &Connection,
    agent_seq: i64,
    fid: &str,
    seq: i64,
) -> Result<()> {
    conn.prepare_cached(INSERT_CONVERSATION_FID)?
        .execute(named_params! {":agent_seq": agent_seq, ":fid": fid, ":seq": seq})?;
    Ok(())
}

const FID_OF_CONVERSATION: &str = "
    SELECT fid FROM webchat_conversations WHERE conversation_seq = :seq";

/// Returns a conversation's id in the chat.
pub(super) fn find_conversation_fid(
    conn: &Connection,
    conversation: &Conversation,
) -> Result<String> {
    let found = conn
        .prepare_cached(FID_OF_CONVERSATION)?
        .query_row(named_params! {":seq": conversation.seq}, |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_else(|| conversation.id.to_string()))
}
