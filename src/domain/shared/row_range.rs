//! Ranges of row numbers, one for each workspace (migration 0015): the upper half of a row number is the number of the
//! workspace. So these tables need no index by workspace.

use rusqlite::{Connection, OptionalExtension, params};

use crate::kernel::{Result, ids::WorkspaceId};

/// Range of the row numbers of a workspace, exclusive at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) struct RowRange {
    pub(in crate::domain) after: i64,
    pub(in crate::domain) before: i64,
}

const FIND_WORKSPACE: &str = "SELECT seq FROM workspaces WHERE id = ?";

impl RowRange {
    /// Range of the rows without an existing workspace.
    pub(in crate::domain) const WITHOUT_WORKSPACE: Self = Self::of_number(0);

    const fn of_number(workspace: i64) -> Self {
        Self {
            after: workspace << 32,
            before: (workspace + 1) << 32,
        }
    }

    /// Returns the range that contains a row number.
    pub(in crate::domain) const fn containing(number: i64) -> Self {
        Self::of_number(number >> 32)
    }

    /// Returns the range of a workspace, if it exists. A new workspace can get the range of a deleted one, so queries
    /// must also filter by workspace.
    pub(in crate::domain) fn find(
        conn: &Connection,
        workspace: &WorkspaceId,
    ) -> Result<Option<Self>> {
        let mut statement = conn.prepare_cached(FIND_WORKSPACE)?;
        let found = statement.query_row(params![workspace], |row| row.get(0));
        Ok(found.optional()?.map(Self::of_number))
    }
}
