//! The store's own table: a few values that describe the file itself.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::kernel::Result;

const GET: &str = "SELECT value FROM meta WHERE key = :key";
const SET: &str = "INSERT INTO meta (key, value) VALUES (:key, :value)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const REMOVE: &str = "DELETE FROM meta WHERE key = :key";

/// Returns the value of `key`, if there is one.
///
/// # Errors
/// SQLite's errors.
pub fn get(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
    Ok(connection
        .prepare_cached(GET)?
        .query_row(named_params! { ":key": key }, |row| row.get("value"))
        .optional()?)
}

/// Sets the value of `key`. Replaces an existing one.
///
/// # Errors
/// SQLite's errors.
pub fn set(connection: &Connection, key: &str, value: &[u8]) -> Result<()> {
    connection
        .prepare_cached(SET)?
        .execute(named_params! { ":key": key, ":value": value })?;
    Ok(())
}

/// Deletes the value of `key`, if there is one.
///
/// # Errors
/// SQLite's errors.
pub fn remove(connection: &Connection, key: &str) -> Result<()> {
    connection
        .prepare_cached(REMOVE)?
        .execute(named_params! { ":key": key })?;
    Ok(())
}
