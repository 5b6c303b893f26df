//! The member `x-zui` of the schema of a column: position, search, presentation and computation.

use serde_json::{Map, Value, json};

use super::{invalid_schema, is_text_list};
use crate::kernel::Result;

/// Actions that compute a column.
const ACTIONS: [&str; 3] = ["ai", "code", "workflow"];
/// Name of a member, a check of its value, and the rule in words.
type Member = (&'static str, fn(&Value) -> bool, &'static str);
/// Members of `x-zui`, in the order in which they are shown.
const ZUI_MEMBERS: [Member; 8] = [
    ("index", is_integer, "an integer"),
    ("id", Value::is_string, "a string"),
    ("searchable", Value::is_boolean, "a boolean"),
    ("hidden", Value::is_boolean, "a boolean"),
    ("order", Value::is_number, "a number"),
    ("width", Value::is_number, "a number"),
    ("schemaId", Value::is_string, "a string"),
    ("typings", Value::is_string, "a string"),
];

fn is_integer(value: &Value) -> bool {
    value.is_i64()
}

/// Reads `x-zui`. Members that responses do not have are dropped.
pub(super) fn parse_zui(
    column: &str,
    given: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>> {
    let mut zui = Map::new();
    let Some(given) = given else {
        return Ok(zui);
    };
    let wrong = |key: &str, expected: &str| {
        invalid_schema(column, format!("must have {expected} for \"x-zui.{key}\""))
    };
    for (key, is_valid, expected) in ZUI_MEMBERS {
        match given.get(key) {
            None | Some(Value::Null) => {}
            Some(value) if is_valid(value) => {
                zui.insert(key.to_owned(), value.clone());
            }
            Some(_) => return Err(wrong(key, expected)),
        }
    }
    let Some(computed) = given.get("computed").filter(|value| !value.is_null()) else {
        return Ok(zui);
    };
    let action = computed.get("action").and_then(Value::as_str);
    let action = action.filter(|action| ACTIONS.contains(action));
    let action =
        action.ok_or_else(|| wrong("computed.action", "\"ai\", \"code\" or \"workflow\""))?;
    let dependencies = computed
        .get("dependencies")
        .cloned()
        .unwrap_or_else(|| json!([]));
    if !is_text_list(&dependencies) {
        return Err(wrong("computed.dependencies", "a list of strings"));
    }
    let mut stored = Map::new();
    stored.insert("action".to_owned(), json!(action));
    stored.insert("dependencies".to_owned(), dependencies);
    for key in ["prompt", "code", "model", "workflowId"] {
        match computed.get(key) {
            None | Some(Value::Null) => {}
            Some(value) if value.is_string() => {
                stored.insert(key.to_owned(), value.clone());
            }
            Some(_) => return Err(wrong(&format!("computed.{key}"), "a string")),
        }
    }
    if let Some(enabled) = computed.get("enabled").and_then(Value::as_bool) {
        stored.insert("enabled".to_owned(), json!(enabled));
    }
    zui.insert("computed".to_owned(), Value::Object(stored));
    Ok(zui)
}
