//! Lists, shows, changes and deletes tables.

use std::collections::BTreeMap;

use rusqlite::named_params;

use super::{
    columns::{ColumnPatch, ColumnsChange},
    create::{record_audit, require_tags},
    jobs, keys,
    table::{self, Table},
};
use crate::{
    domain::{
        bots::author::require_write,
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Patch, Result, Rule, Violation},
};

/// Lists the tables of the call's bot that have all of these tags, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list(call: &RequestContext, tags: &BTreeMap<String, String>) -> Result<Vec<Table>> {
    let agent_seq = call.agent()?.seq;
    let mut tables = call
        .app()
        .store()
        .read(|conn| table::list_all(conn, agent_seq))?;
    tables.retain(|table| {
        let mut wanted = tags.iter();
        wanted.all(|(name, value)| table.tags.get(name) == Some(value))
    });
    Ok(tables)
}

/// Returns a table of the call's bot by its name or id.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn get(call: &RequestContext, table: &str) -> Result<Table> {
    let agent_seq = call.agent()?.seq;
    call.app()
        .store()
        .read(|conn| table::find(conn, agent_seq, table))
}

/// Changes of a table.
#[derive(Debug, Clone, Default)]
pub struct TablePatch {
    /// New name.
    pub name: Option<String>,
    /// New factor, which is not smaller.
    pub factor: Option<u32>,
    /// True if name and schema cannot be changed.
    pub is_frozen: Option<bool>,
    /// True if computed columns wait for their values.
    pub computes: Option<bool>,
    /// Name of the column that identifies rows; null for none.
    pub key_column: Patch<String>,
    /// Changes of columns.
    pub columns: Vec<ColumnPatch>,
    /// New tags, which replace all others.
    pub tags: Option<BTreeMap<String, String>>,
}

/// Result of a change.
#[derive(Debug, Clone)]
pub struct TableUpdate {
    /// The changed table.
    pub table: Table,
    /// Names of the computed columns whose values are out of date.
    pub stale_columns: Vec<String>,
}

/// Changes a table of the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer, and for the name or schema of a frozen table; `NotFound`; `Invalid` for an
/// invalid name, schema, key column or a smaller factor; `Conflict` if another table has the name; `LimitExceeded` for
/// too many columns or tags; errors of the store.
pub async fn update(
    call: &RequestContext,
    table: String,
    patch: TablePatch,
) -> Result<TableUpdate> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    if let Some(name) = &patch.name {
        table::require_name(name)?;
    }
    if let Some(tags) = &patch.tags {
        require_tags(tags)?;
    }
    let app = call.app();
    let before = app
        .store()
        .read(|conn| table::find(conn, agent_seq, &table))?;
    if let Patch::Value(name) = &patch.key_column
        && let Some(column) = before.columns.find(name)
    {
        // An interrupted change may have left keys.
        keys::delete_all(app, before.seq, column.number).await?;
    }
    let max_rows = app.table_settings().max_scanned_rows;
    let (changed, stale_columns, old_key) = app
        .run_write_tx(call, move |tx, workspace| {
            let mut table = table::find(tx.conn, agent_seq, &table)?;
            let old_key = table.key;
            let change = apply(tx, agent_seq, &mut table, patch)?;
            if table.key != old_key
                && let Some(column) = table.key_column()
            {
                keys::build(tx.conn, &table, column, max_rows)?;
            }
            save(tx, &mut table)?;
            if change.has_dropped {
                jobs::insert_clear_column(tx, &table)?;
            }
            record_audit(tx, workspace, "table.update", &table)?;
            let old_key = old_key.filter(|old| table.key != Some(*old));
            Ok((table, change.stale, old_key))
        })
        .await?;
    if let Some(column) = old_key {
        keys::delete_all(app, changed.seq, column).await?;
    }
    Ok(TableUpdate {
        table: changed,
        stale_columns,
    })
}

