//! The operations on rows.

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::Serialize;
use serde_json::json;

use super::{
    auth::TableCaller,
    row_dto::{
        DeleteTableRowsBody, FindTableRowsBody, TableRow, example_rows, require_ids, to_rows,
    },
};
use crate::{
    dialects::botpress::{Tag, error::Failed},
    domain::bots::tables::{self, WrittenRows},
    http::{Body, DirectJson, JsonObject},
};

/// The operations on rows of tables.
pub struct TableRows;

/// New rows.
#[derive(Object)]
#[oai(example, rename = "createTableRowsBody", rename_all = "camelCase")]
struct CreateTableRowsBody {
    /// The rows: values by the names of their columns.
    #[oai(validator(min_items = 1, max_items = 1000))]
    rows: Vec<JsonObject>,
    /// Without effect: this server does not compute columns.
    wait_computed: Option<bool>,
}

impl Example for CreateTableRowsBody {
    fn example() -> Self {
        Self {
            rows: example_rows(json!({"number": "A-17", "note": "Gift wrap"})),
            wait_computed: None,
        }
    }
}

/// Changes of rows.
#[derive(Object)]
#[oai(example, rename = "updateTableRowsBody", rename_all = "camelCase")]
struct UpdateTableRowsBody {
    /// The rows: each with its `id`, and the values to replace by the names of their columns.
    #[oai(validator(min_items = 1, max_items = 1000))]
    rows: Vec<JsonObject>,
    /// Without effect: this server does not compute columns.
    wait_computed: Option<bool>,
}

impl Example for UpdateTableRowsBody {
    fn example() -> Self {
        Self {
            rows: example_rows(json!({"id": 1, "note": null})),
            wait_computed: None,
        }
    }
}

/// Rows to create, or to update if they are known.
#[derive(Object)]
#[oai(example, rename = "upsertTableRowsBody", rename_all = "camelCase")]
struct UpsertTableRowsBody {
    /// The rows: values by the names of their columns. Of rows with the same key, the last counts.
    #[oai(validator(min_items = 1, max_items = 1000))]
    rows: Vec<JsonObject>,
    /// Name of the column by which a row is known, or `id`; the key column of the table if absent, else `id`.
    #[oai(validator(min_length = 1, max_length = 30))]
    key_column: Option<String>,
    /// Without effect: this server does not compute columns.
    wait_computed: Option<bool>,
}

impl Example for UpsertTableRowsBody {
    fn example() -> Self {
        Self {
            rows: example_rows(json!({"number": "A-17", "note": "Gift wrap"})),
            key_column: Some("number".to_owned()),
            wait_computed: None,
        }
    }
}

/// One row.
#[derive(Object, Serialize)]
#[oai(example, rename = "getTableRowResponse")]
struct GetTableRowResponse {
    /// The row.
    row: TableRow,
}

impl Example for GetTableRowResponse {
    fn example() -> Self {
        Self {
            row: TableRow::example(),
        }
    }
}

/// A page of rows.
#[derive(Object, Serialize)]
#[oai(example, rename = "findTableRowsResponse", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct FindTableRowsResponse {
    /// The rows, or the groups.
    rows: Vec<TableRow>,
    /// True if there are more.
    has_more: bool,
    /// Number of skipped rows.
    offset: u64,
    /// Maximum number of rows.
    limit: u64,
    /// Parts of the query without an effect.
    warnings: Vec<String>,
}

impl Example for FindTableRowsResponse {
    fn example() -> Self {
        Self {
            rows: vec![TableRow::example()],
            has_more: false,
            offset: 0,
            limit: 20,
            warnings: Vec::new(),
        }
    }
}

/// Written rows.
#[derive(Object, Serialize)]
#[oai(example, rename = "TableRowsResponse")]
struct TableRowsResponse {
    /// The rows, as they are now.
    rows: Vec<TableRow>,
    /// Values that were dropped.
    warnings: Vec<String>,
    /// Reasons why rows were not written.
    errors: Vec<String>,
}

impl From<WrittenRows> for TableRowsResponse {
    fn from(written: WrittenRows) -> Self {
        Self {
            rows: to_rows(written.rows),
            warnings: written.warnings,
            errors: written.errors,
        }
    }
}

