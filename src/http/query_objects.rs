//! Query parameters that are JSON objects.

use serde_json::{Map, Value};

/// Parses a JSON object of strings, numbers and booleans, or of such objects and lists too. Returns each value with its
/// path: `[a]` or `[a][not]`.
pub(super) fn parse_members(text: &str, is_nested: bool) -> Option<Vec<(String, String)>> {
    let members: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut found = Vec::new();
    for (name, value) in members {
        let path = format!("[{name}]");
        match value {
            Value::Array(_) if is_nested => add_texts(&mut found, &path, value)?,
            Value::Object(members) if is_nested && !members.is_empty() => {
                for (name, value) in members {
                    add_texts(&mut found, &format!("{path}[{name}]"), value)?;
                }
            }
            Value::Array(_) => return None,
            scalar => add_texts(&mut found, &path, scalar)?,
        }
    }
    Some(found)
}

/// Adds a value, or each item of a list, under one path.
fn add_texts(found: &mut Vec<(String, String)>, path: &str, value: Value) -> Option<()> {
    let items = match value {
        Value::Array(items) => items,
        scalar => vec![scalar],
    };
    for item in items {
        let text = match item {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => item.to_string(),
            _ => return None,
        };
        found.push((path.to_owned(), text));
    }
    Some(())
}
