//! The operations on tables.

use poem::Request;
use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    auth::TableCaller,
    dto::{
        CreateTableBody, DuplicateTableBody, GetOrCreateTableBody, RenameTableColumnBody,
        UpdateTableBody,
    },
    responses::{
        DuplicateTableResponse, GetOrCreateTableResponse, GetTableResponse, ListTablesResponse,
        TableResponse, UpdateTableResponse,
    },
};
use crate::{
    dialects::botpress::{
        Tag, chat,
        empty::{EMPTY_RESPONSE, EmptyResponse},
        error::Failed,
    },
    domain::bots::tables,
    http::Body,
};

/// The operations on tables.
pub struct Tables;

#[OpenApi(tag = "Tag::Table")]
impl Tables {
    /// List Tables
    ///
    /// Lists all tables of the bot, oldest first.
    #[oai(path = "/v1/tables", method = "get", operation_id = "listTables")]
    async fn list_tables(
        &self,
        caller: TableCaller,
        request: &Request,
    ) -> Result<Json<ListTablesResponse>, Failed> {
        let tags = chat::tags::parse_filter(request);
        let found = tables::list(&caller.0, &tags)?.into_iter();
        Ok(Json(ListTablesResponse {
            tables: found.map(Into::into).collect(),
        }))
    }

    /// Create Table
    ///
    /// Creates a table in the bot.
    #[oai(path = "/v1/tables", method = "post", operation_id = "createTable")]
    async fn create_table(
        &self,
        caller: TableCaller,
        body: Body<CreateTableBody>,
    ) -> Result<Json<TableResponse>, Failed> {
        let created = tables::create(&caller.0, body.0.into_domain()?).await?;
        Ok(Json(TableResponse {
            table: created.into(),
        }))
    }

    /// Get Table
    ///
    /// Returns a table with counts of its rows.
    #[oai(path = "/v1/tables/:table", method = "get", operation_id = "getTable")]
    async fn get_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
    ) -> Result<Json<GetTableResponse>, Failed> {
        Ok(Json(tables::get(&caller.0, &table.0)?.into()))
    }

    /// Get or Create Table
    ///
    /// Returns a table. If there is none, creates one with this name.
    #[oai(
        path = "/v1/tables/:table",
        method = "post",
        operation_id = "getOrCreateTable"
    )]
    async fn get_or_create_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table; its name if it is created.
        table: Path<String>,
        body: Body<GetOrCreateTableBody>,
    ) -> Result<Json<GetOrCreateTableResponse>, Failed> {
        let new = body.0.into_domain(table.0)?;
        let (found, created) = tables::get_or_create(&caller.0, new).await?;
        Ok(Json(GetOrCreateTableResponse::new(found, created)))
    }

    /// Update Table
    ///
    /// Changes a table. Columns that the body does not name stay. A column whose type changes loses its values.
    #[oai(
        path = "/v1/tables/:table",
        method = "put",
        operation_id = "updateTable"
    )]
    async fn update_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<UpdateTableBody>,
    ) -> Result<Json<UpdateTableResponse>, Failed> {
        let patch = body.0.into_domain()?;
        Ok(Json(
            tables::update(&caller.0, table.0, patch).await?.into(),
        ))
    }

    /// Delete Table
    ///
    /// Deletes a table with its rows.
    #[oai(
        path = "/v1/tables/:table",
        method = "delete",
        operation_id = "deleteTable"
    )]
    async fn delete_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
    ) -> Result<Json<EmptyResponse>, Failed> {
        tables::delete(&caller.0, table.0).await?;
        Ok(EMPTY_RESPONSE)
    }

    /// Rename Table Column
    ///
    /// Renames a column of a table. Its values stay.
    #[oai(
        path = "/v1/tables/:table/column",
        method = "put",
        operation_id = "renameTableColumn"
    )]
    async fn rename_table_column(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        table: Path<String>,
        body: Body<RenameTableColumnBody>,
    ) -> Result<Json<TableResponse>, Failed> {
        let RenameTableColumnBody { name, new_name } = body.0;
        let renamed = tables::rename_column(&caller.0, table.0, name, new_name).await?;
        Ok(Json(TableResponse {
            table: renamed.into(),
        }))
    }

    /// Duplicate Table
    ///
    /// Copies a table, with or without its rows. Rows keep their ids.
    #[oai(
        path = "/v1/tables/:sourceTableId/duplicate",
        method = "post",
        operation_id = "duplicateTable"
    )]
    async fn duplicate_table(
        &self,
        caller: TableCaller,
        /// Name or id of the table.
        #[oai(name = "sourceTableId")]
        source_table_id: Path<String>,
        body: Body<DuplicateTableBody>,
    ) -> Result<Json<DuplicateTableResponse>, Failed> {
        let copy = tables::duplicate(&caller.0, source_table_id.0, body.0.into()).await?;
        Ok(Json(copy.into()))
    }
}
