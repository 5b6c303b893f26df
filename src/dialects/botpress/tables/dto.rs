//! Wire types of tables.

use std::collections::BTreeMap;

use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};
use serde_json::json;

use crate::{
    domain::bots::tables::{self, NewCopy, NewTable, TablePatch, parse_schema},
    http::{JsonObject, Nullable},
    kernel::{Patch, Result},
};

pub const EXAMPLE_TABLE_ID: &str = "8a1c2f64-3d53-4c0b-8a8e-5b6c3c0f9d21";
pub const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A table.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Table {
    /// Id of the table.
    id: String,
    /// Name of the table.
    name: String,
    /// Maximum size of a row, in units of 4096 bytes. A row counts as often in the quota.
    factor: u32,
    /// True if name and schema cannot be changed.
    frozen: bool,
    /// Name of the column whose values identify rows; null for none.
    key_column: Nullable<String>,
    /// JSON Schema of the rows.
    schema: JsonObject,
    /// Tags of the table.
    tags: BTreeMap<String, String>,
    /// True if computed columns wait for their values. This server does not compute them.
    is_compute_enabled: bool,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last change of the table, in ISO 8601.
    updated_at: String,
}

impl From<tables::Table> for Table {
    fn from(table: tables::Table) -> Self {
        Self {
            key_column: Nullable(table.key_column().map(|column| column.name.clone())),
            schema: JsonObject(table.columns.to_json_schema()),
            id: table.id,
            name: table.name,
            factor: table.factor,
            frozen: table.is_frozen,
            tags: table.tags,
            is_compute_enabled: table.computes,
            created_at: table.created_at.to_rfc3339_millis(),
            updated_at: table.updated_at.to_rfc3339_millis(),
        }
    }
}

impl Example for Table {
    fn example() -> Self {
        Self {
            id: EXAMPLE_TABLE_ID.to_owned(),
            name: "ordersTable".to_owned(),
            factor: 1,
            frozen: false,
            key_column: Nullable(Some("number".to_owned())),
            schema: JsonObject::from_value(json!({
                "type": "object",
                "properties": {
                    "number": {"type": "string", "nullable": true, "x-zui": {"index": 0}},
                    "note": {"type": "string", "nullable": true, "x-zui": {"index": 1, "searchable": true}},
                },
                "additionalProperties": true,
            })),
            tags: BTreeMap::new(),
            is_compute_enabled: true,
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
        }
    }
}

fn example_schema() -> JsonObject {
    JsonObject::from_value(json!({
        "number": {"type": "string"},
        "note": {"type": "string", "x-zui": {"searchable": true}},
    }))
}

/// A new table.
#[derive(Object)]
#[oai(example, rename = "createTableBody", rename_all = "camelCase")]
pub struct CreateTableBody {
    /// Name of the table: letters, digits and `_`, with `Table` at the end.
    #[oai(validator(min_length = 1))]
    name: String,
    /// Maximum size of a row, in units of 4096 bytes; 1 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "30")))]
    factor: Option<u32>,
    /// True if name and schema cannot be changed.
    frozen: Option<bool>,
    /// Name of the column whose values identify rows.
    #[oai(nullable)]
    key_column: MaybeUndefined<String>,
    /// Columns: a JSON Schema of the rows, a map from the names of columns to their schemas, or a sample row.
    schema: JsonObject,
    /// Tags of the table.
    tags: Option<BTreeMap<String, String>>,
    /// True if computed columns wait for their values; true if absent.
    is_compute_enabled: Option<bool>,
}

impl CreateTableBody {
    pub fn into_domain(self) -> Result<NewTable> {
        Ok(NewTable {
            name: self.name,
            factor: self.factor.unwrap_or(1),
            is_frozen: self.frozen.unwrap_or(false),
            computes: self.is_compute_enabled.unwrap_or(true),
            key_column: self.key_column.take(),
            columns: parse_schema(&self.schema.0)?,
            tags: self.tags.unwrap_or_default(),
        })
    }
}

impl Example for CreateTableBody {
    fn example() -> Self {
        Self {
            name: "ordersTable".to_owned(),
            factor: None,
            frozen: None,
            key_column: MaybeUndefined::Value("number".to_owned()),
            schema: example_schema(),
            tags: None,
            is_compute_enabled: None,
        }
    }
}

