//! Converts the values of a row to the types of its columns.

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Number, Value};

use super::{
    column_schema::ColumnType,
    columns::{Column, Columns, RESERVED_NAMES},
};
use crate::kernel::{
    self,
    schema::{Limits, Schema, truncate_text},
};

/// Maximum nesting depth of a value.
const MAX_DEPTH: usize = 60;
/// Maximum number of warnings of one call.
const MAX_WARNINGS: usize = 20;

/// The columns of a table with their compiled patterns, and the warnings of a call.
pub(super) struct Caster<'a> {
    columns: &'a Columns,
    patterns: Vec<(u32, Schema)>,
    limits: Limits,
    pub(super) warnings: Vec<String>,
}

impl<'a> Caster<'a> {
    pub(super) fn new(columns: &'a Columns, limits: Limits) -> Self {
        let all = columns.all.iter();
        let patterns = all.filter_map(|column| {
            let compiled = column.schema.compile_pattern().ok().flatten()?;
            Some((column.number, compiled))
        });
        Self {
            columns,
            patterns: patterns.collect(),
            limits,
            warnings: Vec::new(),
        }
    }

    /// Converts the given values of a row, by column number. Null stays null.
    ///
    /// # Errors
    /// A text that names the column.
    pub(super) fn cast_row(&mut self, given: &Map<String, Value>) -> Result<Values, String> {
        let mut values = Values::default();
        for (name, value) in given {
            if RESERVED_NAMES.contains(&name.as_str()) {
                continue;
            }
            let Some(column) = self.columns.find(name) else {
                self.warn(name, "does not exist; its values are dropped");
                continue;
            };
            if column.schema.has_computation() {
                self.warn(name, "is computed; its values are dropped");
                continue;
            }
            let value = self.cast(column, value.clone())?;
            values.0.push((column.number, value));
        }
        Ok(values)
    }

    /// Requires that every column that is not nullable has a value.
    ///
    /// # Errors
    /// A text that names the column.
    pub(super) fn require_complete(&self, values: &Values) -> Result<(), String> {
        let missing = self.columns.all.iter().find(|column| {
            let is_free = column.schema.is_nullable() || column.schema.has_computation();
            !is_free && values.get(column.number).is_none()
        });
        match missing {
            Some(column) => Err(format!("column \"{}\" must not be null", column.name)),
            None => Ok(()),
        }
    }

    fn warn(&mut self, name: &str, text: &str) {
        let warning = format!("Column \"{}\" {text}", truncate_text(name, 60));
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn cast(&self, column: &Column, value: Value) -> Result<Value, String> {
        let name = &column.name;
        if value.is_null() {
            return match column.schema.is_nullable() {
                true => Ok(value),
                false => Err(format!("column \"{name}\" must not be null")),
            };
        }
        let cast = cast_value(column.schema.column_type(), value)
            .map_err(|expected| format!("column \"{name}\" must be {expected}"))?;
        if kernel::depth::find_path_deeper_than(&cast, MAX_DEPTH).is_some() {
            return Err(format!(
                "column \"{name}\" is nested deeper than {MAX_DEPTH} levels"
            ));
        }
        let allowed = column.schema.allowed_values();
        if allowed.is_some_and(|allowed| !allowed.contains(&cast)) {
            return Err(format!(
                "column \"{name}\" must be one of the values of its enum"
            ));
        }
        let pattern = self
            .patterns
            .iter()
            .find(|(number, _)| *number == column.number);
        if pattern.is_some_and(|(_, pattern)| !pattern.is_valid(&cast, &self.limits)) {
            return Err(format!("column \"{name}\" does not match its pattern"));
        }
        Ok(cast)
    }
}

/// Converts a value that is not null.
///
/// # Errors
/// The name of the expected type.
// wire: which conversions there are beside number texts is not known (botpress-today.md §7)
fn cast_value(kind: ColumnType, value: Value) -> Result<Value, &'static str> {
    match (kind, value) {
        (ColumnType::Any, value) => Ok(value),
        (ColumnType::Text, Value::String(text)) => Ok(Value::String(text)),
        (ColumnType::Text, value @ (Value::Number(_) | Value::Bool(_))) => {
            Ok(Value::String(value.to_string()))
        }
        (ColumnType::Text, _) => Err("a string"),
        (ColumnType::DateTime, Value::String(text)) if is_date_time(&text) => {
            Ok(Value::String(text))
        }
        (ColumnType::DateTime, _) => Err("a date in ISO 8601"),
        (ColumnType::Number, value @ Value::Number(_)) => Ok(value),
        (ColumnType::Number, Value::String(text)) => parse_number(&text).ok_or("a number"),
        (ColumnType::Number, _) => Err("a number"),
        (ColumnType::Boolean, value @ Value::Bool(_)) => Ok(value),
        (ColumnType::Boolean, Value::String(text)) if text == "true" => Ok(Value::Bool(true)),
        (ColumnType::Boolean, Value::String(text)) if text == "false" => Ok(Value::Bool(false)),
        (ColumnType::Boolean, _) => Err("a boolean"),
        (ColumnType::Object, value @ Value::Object(_)) => Ok(value),
        (ColumnType::Object, Value::String(text)) => {
            let parsed = serde_json::from_str(&text).ok();
            parsed.filter(Value::is_object).ok_or("an object")
        }
        (ColumnType::Object, _) => Err("an object"),
        (ColumnType::Array, value @ Value::Array(_)) => Ok(value),
        (ColumnType::Array, Value::String(text)) => {
            let parsed = serde_json::from_str(&text).ok();
            parsed.filter(Value::is_array).ok_or("an array")
        }
        (ColumnType::Array, _) => Err("an array"),
    }
}

