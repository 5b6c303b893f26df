//! Stores end users: find, list, insert, update and erase.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Map, Value};

use super::feature::ErasureHooks;
use super::{EndUser, EndUserPage, Metadata, Profile, external_id::fold_external_id};
use crate::{
    domain::{
        shared::paging::SHORT_PAGE_ROWS,
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{
        Error, Result, Rule, Timestamp, Violation,
        ids::{AgentId, EndUserId},
        violation::Location,
    },
};

/// Returns the end user with this id.
///
/// # Errors
/// `NotFound` if the caller's agent has no such end user, errors of the store.
pub fn find(call: &RequestContext, id: &EndUserId) -> Result<EndUser> {
    let agent = &call.agent()?.id;
    call.app()
        .store()
        .read(|conn| find_row(conn, agent, id)?.ok_or_else(not_found))
}

/// Returns the end user with this external id, in any case of letters.
///
/// # Errors
/// `Invalid` if the external id is malformed, `NotFound` if the caller's agent has no such end user, errors of
/// the store.
pub fn find_by_external_id(call: &RequestContext, external_id: &str) -> Result<EndUser> {
    let agent = &call.agent()?.id;
    let external_id = fold_external_id(external_id, Location::Query)?;
    call.app()
        .store()
        .read(|conn| find_row_by_external_id(conn, agent, &external_id)?.ok_or_else(not_found))
}

const LIST: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at
    FROM end_users WHERE agent_id = :agent_id AND seq >= :from
    ORDER BY seq LIMIT :limit";

const FIND_POSITION: &str = "
    SELECT seq FROM end_users WHERE agent_id = :agent_id AND id = :id
    UNION ALL
    SELECT seq FROM end_user_positions WHERE agent_id = :agent_id AND id = :id";

/// Returns a page of the end users of the caller's agent, oldest first. The page begins with the end user
/// `cursor`, or at its former position if it was erased recently.
///
/// # Errors
/// `Invalid` if the cursor is not an end user of the agent, nor a recently erased one; errors of the store.
pub async fn list(
    call: &RequestContext,
    cursor: Option<EndUserId>,
    limit: u32,
) -> Result<EndUserPage> {
    let agent = call.agent()?.id.clone();
    let is_short = u64::from(limit) <= SHORT_PAGE_ROWS;
    call.app()
        .store()
        .read_page(is_short, move |conn| {
            let from = match cursor {
                Some(id) => find_position(conn, &agent, &id)?,
                None => 0,
            };
            let mut statement = conn.prepare_cached(LIST)?;
            let mut rows = statement.query(named_params! {
                ":agent_id": agent,
                ":from": from,
                // The extra row is the first one of the next page.
                ":limit": i64::from(limit) + 1,
            })?;
            let mut page = EndUserPage {
                items: Vec::new(),
                next: None,
            };
            while let Some(row) = rows.next()? {
                if page.items.len() == limit as usize {
                    page.next = Some(row.get("id")?);
                    break;
                }
                page.items.push(from_row(row)?);
            }
            Ok(page)
        })
        .await
}

fn find_position(conn: &Connection, agent: &AgentId, id: &EndUserId) -> Result<i64> {
    let position = conn
        .prepare_cached(FIND_POSITION)?
        .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
            row.get(0)
        });
    position.optional()?.ok_or_else(|| {
        let rule = Rule::Other("must be the cursor of a next_page_url".to_owned());
        Violation::query("cursor", rule).into()
    })
}

/// An end user as stored.
pub(super) struct StoredEndUser {
    pub(super) seq: i64,
    pub(super) end_user: EndUser,
    /// `seq` of the last message about it. The links from it lead to all others.
    pub(super) last_message_seq: Option<i64>,
}

/// Statements that run with almost every request use positional parameters: SQLite finds a named one by
/// comparing all names.
const FIND: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at, seq, last_message_seq
    FROM end_users WHERE agent_id = ? AND id = ?";

fn find_row(conn: &Connection, agent: &AgentId, id: &EndUserId) -> Result<Option<EndUser>> {
    Ok(find_stored(conn, agent, id)?.map(|stored| stored.end_user))
}

/// Loads an end user with the row data that a change needs.
pub(super) fn find_stored(
    conn: &Connection,
    agent: &AgentId,
    id: &EndUserId,
) -> Result<Option<StoredEndUser>> {
    let mut statement = conn.prepare_cached(FIND)?;
    let found = statement.query_row(params![agent, id], |row| {
        Ok(StoredEndUser {
            seq: row.get(12)?,
            end_user: from_row(row)?,
            last_message_seq: row.get(13)?,
        })
    });
    Ok(found.optional()?)
}

const FIND_BY_EXTERNAL_ID: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at
    FROM end_users WHERE agent_id = ? AND external_id = ?";

/// Loads the end user with this folded external id.
pub(super) fn find_row_by_external_id(
    conn: &Connection,
    agent: &AgentId,
    external_id: &str,
) -> Result<Option<EndUser>> {
    let mut statement = conn.prepare_cached(FIND_BY_EXTERNAL_ID)?;
    let found = statement.query_row(params![agent, external_id], from_row);
    Ok(found.optional()?)
}

pub(super) fn not_found() -> Error {
    Error::not_found("End user not found")
}

