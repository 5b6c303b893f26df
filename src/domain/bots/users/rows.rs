//! Reads users from their rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::User;
use crate::{
    domain::{
        bots::{
            author::Author,
            tag_match::{MAX_CANDIDATES, TagMatch},
            tags::{TagTable, Tags},
        },
        tenancy::request_auth::{ActingInstallation, PrincipalAgent, RequestContext},
    },
    kernel::{Error, Kind, Result, ids::EndUserId},
};

/// Returns the user with this id of the call's bot.
///
/// # Errors
/// `NotFound` if the caller cannot see such a user, or errors of the store.
pub fn find(call: &RequestContext, id: &EndUserId) -> Result<User> {
    let author = Author::from_call(call)?;
    call.app()
        .store()
        .read(|conn| load_visible(conn, &author, id))
}

/// Returns the user with this id if the caller can see it.
///
/// # Errors
/// `NotFound` if the caller cannot see such a user, or errors of the store.
pub(in crate::domain) fn load_visible(
    conn: &Connection,
    author: &Author,
    id: &EndUserId,
) -> Result<User> {
    let user = load(conn, author.bot(), id)?;
    match user.seq {
        Some(seq) if !can_see(conn, author, seq)? => Err(not_found(id)),
        _ => Ok(user),
    }
}

const IS_CREATED_BY: &str =
    "SELECT 1 FROM end_users WHERE seq = :seq AND integration = :integration";

/// True if the caller may delete the user: the bot all users, an integration those that it has created.
pub(super) fn may_delete(conn: &Connection, author: &Author, seq: i64) -> Result<bool> {
    let Some(own) = author.integration() else {
        return Ok(true);
    };
    let parameters = named_params! {":seq": seq, ":integration": own.integration_key()};
    Ok(conn.prepare_cached(IS_CREATED_BY)?.exists(parameters)?)
}

/// Tags of an integration begin with its name and a colon. The range ends at a semicolon, the next character.
const IS_RELATED_TO: &str = "
    SELECT 1 FROM user_tags
    WHERE of_seq = :seq AND name >= :name || ':' AND name < :name || ';'
    UNION ALL
    SELECT 1 FROM conversation_participants AS taking
    JOIN conversations ON conversations.seq = taking.conversation_seq
    WHERE taking.user_seq = :seq AND conversations.integration = :name";

/// True if the caller can see the user in this row. A bot sees all of its users. An integration sees those
/// that it has created, that have its tags or that participate in its conversations (botpress.md §4: a user
/// is someone "within a specific integration").
fn can_see(conn: &Connection, author: &Author, seq: i64) -> Result<bool> {
    let Some(own) = author.integration() else {
        return Ok(true);
    };
    if may_delete(conn, author, seq)? {
        return Ok(true);
    }
    let parameters = named_params! {":seq": seq, ":name": own.name};
    Ok(conn.prepare_cached(IS_RELATED_TO)?.exists(parameters)?)
}

fn not_found(id: &EndUserId) -> Error {
    Error::not_found(format!("User \"{id}\" not found"))
}

/// Returns the user with this id of a bot, or `NotFound`.
pub(in crate::domain) fn load(
    conn: &Connection,
    bot: &PrincipalAgent,
    id: &EndUserId,
) -> Result<User> {
    let found = find_in_bot(conn, bot, id)?;
    found.ok_or_else(|| not_found(id))
}

/// Columns that [`from_row`] reads, in this order.
pub(in crate::domain) const COLUMNS: &str = "end_users.seq, end_users.id, end_users.tags, \
    end_users.display_name, end_users.avatar, end_users.created_at, end_users.updated_at";

const FIND_SEQ: &str = "
    SELECT seq, integration IS :integration AS is_own FROM end_users
    WHERE id = :id AND agent_id = :agent_id";

