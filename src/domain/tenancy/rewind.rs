//! Repairs of rows that contain times in the future after the clock went back.

use std::time::Duration;

use rusqlite::{Connection, Statement, ToSql};

use super::app::App;
use crate::kernel::{Result, Timestamp, clock::SystemRewind};

/// Maximum number of rows that are repaired in one transaction.
pub(in crate::domain) const ROWS_PER_TRANSACTION: i64 = 500;

/// Repair of the rows of one table that could only be written at a time that the clock has not reached.
pub(in crate::domain) struct Repair {
    /// Name of the table.
    pub(in crate::domain) table: &'static str,
    /// Key columns of the table.
    pub(in crate::domain) key: &'static str,
    /// SQL that selects the keys of the rows. `:horizon` is `:now` plus `max_wait`.
    pub(in crate::domain) find_sql: &'static str,
    /// SQL assignments for these rows. `find_sql` must not select them afterwards.
    pub(in crate::domain) set_sql: &'static str,
    /// Maximum time that such a row may have to wait.
    pub(in crate::domain) max_wait: fn(&App) -> Duration,
    /// Column with the end of a wait, for rows that `find_sql` selects beyond `:horizon`.
    pub(in crate::domain) due_column: Option<&'static str>,
}

impl Repair {
    pub(in crate::domain) fn is_needed(
        &self,
        conn: &Connection,
        now: Timestamp,
        app: &App,
    ) -> Result<bool> {
        let sql = format!("SELECT EXISTS ({})", self.find_sql);
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, app)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        Ok(row.is_some_and(|row| row.get(0).unwrap_or(false)))
    }

    pub(in crate::domain) fn repair_chunk(
        &self,
        conn: &Connection,
        now: Timestamp,
        app: &App,
    ) -> Result<u64> {
        let Self {
            table,
            key,
            find_sql: find,
            set_sql: set,
            ..
        } = self;
        let sql = format!(
            "UPDATE {table} SET {set} WHERE {key} IN ({find} LIMIT {ROWS_PER_TRANSACTION})"
        );
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, app)?;
        Ok(statement.raw_execute()? as u64)
    }

    fn bind(&self, statement: &mut Statement<'_>, now: Timestamp, app: &App) -> Result<()> {
        let horizon = now.plus((self.max_wait)(app));
        bind_parameters(statement, &[(":now", &now), (":horizon", &horizon)])
    }

    pub(in crate::domain) fn shift_waits(
        &self,
        conn: &Connection,
        now: Timestamp,
        rewind: SystemRewind,
    ) -> Result<()> {
        let Some(due) = self.due_column else {
            return Ok(());
        };
        let Self {
            table,
            key,
            find_sql: find,
            ..
        } = self;
        let sql =
            format!("UPDATE {table} SET {due} = max(:now, {due} - :back) WHERE {key} IN ({find})");
        let by = i64::try_from(rewind.by.as_micros()).unwrap_or(i64::MAX);
        let mut statement = conn.prepare(&sql)?;
        let parameters: [(&str, &dyn ToSql); 3] = [
            (":now", &now),
            (":horizon", &rewind.expected),
            (":back", &by),
        ];
        bind_parameters(&mut statement, &parameters)?;
        statement.raw_execute()?;
        Ok(())
    }
}

fn bind_parameters(statement: &mut Statement<'_>, parameters: &[(&str, &dyn ToSql)]) -> Result<()> {
    for (name, value) in parameters {
        // A statement may use only some of the parameters.
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}
