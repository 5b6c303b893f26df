//! Numbers of rows that lie side by side by workspace (migration 0015): the number of the workspace is
//! the upper half of theirs, so that no index by workspace is needed.

use rusqlite::{Connection, OptionalExtension, params};

use crate::kernel::{Result, ids::WorkspaceId};

/// The numbers that rows of a workspace have: those between these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) struct Numbers {
    pub(in crate::domain) after: i64,
    pub(in crate::domain) before: i64,
}

const WORKSPACE: &str = "SELECT seq FROM workspaces WHERE id = ?";

impl Numbers {
    /// Those of rows that belong to no workspace that is there.
    pub(in crate::domain) const OF_NONE: Self = Self::at(0);

    const fn at(workspace: i64) -> Self {
        Self {
            after: workspace << 32,
            before: (workspace + 1) << 32,
        }
    }

    /// Those that one of them is among.
    pub(in crate::domain) const fn around(number: i64) -> Self {
        Self::at(number >> 32)
    }

    /// Those of a workspace, if it is there. Once it is gone another may have them, so rows are asked
    /// for their workspace too.
    pub(in crate::domain) fn of(
        conn: &Connection,
        workspace: &WorkspaceId,
    ) -> Result<Option<Self>> {
        let mut statement = conn.prepare_cached(WORKSPACE)?;
        let found = statement.query_row(params![workspace], |row| row.get(0));
        Ok(found.optional()?.map(Self::at))
    }
}
