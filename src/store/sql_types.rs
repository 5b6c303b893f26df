//! SQL representations of the kernel's types.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::kernel::{RawObject, Timestamp};

/// INTEGER: microseconds since 1970-01-01T00:00:00Z.
impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_micros()))
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self::from_micros)
    }
}

/// TEXT: JSON.
impl ToSql for RawObject {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for RawObject {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(String::column_result(value)?)
            .map_err(|error| FromSqlError::Other(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_timestamp_is_an_integer_of_microseconds() {
        let connection = Connection::open_in_memory().unwrap();
        let at = Timestamp::from_micros(1_614_265_330_123_456);
        let (kind, back): (String, Timestamp) = connection
            .query_row("SELECT typeof(?1), ?1", [at], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!((kind.as_str(), back), ("integer", at));
    }
}
