//! Wire types of responses with tables.

use poem_openapi::{Object, types::Example};

use super::dto::Table;
use crate::domain::bots::tables::{self, TableUpdate};

/// The tables of a bot.
#[derive(Object)]
#[oai(example, rename = "listTablesResponse")]
pub struct ListTablesResponse {
    /// The tables, oldest first.
    pub tables: Vec<Table>,
}

impl Example for ListTablesResponse {
    fn example() -> Self {
        Self {
            tables: vec![Table::example()],
        }
    }
}

/// One table.
#[derive(Object)]
#[oai(example, rename = "TableResponse")]
pub struct TableResponse {
    /// The table.
    pub table: Table,
}

impl Example for TableResponse {
    fn example() -> Self {
        Self {
            table: Table::example(),
        }
    }
}

/// A table with counts of its rows.
#[derive(Object)]
#[oai(example, rename = "getTableResponse")]
pub struct GetTableResponse {
    /// The table.
    table: Table,
    /// Number of rows.
    rows: i64,
    /// Number of rows with a computed column that waits for its value.
    stale: i64,
    /// Number of rows that wait for their index. Always 0: searches need none.
    indexing: i64,
}

impl From<tables::Table> for GetTableResponse {
    fn from(table: tables::Table) -> Self {
        Self {
            rows: table.row_count,
            stale: table.stale_rows(),
            indexing: 0,
            table: table.into(),
        }
    }
}

impl Example for GetTableResponse {
    fn example() -> Self {
        Self {
            table: Table::example(),
            rows: 2,
            stale: 0,
            indexing: 0,
        }
    }
}

/// A table that was there before or is created now.
#[derive(Object)]
#[oai(example, rename = "getOrCreateTableResponse")]
pub struct GetOrCreateTableResponse {
    /// The table.
    table: Table,
    /// True if the table is created now.
    created: bool,
    /// Number of rows.
    rows: i64,
    /// Number of rows with a computed column that waits for its value.
    stale: i64,
    /// Number of rows that wait for their index. Always 0: searches need none.
    indexing: i64,
}

impl GetOrCreateTableResponse {
    pub fn new(table: tables::Table, created: bool) -> Self {
        let found = GetTableResponse::from(table);
        Self {
            table: found.table,
            created,
            rows: found.rows,
            stale: found.stale,
            indexing: found.indexing,
        }
    }
}

impl Example for GetOrCreateTableResponse {
    fn example() -> Self {
        Self {
            table: Table::example(),
            created: true,
            rows: 0,
            stale: 0,
            indexing: 0,
        }
    }
}

/// A changed table.
#[derive(Object)]
#[oai(example, rename = "updateTableResponse", rename_all = "camelCase")]
pub struct UpdateTableResponse {
    /// The table.
    table: Table,
    /// Names of the computed columns whose values are out of date.
    stale_columns: Vec<String>,
}

impl From<TableUpdate> for UpdateTableResponse {
    fn from(update: TableUpdate) -> Self {
        Self {
            table: update.table.into(),
            stale_columns: update.stale_columns,
        }
    }
}

impl Example for UpdateTableResponse {
    fn example() -> Self {
        Self {
            table: Table::example(),
            stale_columns: Vec::new(),
        }
    }
}

/// A copy of a table.
#[derive(Object)]
#[oai(example, rename = "duplicateTableResponse")]
pub struct DuplicateTableResponse {
    /// The copy.
    table: Table,
    /// Number of copied rows.
    rows: i64,
}

impl From<tables::Table> for DuplicateTableResponse {
    fn from(table: tables::Table) -> Self {
        Self {
            rows: table.row_count,
            table: table.into(),
        }
    }
}

impl Example for DuplicateTableResponse {
    fn example() -> Self {
        Self {
            table: Table::example(),
            rows: 2,
        }
    }
}
