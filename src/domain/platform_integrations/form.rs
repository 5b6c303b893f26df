//! The form of an integration, as its JSON Schema describes it.

use serde_json::{Map, Value};

use crate::kernel::{
    Rule,
    schema::{Limits, Schema},
};

/// How deep groups of fields may stand in each other.
const DEPTH_MAX: usize = 5;
/// The most fields of a form.
const FIELDS_MAX: usize = 100;
/// Keywords that could make a check of an answer go on for ever, and that no form needs.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its title.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its fields, in the order of the schema.
    pub items: Vec<Item>,
}

/// A field, or a group of fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The way to it, member by member.
    pub path: Vec<String>,
    /// Its name for people.
    pub title: String,
    /// What is to be filled in.
    pub description: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// What it has at first.
    pub default: Option<Value>,
    /// What it is.
    pub kind: ItemKind,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// An object: fields of its own.
    Group(Vec<Item>),
    /// A text.
    Text(TextInput),
    /// A text that is not shown.
    Password,
    /// Yes or no.
    Boolean,
    /// A number.
    Number {
        /// Whether it must be whole.
        integer: bool,
    },
    /// Any number of texts or numbers.
    Lines {
        /// Whether they are numbers.
        numbers: bool,
    },
    /// One of several values.
    Choice(Vec<Choice>),
    /// Any of several values.
    Choices(Vec<Choice>),
}

/// What kind of text is asked for, as browsers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextInput {
    /// Any.
    Any,
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
}

/// A value to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The value.
    pub value: Value,
    /// Its text.
    pub label: String,
}

/// Why a schema cannot be drawn.
#[derive(Debug, PartialEq)]
pub(super) struct Undrawable {
    /// The way to the part of the schema.
    pub(super) path: Vec<String>,
    /// What it should have been.
    pub(super) rule: Rule,
}

impl Form {
    /// The form that a schema describes.
    pub(super) fn of(schema: &Map<String, Value>, limits: &Limits) -> Result<Self, Undrawable> {
        let whole = Value::Object(schema.clone());
        if has_reference(&whole) {
            return Err(undrawable(&[], "must not have references"));
        }
        if let Err(problem) = Schema::compile(&whole, limits) {
            return Err(undrawable(
                &[],
                &format!("must be a valid JSON Schema: {problem}"),
            ));
        }
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(undrawable(&["type"], "must be \"object\""));
        }
        let mut left = FIELDS_MAX;
        let mut place = Vec::new();
        let items = items(schema, &[], &mut place, &mut left)?;
        Ok(Self {
            title: text(schema, "title"),
            description: text(schema, "description"),
            items,
        })
    }

    /// The fields without their groups, in order.
    #[must_use]
    pub fn fields(&self) -> Vec<&Item> {
        let mut found = Vec::new();
        collect(&self.items, &mut found);
        found
    }
}

fn collect<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
    for item in items {
        match &item.kind {
            ItemKind::Group(inner) => collect(inner, found),
            _ => found.push(item),
        }
    }
}

impl Item {
    /// Its name in a submitted form: a JSON pointer.
    #[must_use]
    pub fn name(&self) -> String {
        let escaped = |key: &String| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        self.path.iter().map(escaped).collect()
    }
}

fn has_reference(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members
            .iter()
            .any(|(key, value)| REFERENCES.contains(&key.as_str()) || has_reference(value)),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// The fields of an object. `path` leads to it in the answers, `place` in the schema.
fn items(
    schema: &Map<String, Value>,
    path: &[String],
    place: &mut Vec<String>,
    left: &mut usize,
) -> Result<Vec<Item>, Undrawable> {
    if path.len() >= DEPTH_MAX {
        return Err(at(place, "is nested too deep for a form"));
    }
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut found = Vec::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        place.extend(["properties".to_owned(), name.clone()]);
        let Some(property) = property.as_object() else {
            return Err(at(place, "must be an object"));
        };
        if *left == 0 {
            return Err(at(place, "is one field too many for a form"));
        }
        *left -= 1;
        let path: Vec<String> = path.iter().chain([name]).cloned().collect();
        found.push(Item {
            title: text(property, "title").unwrap_or_else(|| name.clone()),
            description: text(property, "description"),
            required: required.contains(&name.as_str()),
            default: property.get("default").cloned(),
            kind: kind(property, &path, place, left)?,
            path,
        });
        place.truncate(place.len() - 2);
    }
    Ok(found)
}

