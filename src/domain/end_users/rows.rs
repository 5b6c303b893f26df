//! End users as rows: reading, listing, inserting, updating and erasing them.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};
use serde_json::{Map, Value};

use super::{EndUser, Metadata, Page, Profile, external_id::folded};
use crate::{
    domain::{access::Call, change::Change},
    kernel::{
        Error, Result, Rule, Timestamp, Violation,
        ids::{AgentId, EndUserId},
        violation::Location,
    },
};

/// The end user with this id.
///
/// # Errors
/// `NotFound` if the caller's agent has none, or those of the store.
pub fn find(call: &Call, id: &EndUserId) -> Result<EndUser> {
    let agent = &call.agent()?.id;
    call.domain()
        .store()
        .read(|conn| find_row(conn, agent, id)?.ok_or_else(not_found))
}

/// The end user with this external id, in any case of letters.
///
/// # Errors
/// `Invalid` for what cannot be one, `NotFound` if the caller's agent has none, or those of the
/// store.
pub fn find_by_external_id(call: &Call, external_id: &str) -> Result<EndUser> {
    let agent = &call.agent()?.id;
    let external_id = folded(external_id, Location::Query)?;
    call.domain()
        .store()
        .read(|conn| find_external(conn, agent, &external_id)?.ok_or_else(not_found))
}

const LIST: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at
    FROM end_users WHERE agent_id = :agent_id AND seq >= :from
    ORDER BY seq LIMIT :limit";

const POSITION: &str = "
    SELECT seq FROM end_users WHERE agent_id = :agent_id AND id = :id
    UNION ALL
    SELECT seq FROM end_user_positions WHERE agent_id = :agent_id AND id = :id";

/// The end users of the caller's agent, oldest first, from the one with the id `cursor` on. If that
/// one has been erased since, from where it stood.
///
/// # Errors
/// `Invalid` for a cursor that is, and lately was, no end user of the agent; those of the store.
pub async fn list(call: &Call, cursor: Option<EndUserId>, limit: u32) -> Result<Page> {
    let agent = call.agent()?.id.clone();
    call.domain()
        .store()
        .scan(move |conn| {
            let from = match cursor {
                Some(id) => position(conn, &agent, &id)?,
                None => 0,
            };
            let mut statement = conn.prepare_cached(LIST)?;
            let mut rows = statement.query(named_params! {
                ":agent_id": agent,
                ":from": from,
                // One more than asked for is where the next page begins.
                ":limit": i64::from(limit) + 1,
            })?;
            let mut page = Page {
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

fn position(conn: &Connection, agent: &AgentId, id: &EndUserId) -> Result<i64> {
    let position = conn
        .prepare_cached(POSITION)?
        .query_row(named_params! {":agent_id": agent, ":id": id}, |row| {
            row.get(0)
        });
    position.optional()?.ok_or_else(|| {
        let rule = Rule::Other("must be that of a next_page_url".to_owned());
        Violation::query("cursor", rule).into()
    })
}

const FIND: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at
    FROM end_users WHERE agent_id = :agent_id AND id = :key";

pub(super) fn find_row(
    conn: &Connection,
    agent: &AgentId,
    id: &EndUserId,
) -> Result<Option<EndUser>> {
    one(conn, FIND, agent, id)
}

const FIND_EXTERNAL: &str = "
    SELECT id, external_id, first_name, last_name, display_name, avatar, email, language, metadata,
        system_properties, created_at, updated_at
    FROM end_users WHERE agent_id = :agent_id AND external_id = :key";

/// The end user with this folded external id.
pub(super) fn find_external(
    conn: &Connection,
    agent: &AgentId,
    external_id: &str,
) -> Result<Option<EndUser>> {
    one(conn, FIND_EXTERNAL, agent, &external_id)
}

fn one(conn: &Connection, sql: &str, agent: &AgentId, key: &dyn ToSql) -> Result<Option<EndUser>> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":agent_id": agent, ":key": key}, from_row);
    Ok(found.optional()?)
}

pub(super) fn not_found() -> Error {
    Error::not_found("End user not found")
}

/// Reads a row of the columns that the statements above name, by their order: to look one up by its
/// name, the names of all columns before it are compared.
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
            metadata: Metadata::stored(object(8)?),
            system_properties: object(9)?,
        },
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

