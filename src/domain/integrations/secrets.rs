//! Secrets of an integration, for its code alone.

use rusqlite::{Connection, named_params};

use crate::{
    kernel::{Error, Result, Secret, ids::IntegrationId},
    store::{Sealer, seal::Place},
};

const SECRETS: &str = "
    SELECT name, sealed FROM integration_secrets WHERE integration_seq = :seq ORDER BY name";

/// The secrets of an integration, by name.
pub(in crate::domain) fn secrets_of(
    conn: &Connection,
    sealer: &Sealer,
    id: &IntegrationId,
    seq: i64,
) -> Result<Vec<(String, Secret)>> {
    let mut statement = conn.prepare_cached(SECRETS)?;
    let rows = statement.query_map(named_params! {":seq": seq}, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (name, sealed) = row?;
        let row_id = format!("{id}/{name}");
        let place = Place {
            table: "integration_secrets",
            column: "sealed",
            row_id: &row_id,
        };
        let opened = sealer.open(&place, &sealed);
        let opened =
            opened.map_err(|error| Error::internal("a sealed secret does not open", error))?;
        let value = String::from_utf8(opened)
            .map_err(|error| Error::internal("a sealed secret is no text", error))?;
        Ok((name, Secret::new(value)))
    })
    .collect()
}
