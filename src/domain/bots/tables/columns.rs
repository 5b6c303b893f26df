//! Columns of a table: their stored form, and changes of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::column_schema::{ColumnSchema, invalid_schema};
use crate::kernel::{Error, Kind, Result};

/// Maximum number of columns.
const MAX_COLUMNS: usize = 20;
/// Maximum length of a column's name, in characters.
const MAX_NAME_CHARS: usize = 30;
/// Names of the members that every row has.
pub(super) const RESERVED_NAMES: [&str; 6] = [
    "id",
    "createdAt",
    "updatedAt",
    "computed",
    "stale",
    "similarity",
];

/// A column. Rows store its values under its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Number, which no other column of the table has or had.
    pub(super) number: u32,
    /// Name.
    pub name: String,
    /// Schema.
    pub schema: ColumnSchema,
}

/// The columns of a table, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    pub(super) all: Vec<Column>,
    /// Number of the next column.
    pub(super) next: u32,
}

/// Change of one column: its name, and its new schema or `None` to delete it.
pub type ColumnPatch = (String, Option<ColumnSchema>);

/// Result of a change of columns.
#[derive(Debug, Default)]
pub(super) struct ColumnsChange {
    /// True if rows have values that no column has any more.
    pub(super) has_dropped: bool,
    /// Names of the computed columns whose values are out of date.
    pub(super) stale: Vec<String>,
}

impl Columns {
    /// Returns the columns of a new table.
    ///
    /// # Errors
    /// `Invalid` for too many columns or an invalid name.
    pub(super) fn new(patches: Vec<ColumnPatch>) -> Result<Self> {
        let mut columns = Self {
            all: Vec::new(),
            next: 1,
        };
        columns.apply(patches)?;
        Ok(columns)
    }

    /// Finds a column by its name.
    pub(super) fn find(&self, name: &str) -> Option<&Column> {
        self.all.iter().find(|column| column.name == name)
    }

    /// Finds a column by its number.
    pub(super) fn find_number(&self, number: u32) -> Option<&Column> {
        self.all.iter().find(|column| column.number == number)
    }

    /// True if the table had columns that it has no more.
    pub(super) fn has_dropped_some(&self) -> bool {
        usize::try_from(self.next).is_ok_and(|next| next > self.all.len() + 1)
    }

    /// Names of the computed columns that wait for their values.
    pub(super) fn pending(&self, computes: bool) -> Vec<String> {
        let pending = self.all.iter().filter(|column| column.schema.is_computed());
        let names = pending.map(|column| column.name.clone());
        if computes {
            names.collect()
        } else {
            Vec::new()
        }
    }