impl Example for TableRowsResponse {
    fn example() -> Self {
        Self {
            rows: vec![TableRow::example()],
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }
}

/// Created and updated rows.
#[derive(Object, Serialize)]
#[oai(example, rename = "upsertTableRowsResponse")]
struct UpsertTableRowsResponse {
    /// Created rows.
    inserted: Vec<TableRow>,
    /// Updated rows.
    updated: Vec<TableRow>,
    /// Values that were dropped.
    warnings: Vec<String>,
    /// Reasons why rows were not written.
    errors: Vec<String>,
}

impl Example for UpsertTableRowsResponse {
    fn example() -> Self {
        Self {
            inserted: vec![TableRow::example()],
            updated: Vec::new(),
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }
}

/// Number of deleted rows.
#[derive(Object, Serialize)]
#[oai(example, rename = "deleteTableRowsResponse", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct DeleteTableRowsResponse {
    /// Number of deleted rows.
    deleted_rows: u64,
}

impl Example for DeleteTableRowsResponse {
    fn example() -> Self {
        Self { deleted_rows: 2 }
    }
}

#[OpenApi(tag = "Tag::Table")]
impl TableRows {
    /// Get Table Row
    ///
    /// Returns a row of a table.
    #[oai(
        path = "/v1/tables/:table/row",
        method = "get",
        operation_id = "getTableRow"
    )]
    async fn get_table_row(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        /// Id of the row.
        id: Query<i64>,
    ) -> Result<DirectJson<GetTableRowResponse>, Failed> {
        let row = tables::get_row(&caller.0, &table.0, id.0)?.into();
        Ok(DirectJson(GetTableRowResponse { row }))
    }

    /// Find Table Rows
    ///
    /// Returns the rows that a filter selects, sorted, or by their similarity to words, or in groups. Rows are found
    /// directly by `id` and by the key column; other queries read rows, up to `tables.max_scanned_rows`.
    #[oai(
        path = "/v1/tables/:table/rows/find",
        method = "post",
        operation_id = "findTableRows"
    )]
    async fn find_table_rows(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<FindTableRowsBody>,
    ) -> Result<DirectJson<FindTableRowsResponse>, Failed> {
        let query = tables::Query::from(body.0);
        let (offset, limit) = (query.offset, query.limit as u64);
        let found = tables::find_rows(&caller.0, &table.0, query).await?;
        Ok(DirectJson(FindTableRowsResponse {
            rows: to_rows(found.rows),
            has_more: found.has_more,
            offset,
            limit,
            warnings: found.warnings,
        }))
    }

    /// Create Table Rows
    ///
    /// Creates rows. Values are converted to the types of their columns. Rows that cannot be created are reported in
    /// `errors`, and the others are created.
    #[oai(
        path = "/v1/tables/:table/rows",
        method = "post",
        operation_id = "createTableRows"
    )]
    async fn create_table_rows(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<CreateTableRowsBody>,
    ) -> Result<DirectJson<TableRowsResponse>, Failed> {
        let rows = body.0.rows.into_iter().map(|row| row.0).collect();
        let written = tables::create_rows(&caller.0, &table.0, rows).await?;
        Ok(DirectJson(written.into()))
    }

    /// Update Table Rows
    ///
    /// Replaces the given values of rows. Rows that cannot be updated are reported in `errors`, and the others are
    /// updated.
    #[oai(
        path = "/v1/tables/:table/rows",
        method = "put",
        operation_id = "updateTableRows"
    )]
    async fn update_table_rows(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<UpdateTableRowsBody>,
    ) -> Result<DirectJson<TableRowsResponse>, Failed> {
        require_ids(&body.0.rows)?;
        let rows = body.0.rows.into_iter().map(|row| row.0).collect();
        let written = tables::update_rows(&caller.0, &table.0, rows).await?;
        Ok(DirectJson(written.into()))
    }

    /// Upsert Table Rows
    ///
    /// Updates the rows that are known by a column, and creates the others. Rows that cannot be written are reported in
    /// `errors`, and the others are written.
    #[oai(
        path = "/v1/tables/:table/rows/upsert",
        method = "post",
        operation_id = "upsertTableRows"
    )]
    async fn upsert_table_rows(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<UpsertTableRowsBody>,
    ) -> Result<DirectJson<UpsertTableRowsResponse>, Failed> {
        let UpsertTableRowsBody {
            rows, key_column, ..
        } = body.0;
        let rows = rows.into_iter().map(|row| row.0).collect();
        let written = tables::upsert_rows(&caller.0, &table.0, key_column, rows).await?;
        Ok(DirectJson(UpsertTableRowsResponse {
            inserted: to_rows(written.inserted),
            updated: to_rows(written.updated),
            warnings: written.warnings,
            errors: written.errors,
        }))
    }

    /// Delete Table Rows
    ///
    /// Deletes rows by their ids, by a filter, or all of them.
    #[oai(
        path = "/v1/tables/:table/rows/delete",
        method = "post",
        operation_id = "deleteTableRows"
    )]
    async fn delete_table_rows(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<DeleteTableRowsBody>,
    ) -> Result<DirectJson<DeleteTableRowsResponse>, Failed> {
        let selection = body.0.into_domain()?;
        let deleted_rows = tables::delete_rows(&caller.0, &table.0, selection).await?;
        Ok(DirectJson(DeleteTableRowsResponse { deleted_rows }))
    }
}