/// A table that is created if there is none with its name.
#[derive(Object)]
#[oai(example, rename = "getOrCreateTableBody", rename_all = "camelCase")]
pub struct GetOrCreateTableBody {
    /// Maximum size of a row, in units of 4096 bytes; 1 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "30")))]
    factor: Option<u32>,
    /// True if name and schema cannot be changed.
    frozen: Option<bool>,
    /// Name of the column whose values identify rows.
    #[oai(nullable)]
    key_column: MaybeUndefined<String>,
    /// Columns: a JSON Schema of the rows, a map from the names of columns to their schemas, or a sample row.
    schema: JsonObject,
    /// Tags of the table.
    tags: Option<BTreeMap<String, String>>,
    /// True if computed columns wait for their values; true if absent.
    is_compute_enabled: Option<bool>,
}

impl GetOrCreateTableBody {
    pub fn into_domain(self, name: String) -> Result<NewTable> {
        let body = CreateTableBody {
            name,
            factor: self.factor,
            frozen: self.frozen,
            key_column: self.key_column,
            schema: self.schema,
            tags: self.tags,
            is_compute_enabled: self.is_compute_enabled,
        };
        body.into_domain()
    }
}

impl Example for GetOrCreateTableBody {
    fn example() -> Self {
        Self {
            factor: None,
            frozen: None,
            key_column: MaybeUndefined::Undefined,
            schema: example_schema(),
            tags: None,
            is_compute_enabled: None,
        }
    }
}

/// Changes of a table.
#[derive(Object)]
#[oai(example, rename = "updateTableBody", rename_all = "camelCase")]
pub struct UpdateTableBody {
    /// New name.
    #[oai(validator(min_length = 1))]
    name: Option<String>,
    /// New maximum size of a row, in units of 4096 bytes; not smaller than before.
    #[oai(validator(minimum(value = "1"), maximum(value = "30")))]
    factor: Option<u32>,
    /// True if name and schema cannot be changed.
    frozen: Option<bool>,
    /// Name of the column whose values identify rows; null for none.
    #[oai(nullable)]
    key_column: MaybeUndefined<String>,
    /// Changed and new columns, in any form that Create Table accepts. Null deletes a column. Others stay.
    schema: Option<JsonObject>,
    /// New tags, which replace all others.
    tags: Option<BTreeMap<String, String>>,
    /// True if computed columns wait for their values.
    is_compute_enabled: Option<bool>,
}

impl UpdateTableBody {
    pub fn into_domain(self) -> Result<TablePatch> {
        Ok(TablePatch {
            name: self.name,
            factor: self.factor,
            is_frozen: self.frozen,
            computes: self.is_compute_enabled,
            key_column: match self.key_column {
                MaybeUndefined::Undefined => Patch::Absent,
                MaybeUndefined::Null => Patch::Null,
                MaybeUndefined::Value(name) => Patch::Value(name),
            },
            columns: match self.schema {
                Some(schema) => parse_schema(&schema.0)?,
                None => Vec::new(),
            },
            tags: self.tags,
        })
    }
}

impl Example for UpdateTableBody {
    fn example() -> Self {
        Self {
            name: None,
            factor: None,
            frozen: None,
            key_column: MaybeUndefined::Undefined,
            schema: Some(JsonObject::from_value(
                json!({"price": {"type": "number"}, "note": null}),
            )),
            tags: None,
            is_compute_enabled: None,
        }
    }
}

/// A column to rename.
#[derive(Object)]
#[oai(example, rename = "renameTableColumnBody", rename_all = "camelCase")]
pub struct RenameTableColumnBody {
    /// Name of the column.
    pub name: String,
    /// New name of the column.
    #[oai(validator(min_length = 1, max_length = 30))]
    pub new_name: String,
}

impl Example for RenameTableColumnBody {
    fn example() -> Self {
        Self {
            name: "note".to_owned(),
            new_name: "remark".to_owned(),
        }
    }
}

/// A copy of a table.
#[derive(Object)]
#[oai(example, rename = "duplicateTableBody", rename_all = "camelCase")]
pub struct DuplicateTableBody {
    /// Name of the copy; derived from that of the table if absent.
    table_name: Option<String>,
    /// True to copy no rows.
    schema_only: Option<bool>,
    /// Maximum size of a row of the copy, in units of 4096 bytes; not smaller than that of the table.
    #[oai(validator(minimum(value = "1"), maximum(value = "30")))]
    factor: Option<u32>,
}

impl From<DuplicateTableBody> for NewCopy {
    fn from(body: DuplicateTableBody) -> Self {
        Self {
            name: body.table_name,
            without_rows: body.schema_only.unwrap_or(false),
            factor: body.factor,
        }
    }
}

impl Example for DuplicateTableBody {
    fn example() -> Self {
        Self {
            table_name: Some("ordersBackupTable".to_owned()),
            schema_only: None,
            factor: None,
        }
    }
}
