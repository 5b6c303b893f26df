//! Rows that only a later time could have written, and how they are repaired after the clock goes back.

use std::time::Duration;

use rusqlite::{Connection, Statement, ToSql};

use super::app::App;
use crate::kernel::{Result, Timestamp, clock::SystemRewind};

/// How many rows are mended in one transaction.
pub(in crate::domain) const CHUNK: i64 = 500;

/// Rows of a table that can only have been written at a time which the clock has not reached.
pub(in crate::domain) struct Mend {
    /// The table.
    pub(in crate::domain) table: &'static str,
    /// The columns of its key.
    pub(in crate::domain) key: &'static str,
    /// Selects the keys of the rows. `:horizon` is `longest` after `:now`.
    pub(in crate::domain) find: &'static str,
    /// What is set in them. Afterwards they are not found any more.
    pub(in crate::domain) set: &'static str,
    /// The longest that such a row may have to wait.
    pub(in crate::domain) longest: fn(&App) -> Duration,
    /// The column with the end of a wait, of those that `find` finds beyond `:horizon`.
    pub(in crate::domain) due: Option<&'static str>,
}

impl Mend {
    pub(in crate::domain) fn is_needed(
        &self,
        conn: &Connection,
        now: Timestamp,
        app: &App,
    ) -> Result<bool> {
        let sql = format!("SELECT EXISTS ({})", self.find);
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, app)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        Ok(row.is_some_and(|row| row.get(0).unwrap_or(false)))
    }

    pub(in crate::domain) fn step(
        &self,
        conn: &Connection,
        now: Timestamp,
        app: &App,
    ) -> Result<u64> {
        let Self {
            table,
            key,
            find,
            set,
            ..
        } = self;
        let sql = format!("UPDATE {table} SET {set} WHERE {key} IN ({find} LIMIT {CHUNK})");
        let mut statement = conn.prepare(&sql)?;
        self.bind(&mut statement, now, app)?;
        Ok(statement.raw_execute()? as u64)
    }

    fn bind(&self, statement: &mut Statement<'_>, now: Timestamp, app: &App) -> Result<()> {
        let horizon = now.plus((self.longest)(app));
        bind(statement, &[(":now", &now), (":horizon", &horizon)])
    }

    pub(in crate::domain) fn move_waits(
        &self,
        conn: &Connection,
        now: Timestamp,
        back: SystemRewind,
    ) -> Result<()> {
        let Some(due) = self.due else {
            return Ok(());
        };
        let Self {
            table, key, find, ..
        } = self;
        let sql =
            format!("UPDATE {table} SET {due} = max(:now, {due} - :back) WHERE {key} IN ({find})");
        let by = i64::try_from(back.by.as_micros()).unwrap_or(i64::MAX);
        let mut statement = conn.prepare(&sql)?;
        let parameters: [(&str, &dyn ToSql); 3] =
            [(":now", &now), (":horizon", &back.was), (":back", &by)];
        bind(&mut statement, &parameters)?;
        statement.raw_execute()?;
        Ok(())
    }
}

fn bind(statement: &mut Statement<'_>, parameters: &[(&str, &dyn ToSql)]) -> Result<()> {
    for (name, value) in parameters {
        // Not every statement needs all of them.
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}