/// Reads the columns of the statements above by position. A lookup by name would compare the names of all
/// columns before it.
fn from_row(row: &Row<'_>) -> rusqlite::Result<EndUser> {
    let object = |column: usize| -> rusqlite::Result<Map<String, Value>> {
        match row.get(column)? {
            Value::Object(members) => Ok(members),
            _ => Err(rusqlite::Error::InvalidQuery),
        }
    };
    Ok(EndUser {
        id: row.get(0)?,
        external_id: row.get(1)?,
        profile: Profile {
            first_name: row.get(2)?,
            last_name: row.get(3)?,
            display_name: row.get(4)?,
            avatar: row.get(5)?,
            email: row.get(6)?,
            language: row.get(7)?,
            metadata: Metadata::from_stored(object(8)?),
            system_properties: object(9)?,
        },
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

const INSERT: &str = "
    INSERT INTO end_users
        (id, agent_id, external_id, first_name, last_name, display_name, avatar, email, language,
         metadata, system_properties, purge_at, created_at, updated_at, last_message_seq)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Inserts an end user. `last_message` is the `seq` of the message about its creation.
pub(super) fn insert(
    conn: &Connection,
    agent: &AgentId,
    new: &EndUser,
    purge_at: Option<Timestamp>,
    last_message: i64,
) -> Result<()> {
    let profile = &new.profile;
    conn.prepare_cached(INSERT)?.execute(params![
        new.id,
        agent,
        new.external_id,
        profile.first_name,
        profile.last_name,
        profile.display_name,
        profile.avatar,
        profile.email,
        profile.language,
        to_json(profile.metadata.values())?,
        to_json(&profile.system_properties)?,
        purge_at,
        new.created_at,
        new.updated_at,
        last_message,
    ])?;
    Ok(())
}

const UPDATE: &str = "
    UPDATE end_users SET first_name = ?, last_name = ?, display_name = ?, avatar = ?, language = ?,
        updated_at = ?, last_message_seq = ?
    WHERE seq = ? AND agent_id = ?";

/// A separate statement, because setting an indexed column rewrites its index entry even if the value is the
/// same.
const UPDATE_INDEXED: &str = "
    UPDATE end_users SET external_id = ?, email = ? WHERE seq = ? AND agent_id = ?";

/// A separate statement, because setting a JSON column runs its check.
const UPDATE_JSON: &str = "
    UPDATE end_users SET metadata = ?, system_properties = ? WHERE seq = ? AND agent_id = ?";

/// Updates the row of an end user from `old` to `new`. `last_message` is the `seq` of the last message about it.
pub(super) fn update(
    conn: &Connection,
    agent: &AgentId,
    old: &StoredEndUser,
    new: &EndUser,
    last_message: Option<i64>,
) -> Result<()> {
    let (before, after) = (&old.end_user.profile, &new.profile);
    conn.prepare_cached(UPDATE)?.execute(params![
        after.first_name,
        after.last_name,
        after.display_name,
        after.avatar,
        after.language,
        new.updated_at,
        last_message,
        old.seq,
        agent,
    ])?;
    if old.end_user.external_id != new.external_id || before.email != after.email {
        conn.prepare_cached(UPDATE_INDEXED)?.execute(params![
            new.external_id,
            after.email,
            old.seq,
            agent
        ])?;
    }
    // Maps are equal in any order, but responses keep the order.
    if before.metadata.values().iter().ne(after.metadata.values())
        || before.system_properties.iter().ne(&after.system_properties)
    {
        conn.prepare_cached(UPDATE_JSON)?.execute(params![
            to_json(after.metadata.values())?,
            to_json(&after.system_properties)?,
            old.seq,
            agent,
        ])?;
    }
    Ok(())
}

fn to_json(values: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(values)
        .map_err(|error| Error::internal("metadata cannot be serialized", error))
}

const INSERT_POSITION: &str = "
    INSERT INTO end_user_positions (id, agent_id, seq, erased_at)
    SELECT id, agent_id, seq, :now FROM end_users WHERE agent_id = :agent_id AND id = :id";

const FIND_SEQ: &str = "SELECT seq FROM end_users WHERE agent_id = :agent_id AND id = :id";

const ERASE: &str = "DELETE FROM end_users WHERE agent_id = :agent_id AND id = :id";

/// Erases an end user with everything that refers to it. Returns true if it existed.
pub(super) fn erase(tx: &WriteTx<'_>, agent: &AgentId, id: &EndUserId) -> Result<bool> {
    tx.conn
        .prepare_cached(INSERT_POSITION)?
        .execute(named_params! {":agent_id": agent, ":id": id, ":now": tx.now})?;
    let seq = tx
        .conn
        .prepare_cached(FIND_SEQ)?
        .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(seq) = seq {
        for hook in tx
            .app()
            .map_or(&[][..], |app| &app.feature::<ErasureHooks>().0)
        {
            hook(tx, id, seq)?;
        }
    }
    let erased = tx
        .conn
        .prepare_cached(ERASE)?
        .execute(named_params! {":agent_id": agent, ":id": id})?;
    Ok(erased > 0)
}

const WAS_ERASED: &str = "SELECT EXISTS (SELECT 1 FROM end_user_positions WHERE id = :id)";

/// True if an end user with this id, of any agent, was erased recently.
///
/// # Errors
/// Errors of the store.
pub fn was_recently_erased(conn: &Connection, id: &EndUserId) -> Result<bool> {
    Ok(conn
        .prepare_cached(WAS_ERASED)?
        .query_row(named_params! {":id": id}, |row| row.get(0))?)
}