/// Returns the row id of a user that a request body names and the caller can see. `None` is the bot's own
/// user, which has no row.
///
/// # Errors
/// `ReferenceNotFound` if the caller cannot see such a user, or errors of the store.
pub(in crate::domain) fn find_referenced_row(
    conn: &Connection,
    author: &Author,
    id: &EndUserId,
) -> Result<Option<i64>> {
    let bot = author.bot();
    if id.as_str() == bot.id.as_str() {
        return Ok(None);
    }
    let maker = author
        .integration()
        .map(ActingInstallation::integration_key);
    let parameters = named_params! {":id": id, ":agent_id": bot.id, ":integration": maker};
    let found = conn
        .prepare_cached(FIND_SEQ)?
        .query_row(parameters, |row| Ok((row.get("seq")?, row.get("is_own")?)));
    match found.optional()? {
        Some((seq, true)) => Ok(Some(seq)),
        Some((seq, false)) if can_see(conn, author, seq)? => Ok(Some(seq)),
        _ => Err(Error::new(
            Kind::ReferenceNotFound,
            format!("User \"{id}\" not found"),
        )),
    }
}

/// Finds the user with this id of a bot.
pub(in crate::domain) fn find_in_bot(
    conn: &Connection,
    bot: &PrincipalAgent,
    id: &EndUserId,
) -> Result<Option<User>> {
    if id.as_str() == bot.id.as_str() {
        return load_bot_user(conn, bot).map(Some);
    }
    let sql = format!("SELECT {COLUMNS} FROM end_users WHERE id = :id AND agent_id = :agent_id");
    let parameters = named_params! {":id": id, ":agent_id": bot.id};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

/// Finds the oldest user with these tags. With no tags, an integration finds only users that it has created; tags of
/// its own need no such condition.
pub(super) fn find_by_tags(
    conn: &Connection,
    author: &Author,
    wanted: &TagMatch,
) -> Result<Option<User>> {
    let tags = wanted.tags();
    if !wanted.is_whole() {
        return find_by_some_tags(conn, author, wanted);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM end_users WHERE agent_id = :agent_id AND tags = :tags \
         AND (:integration IS NULL OR integration = :integration) ORDER BY seq LIMIT 1"
    );
    let maker = author
        .integration()
        .filter(|_| tags.iter().next().is_none());
    let parameters = named_params! {
        ":agent_id": author.bot().id,
        ":tags": tags.to_canonical_json(),
        ":integration": maker.map(ActingInstallation::integration_key),
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

fn find_by_some_tags(
    conn: &Connection,
    author: &Author,
    wanted: &TagMatch,
) -> Result<Option<User>> {
    let agent_seq = author.bot().seq;
    let rarest = wanted.find_rarest(conn, TagTable::User, agent_seq, MAX_CANDIDATES)?;
    let Some((name, value, _)) = rarest else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM (\
            SELECT of_seq FROM user_tags \
            WHERE agent_seq = :agent_seq AND name = :name AND value = :value \
            ORDER BY of_seq LIMIT {MAX_CANDIDATES}) AS found \
         CROSS JOIN end_users ON end_users.seq = found.of_seq \
         WHERE {} ORDER BY found.of_seq LIMIT 1",
        wanted.condition_sql("end_users.tags")
    );
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":name": name,
        ":value": value,
        ":tags": wanted.tags().to_canonical_json(),
    };
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

const FIND_BOT_USER: &str = "
    SELECT coalesce(bots.user_tags, '{}'), bots.user_name, bots.user_picture, agents.created_at,
           agents.updated_at
    FROM agents LEFT JOIN bots ON bots.agent_seq = agents.seq WHERE agents.seq = :seq";

/// Loads the user of the bot itself.
pub(in crate::domain) fn load_bot_user(conn: &Connection, bot: &PrincipalAgent) -> Result<User> {
    let user =
        conn.prepare_cached(FIND_BOT_USER)?
            .query_row(named_params! {":seq": bot.seq}, |row| {
                let tags: String = row.get(0)?;
                Ok(User {
                    id: bot.id.as_str().into(),
                    tags: Tags::parse(&tags)?,
                    name: row.get(1)?,
                    picture_url: row.get(2)?,
                    created_at: row.get(3)?,
                    updated_at: row.get(4)?,
                    seq: None,
                })
            });
    Ok(user?)
}

pub(in crate::domain) fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let tags: String = row.get(2)?;
    Ok(User {
        seq: Some(row.get(0)?),
        id: row.get(1)?,
        tags: Tags::parse(&tags)?,
        name: row.get(3)?,
        picture_url: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}
