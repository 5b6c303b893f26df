//! Users as rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::User;
use crate::{
    domain::{
        access::{Call, CallerAgent},
        tags::Tags,
    },
    kernel::{Error, Kind, Result, ids::EndUserId},
};

/// The user with this id of the call's bot.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find(call: &Call, id: &EndUserId) -> Result<User> {
    let bot = call.agent()?;
    call.domain().store().read(|conn| existing(conn, bot, id))
}

/// The user with this id of a bot.
pub(in crate::domain) fn existing(
    conn: &Connection,
    bot: &CallerAgent,
    id: &EndUserId,
) -> Result<User> {
    let found = read(conn, bot, id)?;
    found.ok_or_else(|| Error::not_found(format!("There is no user {id}")))
}

/// The columns that [`from_row`] reads, in its order.
pub(in crate::domain) const COLUMNS: &str = "end_users.seq, end_users.id, end_users.tags, \
    end_users.display_name, end_users.avatar, end_users.created_at, end_users.updated_at";

const SEQ: &str = "SELECT seq FROM end_users WHERE id = :id AND agent_id = :agent_id";

/// The row of the user with this id of a bot: none for the bot itself, which has no row.
///
/// # Errors
/// `ReferenceNotFound`, or those of the store.
pub(in crate::domain) fn named(
    conn: &Connection,
    bot: &CallerAgent,
    id: &EndUserId,
) -> Result<Option<i64>> {
    if id.as_str() == bot.id.as_str() {
        return Ok(None);
    }
    let found = conn
        .prepare_cached(SEQ)?
        .query_row(named_params! {":id": id, ":agent_id": bot.id}, |row| {
            row.get(0)
        });
    match found.optional()? {
        Some(seq) => Ok(Some(seq)),
        None => Err(Error::new(
            Kind::ReferenceNotFound,
            format!("There is no user {id}"),
        )),
    }
}

/// The user with this id of a bot.
pub(in crate::domain) fn read(
    conn: &Connection,
    bot: &CallerAgent,
    id: &EndUserId,
) -> Result<Option<User>> {
    if id.as_str() == bot.id.as_str() {
        return bot_itself(conn, bot).map(Some);
    }
    let sql = format!("SELECT {COLUMNS} FROM end_users WHERE id = :id AND agent_id = :agent_id");
    let parameters = named_params! {":id": id, ":agent_id": bot.id};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

/// The first user of a bot with exactly these tags.
pub(super) fn with_tags(conn: &Connection, bot: &CallerAgent, tags: &Tags) -> Result<Option<User>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM end_users WHERE agent_id = :agent_id AND tags = :tags \
         ORDER BY seq LIMIT 1"
    );
    let parameters = named_params! {":agent_id": bot.id, ":tags": tags.canonical()};
    let found = conn.prepare_cached(&sql)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

const BOT_ITSELF: &str = "
    SELECT coalesce(bots.user_tags, '{}'), bots.user_name, bots.user_picture, agents.created_at,
           agents.updated_at
    FROM agents LEFT JOIN bots ON bots.agent_seq = agents.seq WHERE agents.seq = :seq";

/// The user that a bot is itself.
pub(in crate::domain) fn bot_itself(conn: &Connection, bot: &CallerAgent) -> Result<User> {
    let user = conn
        .prepare_cached(BOT_ITSELF)?
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
