//! Schemas of columns: the three shapes in which clients give them, and the one in which the server stores and shows
//! them (botpress-today.md §7).

mod zui;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::zui::parse_zui;
use super::{cast::is_date_time, columns::ColumnPatch};
use crate::kernel::{
    Error, Kind, Result, Rule, Violation, json_size,
    schema::{Limits, Schema},
};

/// Maximum size of the schema of a column, in bytes of JSON text.
const MAX_BYTES: usize = 16 * 1024;
/// Maximum nesting depth of the schema of a column.
const MAX_DEPTH: usize = 20;
/// Maximum number of columns that one call names; a table has fewer, but a call can delete some.
const MAX_PATCHES: usize = 100;
/// Types of columns.
const TYPES: [&str; 6] = ["string", "number", "boolean", "object", "array", "null"];
/// Type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text,
    DateTime,
    Number,
    Boolean,
    Object,
    Array,
    /// Any value.
    Any,
}

/// Schema of a column, in the form that responses have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ColumnSchema(Map<String, Value>);

/// Creates an error for the schema of a column.
pub(super) fn invalid_schema(column: &str, rule: impl Into<String>) -> Error {
    Violation::body(["schema", column], Rule::Other(rule.into())).into()
}

/// Reads the schema of a table, in any of its three shapes: a JSON Schema of an object, a map from columns to their
/// schemas, or a sample row.
///
/// # Errors
/// `Invalid`; the violation names the column.
pub fn parse_schema(schema: &Map<String, Value>) -> Result<Vec<ColumnPatch>> {
    let properties = match (schema.get("type"), schema.get("properties")) {
        (Some(Value::String(name)), Some(Value::Object(properties))) if name == "object" => {
            properties
        }
        _ => schema,
    };
    if properties.len() > MAX_PATCHES {
        let text = format!("schema: one call can name {MAX_PATCHES} columns");
        return Err(Error::new(Kind::LimitExceeded, text));
    }
    let columns = properties.iter().map(|(name, value)| {
        let schema = match value {
            Value::Null => None,
            Value::Object(members) if is_schema(members) => {
                Some(ColumnSchema::parse(name, members)?)
            }
            sample => Some(ColumnSchema::infer(sample)),
        };
        Ok((name.clone(), schema))
    });
    columns.collect()
}

/// Turns the patches of a new table into its columns: null is a sample value there, not a deletion.
pub(super) fn without_deletions(patches: Vec<ColumnPatch>) -> Vec<ColumnPatch> {
    let patches = patches.into_iter();
    let fill = |(name, schema): ColumnPatch| {
        let schema = schema.unwrap_or_else(|| ColumnSchema::infer(&Value::Null));
        (name, Some(schema))
    };
    patches.map(fill).collect()
}

/// True for a schema, false for a sample value.
fn is_schema(members: &Map<String, Value>) -> bool {
    members
        .get("type")
        .is_some_and(|name| !type_names(name).is_empty())
        || ["anyOf", "oneOf"]
            .iter()
            .any(|union| members.get(*union).is_some_and(Value::is_array))
}

/// Returns the known types that a `type` names.
fn type_names(value: &Value) -> Vec<&'static str> {
    let known = |name: &Value| {
        let name = name.as_str()?;
        let name = if name == "integer" { "number" } else { name };
        TYPES.iter().find(|known| **known == name).copied()
    };
    match value {
        Value::Array(names) => names.iter().filter_map(known).collect(),
        name => known(name).into_iter().collect(),
    }
}

/// Returns the types that a schema allows, with those of its alternatives.
fn allowed_types(members: &Map<String, Value>) -> Vec<&'static str> {
    let mut types = members.get("type").map(type_names).unwrap_or_default();
    for union in ["anyOf", "oneOf"] {
        let branches = members.get(union).and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            types.extend(branch.get("type").map(type_names).unwrap_or_default());
        }
    }
    types.dedup();
    types
}

