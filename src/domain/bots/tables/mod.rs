//! Tables of bots: rows of JSON values in columns that developers declare (botpress-today.md §7).
//!
//! All tables share three SQL tables: one of tables, one of rows, and one that finds rows by the value of their table's
//! key column. Other filters read the rows of a table in the order of their ids, within the limits of [`Settings`].

mod cast;
mod column_schema;
mod columns;
mod copy;
mod create;
mod export;
mod filter;
mod find;
mod group;
mod import;
mod job_files;
mod job_runs;
pub mod jobs;
mod keys;
mod manage;
mod purge;
mod row_writes;
mod rows;
mod scan;
mod search;
mod settings;
mod sort;
mod table;
mod upsert;
mod worker;
mod write;

pub(in crate::domain) use self::copy::UnfinishedCopies;
pub use self::{
    column_schema::parse_schema,
    columns::{ColumnPatch, Columns},
    copy::{NewCopy, duplicate},
    create::{NewTable, create, get_or_create},
    find::{FoundRows, Query, find_rows, get_row},
    manage::{TablePatch, TableUpdate, delete, get, list, rename_column, update},
    purge::{RowSelection, delete_rows},
    rows::Row,
    settings::Settings,
    table::Table,
    upsert::{UpsertedRows, upsert_rows},
    worker::run,
    write::{WrittenRows, create_rows, update_rows},
};
