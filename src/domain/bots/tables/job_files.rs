//! Files of jobs: the one place that knows where the bot's files are.

use rusqlite::Connection;

use crate::{
    domain::{App, bots::files, tenancy::audit::Actor},
    kernel::{Error, Result, ids::WorkspaceId},
};

/// Stores the file of an export in the bot with this row number, and returns its id.
///
/// # Errors
/// `QuotaExceeded`, `LimitExceeded`, and errors of the store.
pub(super) async fn write_export(
    app: &App,
    (workspace, agent_seq): (WorkspaceId, i64),
    name: String,
    bytes: Vec<u8>,
) -> Result<String> {
    let written = app.run_write_tx_as(Actor::System, move |tx| {
        files::insert_for_bot(tx, &workspace, agent_seq, &name, &bytes)
    });
    Ok(written.await?.to_string())
}

/// Returns the contents of the file that an import reads.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub(super) fn read_import(conn: &Connection, agent_seq: i64, file: &str) -> Result<Vec<u8>> {
    let found = files::find_contents_in_bot(conn, agent_seq, file)?;
    found.ok_or_else(|| Error::not_found(format!("File \"{file}\" not found")))
}