impl ColumnSchema {
    /// Reads a schema. Keywords that responses do not have are dropped.
    fn parse(column: &str, members: &Map<String, Value>) -> Result<Self> {
        if json_size(members) > MAX_BYTES {
            return Err(invalid_schema(
                column,
                format!("must have at most {MAX_BYTES} bytes"),
            ));
        }
        if crate::kernel::depth::find_path_deeper_than(&json!(members), MAX_DEPTH).is_some() {
            let rule = format!("must not be nested deeper than {MAX_DEPTH} levels");
            return Err(invalid_schema(column, rule));
        }
        let types = allowed_types(members);
        let allows_null = types.len() > 1 && types.contains(&"null");
        let mut types = types
            .into_iter()
            .filter(|name| !allows_null || *name != "null");
        // wire: several types together are any value (botpress-today.md §7)
        let name = match (types.next(), types.next()) {
            (Some(only), None) => only,
            _ => "null",
        };
        // Libraries wrap a nullable schema in a union; its keywords are in the branch.
        let is_named = |branch: &&Map<String, Value>| {
            branch
                .get("type")
                .is_some_and(|value| type_names(value) == [name])
        };
        let branches = ["anyOf", "oneOf"]
            .iter()
            .filter_map(|union| members.get(*union)?.as_array());
        let branch = branches
            .flatten()
            .filter_map(Value::as_object)
            .find(is_named);
        let find = |key: &str| members.get(key).or_else(|| branch?.get(key));
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!(name));
        if name == "string" && find("format").is_some_and(|format| format == "date-time") {
            schema.insert("format".to_owned(), json!("date-time"));
        }
        for (key, is_valid, expected) in [
            (
                "description",
                Value::is_string as fn(&Value) -> bool,
                "a string",
            ),
            ("pattern", Value::is_string, "a string"),
            ("enum", is_text_list, "a list of strings"),
            ("items", Value::is_object, "an object"),
            ("properties", Value::is_object, "an object"),
        ] {
            let Some(value) = find(key) else { continue };
            if key == "enum" && name != "string" {
                continue;
            }
            if !is_valid(value) {
                return Err(invalid_schema(
                    column,
                    format!("must have {expected} for \"{key}\""),
                ));
            }
            schema.insert(key.to_owned(), value.clone());
        }
        let nullable = find("nullable").and_then(Value::as_bool).unwrap_or(true) || allows_null;
        schema.insert("nullable".to_owned(), json!(nullable));
        let zui = find("x-zui").and_then(Value::as_object);
        schema.insert("x-zui".to_owned(), Value::Object(parse_zui(column, zui)?));
        let schema = Self(schema);
        schema.compile_pattern().map_err(|problem| {
            invalid_schema(column, format!("must have a valid pattern: {problem}"))
        })?;
        Ok(schema)
    }

    /// Returns the schema of the column that has this value in a sample row.
    fn infer(sample: &Value) -> Self {
        let mut schema = Map::new();
        let name = match sample {
            Value::Null | Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        schema.insert("type".to_owned(), json!(name));
        // wire: a date without a time is text (botpress-today.md §7)
        if sample
            .as_str()
            .is_some_and(|text| text.contains('T') && is_date_time(text))
        {
            schema.insert("format".to_owned(), json!("date-time"));
        }
        schema.insert("nullable".to_owned(), json!(true));
        schema.insert("x-zui".to_owned(), json!({}));
        Self(schema)
    }

    /// Returns the type of the values.
    pub(super) fn column_type(&self) -> ColumnType {
        match self.0.get("type").and_then(Value::as_str) {
            Some("string") if self.0.contains_key("format") => ColumnType::DateTime,
            Some("string") => ColumnType::Text,
            Some("number") => ColumnType::Number,
            Some("boolean") => ColumnType::Boolean,
            Some("object") => ColumnType::Object,
            Some("array") => ColumnType::Array,
            _ => ColumnType::Any,
        }
    }

    /// True if a value may be null.
    pub(super) fn is_nullable(&self) -> bool {
        self.0.get("nullable") != Some(&Value::Bool(false))
    }

    /// True if the search reads the column.
    pub(super) fn is_searchable(&self) -> bool {
        self.zui("searchable") == Some(&Value::Bool(true))
    }

    /// True if the values are computed.
    pub(super) fn is_computed(&self) -> bool {
        let computed = self.zui("computed");
        computed.is_some_and(|computed| computed.get("enabled") != Some(&Value::Bool(false)))
    }

    /// True if a row cannot set the values.
    pub(super) fn has_computation(&self) -> bool {
        self.zui("computed").is_some()
    }

    /// Names of the columns that the values are computed from.
    pub(super) fn dependencies(&self) -> Vec<String> {
        let names = self
            .zui("computed")
            .and_then(|computed| computed.get("dependencies"));
        let names = names.and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Values that the column allows; `None` for any.
    pub(super) fn allowed_values(&self) -> Option<&Vec<Value>> {
        self.0.get("enum").and_then(Value::as_array)
    }

    /// Compiles the pattern of the column, if it has one.
    ///
    /// # Errors
    /// A text that describes the defect.
    pub(super) fn compile_pattern(&self) -> Result<Option<Schema>, String> {
        let Some(pattern) = self.0.get("pattern") else {
            return Ok(None);
        };
        Schema::compile(&json!({"pattern": pattern}), &Limits::default()).map(Some)
    }

    fn zui(&self, key: &str) -> Option<&Value> {
        self.0.get("x-zui")?.get(key)
    }

    /// Position among the columns.
    pub(super) fn position(&self) -> Option<i64> {
        self.zui("index").and_then(Value::as_i64)
    }

    /// Sets the position if the schema has none.
    pub(super) fn with_position(mut self, position: i64) -> Self {
        if self.position().is_none()
            && let Some(zui) = self.0.get_mut("x-zui").and_then(Value::as_object_mut)
        {
            zui.shift_insert(0, "index".to_owned(), json!(position));
        }
        self
    }

    /// Keeps position and id of the earlier schema if this one has none.
    pub(super) fn keep_position(mut self, before: &Self) -> Self {
        let id = before.zui("id").cloned();
        if let (Some(id), Some(Value::Object(zui))) = (id, self.0.get_mut("x-zui")) {
            zui.entry("id").or_insert(id);
        }
        self.with_position(before.position().unwrap_or(0))
    }

    /// True if values of the other column keep their meaning.
    pub(super) fn has_same_type(&self, other: &Self) -> bool {
        ["type", "format"]
            .iter()
            .all(|key| self.0.get(*key) == other.0.get(*key))
    }

    /// True if the values are computed in the same way.
    pub(super) fn computes_like(&self, other: &Self) -> bool {
        self.zui("computed") == other.zui("computed")
    }

    /// Renames a column that the values are computed from.
    pub(super) fn rename_dependency(&mut self, name: &str, new: &str) {
        let zui = self.0.get_mut("x-zui");
        let computed = zui.and_then(|zui| zui.get_mut("computed"));
        let names = computed.and_then(|computed| computed.get_mut("dependencies"));
        for dependency in names.and_then(Value::as_array_mut).into_iter().flatten() {
            if dependency.as_str() == Some(name) {
                *dependency = json!(new);
            }
        }
    }

    /// Renders the schema.
    pub(super) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

fn is_text_list(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests;