    /// Applies changes. Columns without a change stay. A column whose type changes gets a new number, so that its
    /// values are null.
    ///
    /// # Errors
    /// `Invalid` for too many columns or an invalid name.
    pub(super) fn apply(&mut self, patches: Vec<ColumnPatch>) -> Result<ColumnsChange> {
        let mut change = ColumnsChange::default();
        let mut changed: Vec<String> = Vec::new();
        for (name, schema) in patches {
            let known = self.all.iter().position(|column| column.name == name);
            match (known, schema) {
                (None, None) => {}
                (Some(index), None) => {
                    self.all.remove(index);
                    change.has_dropped = true;
                    changed.push(name);
                }
                (Some(index), Some(schema)) => {
                    let column = &mut self.all[index];
                    let schema = schema.keep_position(&column.schema);
                    if schema.is_computed() && !schema.computes_like(&column.schema) {
                        change.stale.push(name.clone());
                    }
                    if !schema.has_same_type(&column.schema) {
                        change.has_dropped = true;
                        column.number = self.next;
                        self.next += 1;
                        changed.push(name);
                    }
                    column.schema = schema;
                }
                (None, Some(schema)) => {
                    require_name(&name)?;
                    if schema.is_computed() {
                        change.stale.push(name.clone());
                    }
                    self.push(name, schema);
                }
            }
        }
        if self.all.len() > MAX_COLUMNS {
            let text = format!("a table can have {MAX_COLUMNS} columns");
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        for column in &self.all {
            let depends = column.schema.dependencies();
            let is_affected = depends.iter().any(|name| changed.contains(name));
            if is_affected && !change.stale.contains(&column.name) {
                change.stale.push(column.name.clone());
            }
        }
        Ok(change)
    }

    fn push(&mut self, name: String, schema: ColumnSchema) {
        let last = self
            .all
            .iter()
            .filter_map(|column| column.schema.position());
        let schema = schema.with_position(last.max().map_or(0, |last| last.saturating_add(1)));
        self.all.push(Column {
            number: self.next,
            name,
            schema,
        });
        self.next += 1;
    }

    /// Renames a column.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` if another column has the name, and `Invalid` for an invalid name.
    pub(super) fn rename(&mut self, name: &str, new: &str) -> Result<()> {
        let index = self.all.iter().position(|column| column.name == name);
        let index =
            index.ok_or_else(|| Error::not_found(format!("Column \"{name}\" not found")))?;
        if name == new {
            return Ok(());
        }
        require_name(new)?;
        if self.find(new).is_some() {
            let text = format!("A column \"{new}\" already exists");
            return Err(Error::new(Kind::Conflict, text));
        }
        self.all[index].name = new.to_owned();
        for column in &mut self.all {
            column.schema.rename_dependency(name, new);
        }
        Ok(())
    }

    /// Renders the schema of the table.
    #[must_use]
    pub fn to_json_schema(&self) -> Map<String, Value> {
        let columns = self.all.iter();
        let properties: Map<String, Value> = columns
            .map(|column| (column.name.clone(), column.schema.to_value()))
            .collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("additionalProperties".to_owned(), json!(true));
        schema
    }
}

// wire: nothing says which characters a name may have; a dot separates the parts of a path, and a dollar begins an
// operator (botpress-today.md §7)
fn require_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        format!("must have 1 to {MAX_NAME_CHARS} characters")
    } else if RESERVED_NAMES.contains(&name) {
        "must not be the name of a member that every row has".to_owned()
    } else if name.starts_with('$') || name.contains('.') || name.chars().any(char::is_control) {
        "must not begin with \"$\" or contain a dot or a control character".to_owned()
    } else {
        return Ok(());
    };
    Err(invalid_schema(name, problem))
}

#[cfg(test)]
mod tests {
    use super::{super::column_schema::parse_schema, *};

    fn columns(schema: Value) -> Columns {
        let Value::Object(schema) = schema else {
            panic!("an object");
        };
        Columns::new(parse_schema(&schema).expect("a schema")).expect("columns")
    }

    fn patch(columns: &mut Columns, schema: Value) -> ColumnsChange {
        let Value::Object(schema) = schema else {
            panic!("an object");
        };
        let patches = parse_schema(&schema).expect("a schema");
        columns.apply(patches).expect("a change")
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let mut columns = columns(json!({"city": {"type": "string"}, "size": {"type": "number"}}));
        let change = patch(
            &mut columns,
            json!({"size": {"type": "string"}, "area": {"type": "number"}}),
        );
        assert!(change.has_dropped);
        let numbers: Vec<(u32, &str)> = columns
            .all
            .iter()
            .map(|column| (column.number, column.name.as_str()))
            .collect();
        assert_eq!(numbers, [(1, "city"), (3, "size"), (4, "area")]);
        let positions: Vec<Option<i64>> = columns
            .all
            .iter()
            .map(|column| column.schema.position())
            .collect();
        assert_eq!(positions, [Some(0), Some(1), Some(2)]);
        let change = patch(&mut columns, json!({"city": null}));
        assert!(change.has_dropped);
        assert!(columns.find("city").is_none());
    }

    #[test]
    fn a_computed_column_is_stale_when_it_depends_on_a_change() {
        let mut columns = columns(json!({
            "city": {"type": "string"},
            "greeting": {"type": "string", "x-zui": {"computed": {"action": "ai", "dependencies": ["city"]}}},
        }));
        assert_eq!(columns.pending(true), ["greeting"]);
        assert_eq!(columns.pending(false), [""; 0]);
        columns.rename("city", "town").expect("renamed");
        let change = patch(&mut columns, json!({"town": {"type": "number"}}));
        assert_eq!(change.stale, ["greeting"]);
    }

    #[test]
    fn names_have_rules() {
        for name in ["id", "", "$x", "a.b", &"x".repeat(31)] {
            assert!(require_name(name).is_err(), "{name}");
        }
        for name in ["a", "A b", "größe", &"x".repeat(30)] {
            assert!(require_name(name).is_ok(), "{name}");
        }
    }
}
