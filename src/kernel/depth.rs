//! Checks the nesting depth of a JSON value.

use serde_json::Value;

use super::violation::PathSegment;

/// Returns the path to the first member (or item) of the outermost value that makes it deeper than `levels`;
/// `None` if the value has at most that many levels. Each array or object is a level.
#[must_use]
pub fn find_path_deeper_than(value: &Value, levels: usize) -> Option<Vec<PathSegment>> {
    if !is_deeper_than(value, levels) {
        return None;
    }
    let mut inner: Box<dyn Iterator<Item = (PathSegment, &Value)>> = match value {
        Value::Object(members) => {
            let step = |(key, value)| (PathSegment::Key(String::clone(key)), value);
            Box::new(members.iter().map(step))
        }
        Value::Array(items) => {
            let step = |(index, value)| (PathSegment::Index(index), value);
            Box::new(items.iter().enumerate().map(step))
        }
        _ => return Some(Vec::new()),
    };
    let deep = inner.find(|(_, value)| is_deeper_than(value, levels.saturating_sub(1)));
    Some(deep.map(|(step, _)| step).into_iter().collect())
}

/// True if the value has more than `levels` levels. Stops at the first level that is too deep.
fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let inner = |value| levels == 0 || is_deeper_than(value, levels - 1);
    match value {
        Value::Array(items) if levels > 0 => items.iter().any(inner),
        Value::Object(members) if levels > 0 => members.values().any(inner),
        Value::Array(_) | Value::Object(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_are_counted_and_the_member_is_named() {
        let value = json!({"flat": 1, "deep": [[{"x": 1}]]});
        assert_eq!(find_path_deeper_than(&value, 4), None);
        assert_eq!(
            find_path_deeper_than(&value, 3),
            Some(vec![PathSegment::Key("deep".to_owned())])
        );
        assert_eq!(
            find_path_deeper_than(&json!([1, [2]]), 1),
            Some(vec![PathSegment::Index(1)])
        );
        assert_eq!(find_path_deeper_than(&json!("text"), 0), None);
    }
}
