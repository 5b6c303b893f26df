//! Reads single keywords of a schema.

use serde_json::{Map, Value};

use super::{FormChoice, FormItemKind, TextInput, UnsupportedSchema, resolve::SchemaCursor};

/// True for a field whose value must not be displayed.
// wire: Ada names `format: password` alone; public forms mark secrets in these ways too
pub(super) fn is_secret(schema: &Map<String, Value>) -> bool {
    let is_set = |mark: &str| schema.get(mark) == Some(&Value::Bool(true));
    let is_password = || {
        schema
            .get("format")
            .is_some_and(|format| format == "password")
    };
    is_set("writeOnly") || is_set("airbyte_secret") || is_password()
}

pub(super) fn text_item_kind(schema: &Map<String, Value>) -> FormItemKind {
    if is_secret(schema) {
        let multiline = schema.get("multiline") == Some(&Value::Bool(true));
        return FormItemKind::Password { multiline };
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("uri" | "url") => FormItemKind::Text(TextInput::Url),
        Some("email") => FormItemKind::Text(TextInput::Email),
        _ => FormItemKind::Text(TextInput::Any),
    }
}

/// Returns the keywords of an object's schema that are not about single fields.
pub(super) fn retain_object_keywords(mut schema: Map<String, Value>) -> Map<String, Value> {
    let fields = ["properties", "required", "oneOf", "anyOf"];
    let others = ["definitions", "$defs", "default", "$id", "$anchor"];
    schema.retain(|keyword, _| {
        let keyword = keyword.as_str();
        !fields.contains(&keyword) && !others.contains(&keyword)
    });
    schema
}

/// Returns the names of the required members of an object.
pub(super) fn required_names(schema: &Map<String, Value>) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Returns the only type of a field beside `null`. The type of an enumeration without a type is that of its
/// values.
pub(super) fn type_name(property: &Map<String, Value>) -> Option<&str> {
    match property.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let mut names = names.filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        Some(_) => None,
        None if property.contains_key("properties") => Some("object"),
        None => property
            .get("enum")
            .and_then(Value::as_array)
            .filter(|values| !values.is_empty() && values.iter().all(Value::is_string))
            .map(|_| "string"),
    }
}

pub(super) fn has_null_type(schema: &Map<String, Value>) -> bool {
    let names = schema.get("type").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|name| name == "null"))
}

pub(super) fn enum_choices(
    property: &Map<String, Value>,
    cursor: &SchemaCursor<'_>,
) -> Result<Option<Vec<FormChoice>>, UnsupportedSchema> {
    let Some(values) = property.get("enum").and_then(Value::as_array) else {
        return Ok(None);
    };
    let mut choices = Vec::new();
    for value in values {
        let fits = match type_name(property) {
            Some("string") => value.is_string(),
            Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            _ => value.is_number(),
        };
        match value {
            Value::Null => {}
            value if fits => choices.push(FormChoice::new(value, None)),
            _ => {
                let rule = format!("lists {value}, which is not of the type");
                return Err(cursor.refuse_member("enum", &rule));
            }
        }
    }
    match choices.is_empty() {
        true => Err(cursor.refuse_member("enum", "must list a text or number")),
        false => Ok(Some(choices)),
    }
}

/// Returns a text of a schema, if it is not empty.
pub(super) fn non_empty_text(schema: &Map<String, Value>, name: &str) -> Option<String> {
    let text = schema.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
