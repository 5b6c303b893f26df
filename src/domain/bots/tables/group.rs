//! Groups rows by columns, and computes numbers of the groups.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Map, Number, Value};

use super::{
    find::{FoundRows, Search},
    rows::{Row, StoredRow},
    scan::{self, ScanLimits},
    table::Table,
};
use crate::kernel::{Error, Result, Rule, Violation, schema::truncate_text};

/// Maximum number of groups.
const MAX_GROUPS: usize = 10_000;
/// Maximum size of the values that make groups, in bytes of JSON text of all groups.
const MAX_KEY_BYTES: usize = 16 * 1024 * 1024;
/// Maximum number of columns of groups.
const MAX_PARTS: usize = 20;

/// Number that is computed of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Count,
    Sum,
    Average,
    Minimum,
    Maximum,
}

impl Aggregate {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Minimum,
            "max" => Self::Maximum,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Average => "avg",
            Self::Minimum => "min",
            Self::Maximum => "max",
        }
    }
}

/// Part of a grouping: a column that makes groups, or numbers of a column.
struct GroupPart {
    name: String,
    number: u32,
    is_key: bool,
    aggregates: Vec<Aggregate>,
}

/// Counts of the values of one column in a group. Other values than numbers count, and are no part of the numbers.
#[derive(Debug, Clone, Default)]
struct Counts {
    values: u64,
    numbers: u32,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
}

impl Counts {
    fn add(&mut self, value: &Value) {
        self.values += 1;
        let Some(number) = value.as_f64() else {
            return;
        };
        self.numbers = self.numbers.saturating_add(1);
        self.sum += number;
        self.min = Some(self.min.map_or(number, |min| min.min(number)));
        self.max = Some(self.max.map_or(number, |max| max.max(number)));
    }

    fn value(&self, aggregate: Aggregate) -> Value {
        let number = match aggregate {
            Aggregate::Count => return self.values.into(),
            Aggregate::Sum => Some(self.sum),
            Aggregate::Average => (self.numbers > 0).then(|| self.sum / f64::from(self.numbers)),
            Aggregate::Minimum => self.min,
            Aggregate::Maximum => self.max,
        };
        number.map_or(Value::Null, to_number)
    }
}

/// Writes a whole number without a point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole numbers below 2^53 are exact"
)]
fn to_number(number: f64) -> Value {
    match number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        true => (number as i64).into(),
        false => Number::from_f64(number).map_or(Value::Null, Value::Number),
    }
}

/// Groups the rows that a query selects. The groups are sorted by the JSON text of their values.
///
/// # Errors
/// `Invalid` for an unknown column or number, or too many groups; errors of the store.
pub(super) fn find_groups(
    conn: &Connection,
    table: &Table,
    search: &Search,
    given: &Map<String, Value>,
    limits: &ScanLimits,
) -> Result<FoundRows> {
    let parts = parse_parts(table, given)?;
    let mut groups = Groups::default();
    scan::for_each_row(conn, table, false, limits, |row| {
        if search.selects(table, &row) {
            groups.add(&parts, &row)?;
        }
        Ok(true)
    })?;
    let (page, has_more) = search.cut(groups.all.into_values().collect());
    let first = i64::try_from(search.query.offset).unwrap_or(i64::MAX);
    let rows = page.into_iter().enumerate().map(|(index, group)| {
        let number = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        show_group(&parts, group, first.saturating_add(number))
    });
    Ok(FoundRows {
        rows: rows.collect(),
        has_more,
        warnings: Vec::new(),
    })
}

/// Values that make a group, and the counts of each part.
type Group = (Vec<Value>, Vec<Counts>);

/// The groups by the JSON text of their values.
#[derive(Default)]
struct Groups {
    all: BTreeMap<String, Group>,
    key_bytes: usize,
}

impl Groups {
    fn add(&mut self, parts: &[GroupPart], row: &StoredRow) -> Result<()> {
        let value = |part: &GroupPart| row.values.get(part.number).cloned().unwrap_or_default();
        let keys: Vec<Value> = parts.iter().filter(|part| part.is_key).map(value).collect();
        let name = Value::Array(keys.clone()).to_string();
        if !self.all.contains_key(&name) {
            self.key_bytes += name.len();
            if self.all.len() == MAX_GROUPS || self.key_bytes > MAX_KEY_BYTES {
                let rule =
                    format!("must make at most {MAX_GROUPS} groups, of {MAX_KEY_BYTES} bytes");
                return Err(invalid_group(rule));
            }
        }
        let (_, counts) = self
            .all
            .entry(name)
            .or_insert_with(|| (keys, vec![Counts::default(); parts.len()]));
        for (part, counts) in parts.iter().zip(counts) {
            if let Some(value) = row.values.get(part.number) {
                counts.add(value);
            }
        }
        Ok(())
    }
}

// wire: the names of the numbers are not known; a row needs an id, so groups are numbered (botpress-today.md §7)
fn show_group(parts: &[GroupPart], (keys, counts): Group, id: i64) -> Row {
    let mut values = Map::new();
    let names = parts.iter().filter(|part| part.is_key);
    values.extend(names.map(|part| part.name.clone()).zip(keys));
    for (part, counts) in parts.iter().zip(counts) {
        for aggregate in &part.aggregates {
            let name = format!("{}_{}", part.name, aggregate.name());
            values.insert(name, counts.value(*aggregate));
        }
    }
    Row {
        id,
        created_at: None,
        updated_at: None,
        values,
        pending: Vec::new(),
        similarity: None,
    }
}

fn parse_parts(table: &Table, given: &Map<String, Value>) -> Result<Vec<GroupPart>> {
    if given.is_empty() || given.len() > MAX_PARTS {
        return Err(invalid_group(format!("must have 1 to {MAX_PARTS} columns")));
    }
    let part = |(name, value): (&String, &Value)| {
        let column = table.columns.find(name).ok_or_else(|| {
            let name = truncate_text(name, 60);
            invalid_group(format!("names \"{name}\", which is no column of the table"))
        })?;
        let words: Vec<&str> = match value {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut part = GroupPart {
            name: name.clone(),
            number: column.number,
            is_key: false,
            aggregates: Vec::new(),
        };
        for word in &words {
            match Aggregate::parse(word) {
                Some(aggregate) if !part.aggregates.contains(&aggregate) => {
                    part.aggregates.push(aggregate);
                }
                Some(_) => {}
                None if *word == "key" => part.is_key = true,
                None => return Err(unknown_word(name)),
            }
        }
        if words.is_empty() {
            return Err(unknown_word(name));
        }
        Ok(part)
    };
    given.iter().map(part).collect()
}

fn unknown_word(name: &str) -> Error {
    let name = truncate_text(name, 60);
    invalid_group(format!(
        "must have \"key\", \"count\", \"sum\", \"avg\", \"min\" or \"max\" for \"{name}\""
    ))
}

fn invalid_group(rule: String) -> Error {
    Violation::query("group", Rule::Other(rule)).into()
}