fn apply(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    table: &mut Table,
    patch: TablePatch,
) -> Result<ColumnsChange> {
    table.is_frozen = patch.is_frozen.unwrap_or(table.is_frozen);
    let name = patch.name.filter(|name| *name != table.name);
    // wire: a change that unfreezes the table may change name and schema (botpress-today.md §7)
    if name.is_some() || !patch.columns.is_empty() {
        require_unfrozen(table)?;
    }
    if let Some(name) = name {
        if table::find_if_any(tx.conn, agent_seq, &name)?.is_some() {
            return Err(table::name_conflict(&name));
        }
        table.name = name;
    }
    if let Some(factor) = patch.factor {
        if factor < table.factor {
            let rule = Rule::Minimum(table.factor.to_string());
            return Err(Violation::body(["factor"], rule).into());
        }
        table.factor = factor;
    }
    table.computes = patch.computes.unwrap_or(table.computes);
    table.tags = patch
        .tags
        .unwrap_or_else(|| std::mem::take(&mut table.tags));
    let key_name = table.key_column().map(|column| column.name.clone());
    let change = table.columns.apply(patch.columns)?;
    let key_name = match patch.key_column {
        Patch::Absent => key_name.filter(|name| table.columns.find(name).is_some()),
        Patch::Null => None,
        Patch::Value(name) => Some(name),
    };
    table.key = match key_name {
        Some(name) => Some(keys::require_key_column(table, &name)?.number),
        None => None,
    };
    Ok(change)
}

fn require_unfrozen(table: &Table) -> Result<()> {
    if table.is_frozen {
        let text = format!(
            "The table \"{}\" is frozen: its name and schema are fixed",
            table.name
        );
        return Err(Error::new(Kind::Forbidden, text));
    }
    Ok(())
}

const SAVE: &str = "
    UPDATE bot_tables
    SET name = :name, factor = :factor, frozen = :frozen, computes = :computes, key_column = :key_column,
        columns = :columns, next_column = :next_column, tags = :tags, version = :version, updated_at = :now
    WHERE seq = :seq";

/// Saves a changed table.
fn save(tx: &WriteTx<'_>, table: &mut Table) -> Result<()> {
    table.version += 1;
    table.updated_at = tx.now;
    tx.conn.prepare_cached(SAVE)?.execute(named_params! {
        ":seq": table.seq,
        ":name": table.name,
        ":factor": table.factor,
        ":frozen": table.is_frozen,
        ":computes": table.computes,
        ":key_column": table.key,
        ":columns": table::to_columns_text(&table.columns)?,
        ":next_column": table.columns.next,
        ":tags": table::to_tags_text(&table.tags)?,
        ":version": table.version,
        ":now": tx.now,
    })?;
    Ok(())
}

/// Renames a column of a table of the call's bot. Its values stay.
///
/// # Errors
/// `Forbidden` for a role below developer, and for a frozen table; `NotFound` for an unknown table or column; `Conflict`
/// if another column has the name; `Invalid` for an invalid name; errors of the store.
pub async fn rename_column(
    call: &RequestContext,
    table: String,
    name: String,
    new: String,
) -> Result<Table> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let mut table = table::find(tx.conn, agent_seq, &table)?;
            require_unfrozen(&table)?;
            table.columns.rename(&name, &new)?;
            save(tx, &mut table)?;
            record_audit(tx, workspace, "table.update", &table)?;
            Ok(table)
        })
        .await
}

/// Frees the name: no valid name begins with a hyphen.
const MARK_DELETED: &str = "
    UPDATE bot_tables SET deleted_at = :now, name = '-' || id, version = version + 1 WHERE seq = :seq";

/// Deletes a table of the call's bot. Its rows are deleted in the background.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, and errors of the store.
pub async fn delete(call: &RequestContext, table: String) -> Result<()> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            let table = table::find(tx.conn, agent_seq, &table)?;
            mark_deleted(tx, &table)?;
            record_audit(tx, workspace, "table.delete", &table)
        })
        .await
}

/// Marks a table as deleted. The worker deletes its rows.
fn mark_deleted(tx: &WriteTx<'_>, table: &Table) -> Result<()> {
    tx.conn
        .prepare_cached(MARK_DELETED)?
        .execute(named_params! {":seq": table.seq, ":now": tx.now})?;
    tx.wake_after_commit(|app| app.table_worker_wake_up().notify_one());
    Ok(())
}
