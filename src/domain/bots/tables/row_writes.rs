//! Writes of single rows in a transaction.

use rusqlite::named_params;

use super::{
    cast::Values,
    keys,
    rows::{self, StoredRow},
    table::Table,
};
use crate::{
    domain::tenancy::{
        quotas::{self, UsageType},
        write_tx::WriteTx,
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId, schema::truncate_text},
};

/// Maximum id of a row.
const MAX_ROW_ID: i64 = 0x7fff_ffff;

/// A row to write, with converted values.
#[derive(Debug, Clone)]
pub(super) struct PreparedRow {
    /// Index in the request.
    pub(super) index: usize,
    /// Id that the request names.
    pub(super) id: Option<i64>,
    /// Given values.
    pub(super) values: Values,
    /// Reason why the values are no whole row.
    pub(super) incomplete: Option<String>,
}

/// Outcome for one row: the row as it is stored now, or the reason why it is not written.
pub(super) type RowOutcome = Result<StoredRow, String>;

/// Writes rows of one table, and counts them.
pub(super) struct RowWriter<'a, 'tx> {
    tx: &'a WriteTx<'tx>,
    pub(super) table: Table,
}

const INSERT: &str = "
    INSERT INTO bot_table_rows (seq, data, created_at, updated_at) VALUES (:seq, :data, :now, :now)";
const UPDATE: &str = "UPDATE bot_table_rows SET data = :data, updated_at = :now WHERE seq = :seq";
const SAVE_COUNTS: &str = "
    UPDATE bot_tables SET last_row = :last_row, row_count = :row_count WHERE seq = :seq";

impl<'a, 'tx> RowWriter<'a, 'tx> {
    pub(super) const fn new(tx: &'a WriteTx<'tx>, table: Table) -> Self {
        Self { tx, table }
    }

    /// Requires that the table may have `more` rows.
    ///
    /// # Errors
    /// `QuotaExceeded`, `LimitExceeded`, and errors of the store.
    pub(super) fn require_room_for(&self, workspace: &WorkspaceId, more: usize) -> Result<()> {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        let counted = more.saturating_mul(self.table.factor.into());
        quotas::require_in_job(self.tx, workspace, UsageType::TableRowCount, counted)?;
        let Some(bounds) = self.tx.bounds() else {
            return Ok(());
        };
        let max = bounds.settings.table_rows;
        if self.table.row_count.unsigned_abs().saturating_add(more) > max {
            let text = format!("A table can have {max} rows (bounds.table_rows)");
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        Ok(())
    }

    /// Inserts a row.
    pub(super) fn insert(&mut self, row: &PreparedRow) -> Result<RowOutcome> {
        if let Some(problem) = &row.incomplete {
            return Ok(Err(problem.clone()));
        }
        let data = row.values.to_data();
        if let Err(problem) = self.check_size(&data) {
            return Ok(Err(problem));
        }
        let id = self.table.last_row + 1;
        if id > MAX_ROW_ID {
            return Err(Error::new(
                Kind::LimitExceeded,
                "The table has used all ids of rows",
            ));
        }
        if !keys::replace(self.tx.conn, &self.table, id, None, Some(&row.values))? {
            return Ok(Err(self.key_conflict(&row.values)));
        }
        self.tx
            .conn
            .prepare_cached(INSERT)?
            .execute(named_params! {
                ":seq": self.table.row_seq(id), ":data": data, ":now": self.tx.now,
            })?;
        self.table.last_row = id;
        self.table.row_count += 1;
        Ok(Ok(StoredRow {
            id,
            values: row.values.clone(),
            created_at: self.tx.now,
            updated_at: self.tx.now,
            bytes: data.len(),
        }))
    }

    /// Replaces the given values of a row. `None` if there is no such row.
    pub(super) fn update(&mut self, id: i64, row: &PreparedRow) -> Result<Option<RowOutcome>> {
        let Some(mut stored) = rows::find(self.tx.conn, &self.table, id)? else {
            return Ok(None);
        };
        let before = stored.values.clone();
        stored.values.update(&row.values);
        let data = stored.values.to_data();
        if let Err(problem) = self.check_size(&data) {
            return Ok(Some(Err(problem)));
        }
        let conn = self.tx.conn;
        if !keys::replace(conn, &self.table, id, Some(&before), Some(&stored.values))? {
            return Ok(Some(Err(self.key_conflict(&stored.values))));
        }
        conn.prepare_cached(UPDATE)?.execute(named_params! {
            ":seq": self.table.row_seq(id), ":data": data, ":now": self.tx.now,
        })?;
        stored.updated_at = self.tx.now;
        stored.bytes = data.len();
        Ok(Some(Ok(stored)))
    }

    /// Saves the counts of the table, and returns it.
    pub(super) fn finish(self) -> Result<Table> {
        self.tx
            .conn
            .prepare_cached(SAVE_COUNTS)?
            .execute(named_params! {
                ":seq": self.table.seq,
                ":last_row": self.table.last_row,
                ":row_count": self.table.row_count,
            })?;
        Ok(self.table)
    }

    fn check_size(&self, data: &str) -> Result<(), String> {
        let max = self.table.max_row_bytes();
        match data.len() > max {
            true => Err(format!(
                "a row of this table can have {max} bytes of JSON, and this one has {}",
                data.len()
            )),
            false => Ok(()),
        }
    }

    fn key_conflict(&self, values: &Values) -> String {
        let column = self.table.key_column();
        let name = column.map_or("", |column| column.name.as_str());
        let value = column.and_then(|column| values.get(column.number));
        let value = value.map(ToString::to_string).unwrap_or_default();
        format!(
            "another row has the value {} in \"{name}\"",
            truncate_text(&value, 60)
        )
    }
}
