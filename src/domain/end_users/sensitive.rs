//! Sensitive metadata: values that are stored sealed, returned by no API and deleted after a day.
//!
//! Every read ignores expired values; [`delete_expired`] deletes their rows.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::metadata::check_scalar;
use crate::{
    domain::{
        App,
        tenancy::{sealed_columns::SealedColumn, write_tx::WriteTx},
    },
    kernel::{
        Error, Patch, Result, Rule, Timestamp, Violation,
        ids::{AgentId, EndUserId},
    },
    store::Sealer,
};

/// Time for which a value is kept.
pub(super) const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// Maximum number of values in one request.
const MAX_PAIRS: usize = 20;
/// Pattern of the names.
const NAME_PATTERN: &str = "^[A-Za-z0-9_-]+$";

/// Checks the values of a request. `shown` is the metadata of the same request, which must not have the same
/// names.
pub(super) fn validate_values(
    patch: Patch<Map<String, Value>>,
    shown: Option<&Map<String, Value>>,
) -> Result<Patch<Map<String, Value>>> {
    let Patch::Value(fields) = patch else {
        return Ok(patch);
    };
    let place = ["profile", "sensitive_metadata", "fields"];
    if fields.len() > MAX_PAIRS {
        return Err(Violation::body(place, Rule::MaxLength(MAX_PAIRS as u64)).into());
    }
    let mut checked = Map::new();
    for (name, value) in fields {
        let at = |rule| Violation::body(place.into_iter().chain([name.as_str()]), rule);
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || !name.bytes().all(letters) {
            return Err(at(Rule::Pattern(NAME_PATTERN.to_owned())).into());
        }
        if shown.is_some_and(|shown| shown.contains_key(&name)) {
            let rule = Rule::Other("must not be in metadata too".to_owned());
            return Err(at(rule).into());
        }
        if value.as_str() == Some("") {
            return Err(at(Rule::MinLength(1)).into());
        }
        let value = match value {
            Value::Null => Value::Null,
            value => check_scalar("sensitive_metadata", &name, value)?,
        };
        checked.insert(name, value);
    }
    Ok(Patch::Value(checked))
}

const UPSERT: &str = "
    INSERT INTO end_user_sensitive (end_user_id, name, sealed, erase_at)
    VALUES (:end_user_id, :name, :sealed, :erase_at)
    ON CONFLICT (end_user_id, name) DO UPDATE SET
        sealed = excluded.sealed, erase_at = excluded.erase_at";

const REMOVE: &str = "
    DELETE FROM end_user_sensitive WHERE end_user_id = :end_user_id AND name = :name";

const REMOVE_ALL: &str = "DELETE FROM end_user_sensitive WHERE end_user_id = :end_user_id";

/// Sets and removes checked values. Returns true if a row changed.
pub(super) fn write_values(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    id: &EndUserId,
    patch: Patch<Map<String, Value>>,
) -> Result<bool> {
    let fields = match patch {
        Patch::Absent => return Ok(false),
        Patch::Null => {
            let mut statement = tx.conn.prepare_cached(REMOVE_ALL)?;
            return Ok(statement.execute(named_params! {":end_user_id": id})? > 0);
        }
        Patch::Value(fields) => fields,
    };
    let mut changed = 0;
    for (name, value) in &fields {
        changed += if value.is_null() {
            let mut statement = tx.conn.prepare_cached(REMOVE)?;
            statement.execute(named_params! {":end_user_id": id, ":name": name})?
        } else {
            let sealed = SealedColumn::EndUserSensitive.seal(
                sealer,
                &row_id(id, name),
                value.to_string().as_bytes(),
            );
            tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
                ":end_user_id": id,
                ":name": name,
                ":sealed": sealed,
                ":erase_at": tx.now.plus(RETENTION),
            })?
        };
    }
    Ok(changed > 0)
}

fn row_id(id: &EndUserId, name: &str) -> String {
    format!("{id}/{name}")
}

const LIST: &str = "
    SELECT s.name, s.sealed FROM end_user_sensitive s JOIN end_users u ON u.id = s.end_user_id
    WHERE u.agent_id = :agent_id AND u.id = :id AND s.erase_at > :now ORDER BY s.name";

/// Returns the sensitive metadata of an end user for the agent's own use: no API returns it.
///
/// # Errors
/// `Internal` if a value cannot be opened, errors of the store.
pub fn load_sensitive_metadata(
    app: &App,
    agent: &AgentId,
    id: &EndUserId,
) -> Result<Map<String, Value>> {
    let now = app.clock().now();
    app.store().read(|conn| {
        let mut statement = conn.prepare_cached(LIST)?;
        let mut rows =
            statement.query(named_params! {":agent_id": agent, ":id": id, ":now": now})?;
        let mut values = Map::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get("name")?;
            let sealed: Vec<u8> = row.get("sealed")?;
            let value = open_value(app.sealer(), id, &name, &sealed)?;
            values.insert(name, value);
        }
        Ok(values)
    })
}

fn open_value(sealer: &Sealer, id: &EndUserId, name: &str, sealed: &[u8]) -> Result<Value> {
    let text = SealedColumn::EndUserSensitive
        .open(sealer, &row_id(id, name), sealed)
        .map_err(|error| Error::internal("a sealed value cannot be decrypted", error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::internal("a sealed value is not JSON", error))
}

const DELETE_EXPIRED: &str = "DELETE FROM end_user_sensitive WHERE erase_at <= :now";

/// Deletes the expired values.
pub(super) fn delete_expired(conn: &Connection, now: Timestamp) -> Result<()> {
    conn.prepare_cached(DELETE_EXPIRED)?
        .execute(named_params! {":now": now})?;
    Ok(())
}