fn kind(
    property: &Map<String, Value>,
    path: &[String],
    place: &mut Vec<String>,
    left: &mut usize,
) -> Result<ItemKind, Undrawable> {
    let Some(name) = type_name(property) else {
        return Err(at(
            place,
            "must have one of the types string, boolean, number, integer, array, object",
        ));
    };
    Ok(match name {
        "object" => ItemKind::Group(items(property, path, place, left)?),
        "boolean" => ItemKind::Boolean,
        "string" | "number" | "integer" => match choices(property, place)? {
            Some(choices) => ItemKind::Choice(choices),
            None if name != "string" => ItemKind::Number {
                integer: name == "integer",
            },
            None => match property.get("format").and_then(Value::as_str) {
                Some("password") => ItemKind::Password,
                Some("uri" | "url") => ItemKind::Text(TextInput::Url),
                Some("email") => ItemKind::Text(TextInput::Email),
                _ => ItemKind::Text(TextInput::Any),
            },
        },
        "array" => {
            let inner = property.get("items").and_then(Value::as_object);
            let inner_type = inner.and_then(type_name);
            match (inner, inner_type) {
                (Some(inner), Some("string" | "number" | "integer")) => {
                    match choices(inner, place)? {
                        Some(choices) => ItemKind::Choices(choices),
                        None => ItemKind::Lines {
                            numbers: inner_type != Some("string"),
                        },
                    }
                }
                _ => return Err(at(place, "must have items of type string or number")),
            }
        }
        _ => return Err(at(place, "has a type that a form cannot ask for")),
    })
}

/// The one type of a field beside `null`; that of its values if it only lists them.
fn type_name(property: &Map<String, Value>) -> Option<&str> {
    match property.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => {
            let mut names = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        None => property
            .get("enum")
            .and_then(Value::as_array)
            .filter(|values| !values.is_empty() && values.iter().all(Value::is_string))
            .map(|_| "string"),
        Some(_) => None,
    }
}

fn choices(
    property: &Map<String, Value>,
    place: &[String],
) -> Result<Option<Vec<Choice>>, Undrawable> {
    let Some(values) = property.get("enum").and_then(Value::as_array) else {
        return Ok(None);
    };
    let mut choices = Vec::new();
    for value in values {
        let label = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null => continue,
            _ => return Err(at(place, "must list texts or numbers only")),
        };
        choices.push(Choice {
            value: value.clone(),
            label,
        });
    }
    Ok(Some(choices))
}

fn text(schema: &Map<String, Value>, name: &str) -> Option<String> {
    let text = schema.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn at(place: &[String], rule: &str) -> Undrawable {
    Undrawable {
        path: place.to_vec(),
        rule: Rule::Other(rule.to_owned()),
    }
}

fn undrawable(path: &[&str], rule: &str) -> Undrawable {
    Undrawable {
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        rule: Rule::Other(rule.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(schema: Value) -> Result<Form, Undrawable> {
        Form::of(schema.as_object().expect("an object"), &Limits::default())
    }

    #[test]
    fn every_kind_of_field_is_drawn() {
        let form = form(json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "title": "A"},
            "b": {"type": ["string", "null"], "format": "password"},
            "c": {"type": "boolean", "default": true},
            "d": {"type": "integer"},
            "e": {"type": "array", "items": {"type": "string"}},
            "f": {"enum": ["x", "y"]},
            "g": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
            "h/i": {"type": "object", "properties": {"j": {"type": "number"}}}
        }}));
        let form = form.expect("a form");
        let names: Vec<String> = form.fields().iter().map(|item| item.name()).collect();
        assert_eq!(names, ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h~1i/j"]);
        assert!(form.items[0].required && !form.items[1].required);
        assert_eq!(form.items[1].kind, ItemKind::Password);
        assert!(matches!(form.items[6].kind, ItemKind::Choices(_)));
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        for (schema, path) in [
            (json!({}), "type"),
            (json!({"type": "string"}), "type"),
            (json!({"type": "object", "allOf": [{"$ref": "#"}]}), ""),
            (
                json!({"type": "object", "properties": {"a": {}}}),
                "properties.a",
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "array"}}}),
                "properties.a",
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": 5}}}),
                "",
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "object", "properties": {
                    "b": {"type": "null"}}}}}),
                "properties.a.properties.b",
            ),
        ] {
            let problem = form(schema).expect_err("not drawable");
            assert_eq!(problem.path.join("."), path, "{problem:?}");
        }
    }
}
