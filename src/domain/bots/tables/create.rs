//! Creates tables.

use std::collections::BTreeMap;

use rusqlite::named_params;
use uuid::Uuid;

use super::{
    column_schema::without_deletions,
    columns::{ColumnPatch, Columns},
    keys,
    table::{self, Table},
};
use crate::{
    domain::{
        bots::author::require_write,
        tenancy::{
            audit::{self, NewAuditRecord},
            bounds::Bound,
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

/// Maximum number of tags.
const MAX_TAGS: usize = 50;
/// Maximum length of the name and the value of a tag, in characters.
const MAX_TAG_CHARS: usize = 500;

pub(super) const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "tables",
    setting: "tables",
    limit: |bounds| bounds.tables,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM bot_tables WHERE agent_seq = ?1 AND deleted_at IS NULL",
};

/// The fields of a new table.
#[derive(Debug, Clone)]
pub struct NewTable {
    /// Name.
    pub name: String,
    /// Maximum size of a row, in units of 4 KiB.
    pub factor: u32,
    /// True if name and schema cannot be changed.
    pub is_frozen: bool,
    /// True if computed columns wait for their values.
    pub computes: bool,
    /// Name of the column that identifies rows.
    pub key_column: Option<String>,
    /// Columns; a deletion stands for null in a sample row.
    pub columns: Vec<ColumnPatch>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Creates a table in the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `Invalid` for an invalid name, schema or key column; `Conflict` if another
/// table has the name; `LimitExceeded` for too many tables or columns; errors of the store.
pub async fn create(call: &RequestContext, new: NewTable) -> Result<Table> {
    let (table, is_created) = create_if_absent(call, new).await?;
    match is_created {
        true => Ok(table),
        false => Err(table::name_conflict(&table.name)),
    }
}

/// Returns the table with this name or id in the call's bot, and creates one with the name if there is none. True if it
/// was created.
///
/// # Errors
/// The errors of [`create`], except for `Conflict`.
pub async fn get_or_create(call: &RequestContext, new: NewTable) -> Result<(Table, bool)> {
    let agent_seq = call.agent()?.seq;
    let found = call
        .app()
        .store()
        .read(|conn| table::find_if_any(conn, agent_seq, &new.name))?;
    match found {
        Some(table) => Ok((table, false)),
        None => create_if_absent(call, new).await,
    }
}

async fn create_if_absent(call: &RequestContext, new: NewTable) -> Result<(Table, bool)> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    table::require_name(&new.name)?;
    require_tags(&new.tags)?;
    let columns = Columns::new(without_deletions(new.columns.clone()))?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            if let Some(known) = table::find_if_any(tx.conn, agent_seq, &new.name)? {
                return Ok((known, false));
            }
            let table = insert(tx, (workspace, agent_seq), &new, columns)?;
            Ok((table, true))
        })
        .await
}

const INSERT: &str = "
    INSERT INTO bot_tables (id, agent_seq, name, factor, frozen, computes, key_column, columns, next_column, tags,
                            created_at, updated_at)
    VALUES (:id, :agent_seq, :name, :factor, :frozen, :computes, :key_column, :columns, :next_column, :tags,
            :now, :now)";
const SET_KEY: &str = "UPDATE bot_tables SET key_column = :key WHERE seq = :seq";

/// Inserts a table whose name is free.
pub(super) fn insert(
    tx: &WriteTx<'_>,
    (workspace, agent_seq): (&WorkspaceId, i64),
    new: &NewTable,
    columns: Columns,
) -> Result<Table> {
    BOUND.require(tx, agent_seq)?;
    let id = Uuid::new_v4().to_string();
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_seq": agent_seq,
        ":name": new.name,
        ":factor": new.factor,
        ":frozen": new.is_frozen,
        ":computes": new.computes,
        ":key_column": None::<u32>,
        ":columns": table::to_columns_text(&columns)?,
        ":next_column": columns.next,
        ":tags": table::to_tags_text(&new.tags)?,
        ":now": tx.now,
    })?;
    let mut table = table::find(tx.conn, agent_seq, &id)?;
    if let Some(name) = &new.key_column {
        let number = keys::require_key_column(&table, name)?.number;
        tx.conn
            .prepare_cached(SET_KEY)?
            .execute(named_params! {":key": number, ":seq": table.seq})?;
        table.key = Some(number);
    }
    record_audit(tx, workspace, "table.create", &table)?;
    Ok(table)
}

/// Writes an audit record of a change of a table.
pub(super) fn record_audit(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    action: &'static str,
    table: &Table,
) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action,
            resource_id: &table.id,
            resource_name: Some(&table.name),
        },
    )
}

/// Requires that a table may have these tags.
///
/// # Errors
/// `LimitExceeded`.
pub(super) fn require_tags(tags: &BTreeMap<String, String>) -> Result<()> {
    let is_long = |text: &str| text.chars().count() > MAX_TAG_CHARS;
    let too_long = tags
        .iter()
        .any(|(name, value)| is_long(name) || is_long(value));
    if tags.len() <= MAX_TAGS && !too_long {
        return Ok(());
    }
    let text = format!("tags: a table can have {MAX_TAGS} tags of {MAX_TAG_CHARS} characters");
    Err(Error::new(Kind::LimitExceeded, text))
}