fn parse_number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let number = text.parse::<f64>().ok()?;
    Number::from_f64(number).map(Value::Number)
}

/// True for a time in ISO 8601 with its zone, or a date.
pub(super) fn is_date_time(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok() || text.parse::<NaiveDate>().is_ok()
}

/// Values of a row by column number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Values(Vec<(u32, Value)>);

impl Values {
    /// Reads the stored form.
    pub(super) fn parse(data: &str) -> Result<Self, serde_json::Error> {
        let members: Map<String, Value> = serde_json::from_str(data)?;
        let members = members.into_iter();
        let known = members.filter_map(|(key, value)| Some((key.parse().ok()?, value)));
        Ok(Self(known.collect()))
    }

    /// Returns the stored form: an object without nulls.
    pub(super) fn to_data(&self) -> String {
        let values = self.0.iter().filter(|(_, value)| !value.is_null());
        let members: Map<String, Value> = values
            .map(|(number, value)| (number.to_string(), value.clone()))
            .collect();
        Value::Object(members).to_string()
    }

    /// Returns a value that is not null.
    pub(super) fn get(&self, number: u32) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| *known == number);
        found
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// Replaces the values that `newer` has.
    pub(super) fn update(&mut self, newer: &Self) {
        for (number, value) in &newer.0 {
            self.0.retain(|(known, _)| known != number);
            self.0.push((*number, value.clone()));
        }
    }

    /// Returns the values of the columns with these numbers.
    pub(super) fn retain(&self, is_kept: impl Fn(u32) -> bool) -> Self {
        let values = self.0.iter().filter(|(number, _)| is_kept(*number));
        Self(values.cloned().collect())
    }

    /// Takes a value out.
    pub(super) fn take(&mut self, number: u32) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| *known == number)?;
        Some(self.0.swap_remove(index).1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_converted_or_refused() {
        for (kind, given, expected) in [
            (ColumnType::Text, json!(5), Some(json!("5"))),
            (ColumnType::Text, json!({}), None),
            (ColumnType::Number, json!(" 5 "), Some(json!(5))),
            (ColumnType::Number, json!("5.5"), Some(json!(5.5))),
            (ColumnType::Number, json!("NaN"), None),
            (ColumnType::Number, json!(true), None),
            (ColumnType::Boolean, json!("true"), Some(json!(true))),
            (ColumnType::Boolean, json!(1), None),
            (
                ColumnType::Object,
                json!("{\"a\":1}"),
                Some(json!({"a": 1})),
            ),
            (ColumnType::Object, json!([]), None),
            (ColumnType::Array, json!("[1]"), Some(json!([1]))),
            (
                ColumnType::DateTime,
                json!("2026-01-31T09:30:00Z"),
                Some(json!("2026-01-31T09:30:00Z")),
            ),
            (ColumnType::DateTime, json!("soon"), None),
            (ColumnType::Any, json!([{}]), Some(json!([{}]))),
        ] {
            assert_eq!(
                cast_value(kind, given.clone()).ok(),
                expected,
                "{kind:?} {given}"
            );
        }
    }

    #[test]
    fn values_are_stored_without_nulls() {
        let mut values = Values(vec![(1, json!("a")), (3, json!(null))]);
        assert_eq!(values.to_data(), r#"{"1":"a"}"#);
        values.update(&Values(vec![(1, json!(null)), (2, json!(2))]));
        assert_eq!(values.to_data(), r#"{"2":2}"#);
        assert_eq!(
            Values::parse(r#"{"2":2}"#).expect("stored").get(2),
            Some(&json!(2))
        );
    }
}
