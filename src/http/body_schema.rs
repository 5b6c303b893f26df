//! The JSON Schema of a body type, from the schema that the OpenAPI document shows.

use poem_openapi::{registry::Registry, types::Type};
use serde_json::{Map, Value, json};

use super::whole_numbers;

/// Returns the JSON Schema of a body type.
pub(super) fn build_json_schema<T: Type>() -> Value {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [T::schema_ref()],
        "components": {"schemas": registry.schemas},
    });
    to_json_schema(&mut root);
    root
}

/// Rewrites OpenAPI 3.0's `nullable`, which JSON Schema does not have.
fn to_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(to_json_schema),
        Value::Object(members) => {
            // An example is a value, not a schema.
            members.shift_remove("example");
            members.values_mut().for_each(to_json_schema);
            whole_numbers::add_bounds(members);
            if members.shift_remove("nullable") == Some(Value::Bool(true)) {
                allow_null(members);
            }
        }
        _ => {}
    }
}

fn allow_null(members: &mut Map<String, Value>) {
    match members.get_mut("type") {
        Some(name) => {
            *name = json!([name.take(), "null"]);
            if let Some(Value::Array(allowed)) = members.get_mut("enum") {
                allowed.push(Value::Null);
            }
        }
        None => {
            let schema = Value::Object(std::mem::take(members));
            members.insert("anyOf".to_owned(), json!([{"type": "null"}, schema]));
        }
    }
}
