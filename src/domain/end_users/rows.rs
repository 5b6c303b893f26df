//! End users as rows: reading, listing, inserting, updating and erasing them.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};
use serde_json::{Map, Value};

use super::{EndUser, Metadata, Page, Profile, external_id::folded};
use crate::{
    domain::{access::Call, context::Change},
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
    SELECT * FROM end_users WHERE agent_id = :agent_id AND seq >= :from
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

const FIND: &str = "SELECT * FROM end_users WHERE agent_id = :agent_id AND id = :key";

pub(super) fn find_row(
    conn: &Connection,
    agent: &AgentId,
    id: &EndUserId,
) -> Result<Option<EndUser>> {
    one(conn, FIND, agent, id)
}

const FIND_EXTERNAL: &str = "
    SELECT * FROM end_users WHERE agent_id = :agent_id AND external_id = :key";

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

fn from_row(row: &Row<'_>) -> rusqlite::Result<EndUser> {
    let object = |column: &str| -> rusqlite::Result<Map<String, Value>> {
        match row.get(column)? {
            Value::Object(members) => Ok(members),
            _ => Err(rusqlite::Error::InvalidQuery),
        }
    };
    Ok(EndUser {
        id: row.get("id")?,
        external_id: row.get("external_id")?,
        profile: Profile {
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            display_name: row.get("display_name")?,
            avatar: row.get("avatar")?,
            email: row.get("email")?,
            language: row.get("language")?,
            metadata: Metadata::stored(object("metadata")?),
            system_properties: object("system_properties")?,
        },
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
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
        external_id = :external_id, first_name = :first_name, last_name = :last_name,
        display_name = :display_name, avatar = :avatar, email = :email, language = :language,
        metadata = :metadata, system_properties = :system_properties, updated_at = :updated_at
    WHERE agent_id = :agent_id AND id = :id";

pub(super) fn insert(
    conn: &Connection,
    agent: &AgentId,
    new: &EndUser,
    purge_at: Option<Timestamp>,
) -> Result<()> {
    put(conn, INSERT, agent, new, &[(":purge_at", &purge_at)])
}

pub(super) fn update(conn: &Connection, agent: &AgentId, changed: &EndUser) -> Result<()> {
    put(conn, UPDATE, agent, changed, &[])
}

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
        (":external_id", &end_user.external_id),
        (":first_name", &profile.first_name),
        (":last_name", &profile.last_name),
        (":display_name", &profile.display_name),
        (":avatar", &profile.avatar),
        (":email", &profile.email),
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
