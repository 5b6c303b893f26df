//! Sorts rows by a column.

use std::{cmp::Ordering, collections::BinaryHeap};

use rusqlite::Connection;
use serde_json::Value;

use super::{
    find::{Query, Search},
    rows::{self, RowPage, StoredRow},
    scan::{self, ScanLimits},
    table::Table,
};
use crate::kernel::Result;

/// Number of characters of a text by which it is sorted. It bounds the memory of a sort.
const SORTED_CHARS: usize = 256;

/// Value by which a row is sorted: values of different types in the order of these.
#[derive(Debug, Clone, PartialEq)]
enum SortKey {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl SortKey {
    fn of(table: &Table, row: &StoredRow, name: &str) -> Self {
        match name {
            "createdAt" => Self::of_micros(row.created_at.as_micros()),
            "updatedAt" => Self::of_micros(row.updated_at.as_micros()),
            _ => {
                let column = table.columns.find(name);
                column
                    .and_then(|column| row.values.get(column.number))
                    .map_or(Self::Null, Self::of_value)
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of these centuries have fewer than 53 bits"
    )]
    const fn of_micros(micros: i64) -> Self {
        Self::Number(micros as f64)
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.as_f64().unwrap_or(0.0)),
            Value::String(text) => Self::Text(text.chars().take(SORTED_CHARS).collect()),
            other => Self::Text(other.to_string().chars().take(SORTED_CHARS).collect()),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// A row among others in the order of a query. Rows with the same value are in the order of their ids.
struct Ranked {
    key: SortKey,
    id: i64,
    is_descending: bool,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = self.key.compare(&other.key);
        let by_key = if self.is_descending {
            by_key.reverse()
        } else {
            by_key
        };
        by_key.then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

/// Sorts rows that are in the order of their ids.
pub(super) fn sort_rows(table: &Table, query: &Query, mut rows: Vec<StoredRow>) -> Vec<StoredRow> {
    if query.order_by == "id" {
        if query.is_descending {
            rows.reverse();
        }
        return rows;
    }
    rows.sort_by_cached_key(|row| Ranked {
        key: SortKey::of(table, row, &query.order_by),
        id: row.id,
        is_descending: query.is_descending,
    });
    rows
}

/// Reads a page in the order of a column. Keeps only the values that sort the rows up to the end of the page.
pub(super) fn find_sorted(
    conn: &Connection,
    table: &Table,
    search: &Search,
    limits: &ScanLimits,
) -> Result<(Vec<StoredRow>, bool)> {
    let query = &search.query;
    let kept = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let kept = kept.saturating_add(query.limit).saturating_add(1);
    let mut first = BinaryHeap::new();
    scan::for_each_row(conn, table, false, limits, |row| {
        if search.selects(table, &row) {
            first.push(Ranked {
                key: SortKey::of(table, &row, &query.order_by),
                id: row.id,
                is_descending: query.is_descending,
            });
            if first.len() > kept {
                first.pop();
            }
        }
        Ok(true)
    })?;
    let (page, has_more) = search.cut(first.into_sorted_vec());
    let mut found = RowPage::default();
    for ranked in page {
        if let Some(row) = rows::find(conn, table, ranked.id)? {
            found.push(row)?;
        }
    }
    Ok((found.rows, has_more))
}
