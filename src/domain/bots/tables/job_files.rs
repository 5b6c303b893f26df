//! Files of jobs: the one place that knows where the bot's files are.

use rusqlite::Connection;

use crate::{
    domain::{
        App,
        bots::{files, uploaded_files::of_jobs},
    },
    kernel::{Error, Result, ids::WorkspaceId},
};

/// Stores the file of an export, given as its key and media type, in the bot with this row number. Returns its id.
///
/// # Errors
/// `QuotaExceeded`, `LimitExceeded`, and errors of the store.
pub(super) async fn write_export(
    app: &App,
    owner: (WorkspaceId, i64),
    name: (String, &'static str),
    bytes: &[u8],
) -> Result<String> {
    let id = of_jobs::create(app, owner, name, bytes).await?;
    Ok(id.to_string())
}

/// Returns the contents of the file that an import reads: one of the Files API by id or key, or an older one by id.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub(super) fn read_import(conn: &Connection, agent_seq: i64, file: &str) -> Result<Vec<u8>> {
    let found = match of_jobs::read(conn, agent_seq, file)? {
        Some(bytes) => Some(bytes),
        None => files::find_contents_in_bot(conn, agent_seq, file)?,
    };
    found.ok_or_else(|| Error::not_found(format!("File \"{file}\" not found")))
}