const INSERT: &str = "
    INSERT INTO end_users
        (id, agent_id, external_id, first_name, last_name, display_name, avatar, email, language,
         metadata, system_properties, purge_at, created_at, updated_at)
    VALUES
        (:id, :agent_id, :external_id, :first_name, :last_name, :display_name, :avatar, :email,
         :language, :metadata, :system_properties, :purge_at, :updated_at, :updated_at)";

const UPDATE: &str = "
    UPDATE end_users SET
        first_name = :first_name, last_name = :last_name, display_name = :display_name,
        avatar = :avatar, language = :language, metadata = :metadata,
        system_properties = :system_properties, updated_at = :updated_at
    WHERE agent_id = :agent_id AND id = :id";

/// Apart, because to set an indexed column is to write its index, changed or not.
const UPDATE_INDEXED: &str = "
    UPDATE end_users SET external_id = :external_id, email = :email
    WHERE agent_id = :agent_id AND id = :id";

pub(super) fn insert(
    conn: &Connection,
    agent: &AgentId,
    new: &EndUser,
    purge_at: Option<Timestamp>,
) -> Result<()> {
    let more: [(&str, &dyn ToSql); 3] = [
        (":purge_at", &purge_at),
        (":external_id", &new.external_id),
        (":email", &new.profile.email),
    ];
    put(conn, INSERT, agent, new, &more)
}

/// Writes an end user down that was `old` and is `new`.
pub(super) fn update(
    conn: &Connection,
    agent: &AgentId,
    old: &EndUser,
    new: &EndUser,
) -> Result<()> {
    let (external_id, email) = (&new.external_id, &new.profile.email);
    if *external_id != old.external_id || *email != old.profile.email {
        conn.prepare_cached(UPDATE_INDEXED)?
            .execute(named_params! {
                ":external_id": external_id,
                ":email": email,
                ":agent_id": agent,
                ":id": new.id,
            })?;
    }
    put(conn, UPDATE, agent, new, &[])
}

/// The parameters that INSERT and UPDATE have in common, and `more`.
fn put(
    conn: &Connection,
    sql: &str,
    agent: &AgentId,
    end_user: &EndUser,
    more: &[(&str, &dyn ToSql)],
) -> Result<()> {
    let profile = &end_user.profile;
    let text = |values: &Map<String, Value>| {
        serde_json::to_string(values)
            .map_err(|error| Error::internal("metadata cannot be written", error))
    };
    let metadata = text(profile.metadata.values())?;
    let system_properties = text(&profile.system_properties)?;
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![
        (":id", &end_user.id),
        (":agent_id", agent),
        (":first_name", &profile.first_name),
        (":last_name", &profile.last_name),
        (":display_name", &profile.display_name),
        (":avatar", &profile.avatar),
        (":language", &profile.language),
        (":metadata", &metadata),
        (":system_properties", &system_properties),
        (":updated_at", &end_user.updated_at),
    ];
    parameters.extend_from_slice(more);
    conn.prepare_cached(sql)?.execute(parameters.as_slice())?;
    Ok(())
}

const REMEMBER: &str = "
    INSERT INTO end_user_positions (id, agent_id, seq, erased_at)
    SELECT id, agent_id, seq, :now FROM end_users WHERE agent_id = :agent_id AND id = :id";

const ERASE: &str = "DELETE FROM end_users WHERE agent_id = :agent_id AND id = :id";

/// Erases an end user with everything that refers to it. Says whether there was one.
pub(super) fn erase(change: &Change<'_>, agent: &AgentId, id: &EndUserId) -> Result<bool> {
    change
        .conn
        .prepare_cached(REMEMBER)?
        .execute(named_params! {":agent_id": agent, ":id": id, ":now": change.now})?;
    let erased = change
        .conn
        .prepare_cached(ERASE)?
        .execute(named_params! {":agent_id": agent, ":id": id})?;
    Ok(erased > 0)
}

const WAS_ERASED: &str = "SELECT EXISTS (SELECT 1 FROM end_user_positions WHERE id = :id)";

/// Whether an end user of any agent was erased lately.
///
/// # Errors
/// Those of the store.
pub fn was_erased(conn: &Connection, id: &EndUserId) -> Result<bool> {
    Ok(conn
        .prepare_cached(WAS_ERASED)?
        .query_row(named_params! {":id": id}, |row| row.get(0))?)
}
