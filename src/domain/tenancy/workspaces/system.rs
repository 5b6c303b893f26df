//! The workspace of the server itself. It owns the built-in integrations and the shipped interfaces; nobody is a member
//! of it, and no list has it.

use rusqlite::named_params;

use super::rows::create;
use crate::{
    domain::tenancy::write_tx::WriteTx,
    kernel::{Result, ids::WorkspaceId},
};

const ID: &str = "6368b1a7-0000-4000-8000-000000000000";

const MARK: &str = "UPDATE workspaces SET system = 1 WHERE id = :id";

const EXISTS: &str = "SELECT 1 FROM workspaces WHERE id = :id";

/// Creates the workspace of the server if it is missing, and returns its id.
pub(in crate::domain) fn ensure_system(tx: &WriteTx<'_>) -> Result<WorkspaceId> {
    let id = WorkspaceId::from(ID);
    let of_id = named_params! {":id": id};
    if !tx.conn.prepare_cached(EXISTS)?.exists(of_id)? {
        create(tx, id.clone(), "Parlance")?;
        tx.conn.prepare_cached(MARK)?.execute(of_id)?;
    }
    Ok(id)
}
