//! Converts integers that are written with a decimal point, `5.0`, as clients without an integer type send them. JSON
//! Schema accepts them as integers; poem-openapi does not.

use serde_json::{Map, Number, Value, json};

/// Largest magnitude up to which an `f64` represents every integer exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the bounds of an integer format, which poem-openapi leaves out of the schema.
fn format_bounds(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" => (json!(i64::MIN), json!(i64::MAX)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" => (json!(0), json!(u64::MAX)),
        _ => return None,
    })
}

/// Adds the bounds of the format to an integer schema.
pub(super) fn add_bounds(schema: &mut Map<String, Value>) {
    if schema.get("type").and_then(Value::as_str) != Some("integer") {
        return;
    }
    let format = schema.get("format").and_then(Value::as_str);
    if let Some((min, max)) = format.and_then(format_bounds) {
        schema.entry("minimum").or_insert(min);
        schema.entry("maximum").or_insert(max);
    }
}

/// True if a value contains an integer with a decimal point.
pub(super) fn contains_any(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(contains_any),
        Value::Object(members) => members.values().any(contains_any),
        other => to_integer(other).is_some(),
    }
}

/// Converts integers with a decimal point where the schema requires integers. Other values stay unchanged.
pub(super) fn repair(value: &mut Value, root: &Value) {
    repair_with_schema(value, root, root);
}

fn repair_with_schema(value: &mut Value, schema: &Value, root: &Value) {
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        let target = path.strip_prefix('#').and_then(|path| root.pointer(path));
        if let Some(target) = target {
            repair_with_schema(value, target, root);
        }
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        let schemas = schema.get(name).and_then(Value::as_array);
        for schema in schemas.into_iter().flatten() {
            repair_with_schema(value, schema, root);
        }
    }
    match value {
        Value::Number(_) if wants_integer(schema) => {
            if let Some(number) = to_integer(value) {
                *value = Value::Number(number);
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    repair_with_schema(item, schema, root);
                }
            }
        }
        Value::Object(members) => {
            let others = schema.get("additionalProperties");
            for (name, member) in members {
                let schema = schema.get("properties").and_then(|known| known.get(name));
                if let Some(schema) = schema.or(others) {
                    repair_with_schema(member, schema, root);
                }
            }
        }
        _ => {}
    }
}

fn wants_integer(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "integer",
        Some(Value::Array(names)) => names.iter().any(|name| name == "integer"),
        _ => false,
    }
}

/// Returns the integer that a number with a decimal point equals.
fn to_integer(value: &Value) -> Option<Number> {
    let number = value.as_number().filter(|number| number.is_f64())?;
    let number = number.as_f64()?;
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then(|| Number::from(number as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_lose_their_point_and_free_values_keep_it() {
        let root = json!({
            "allOf": [{"$ref": "#/components/schemas/A"}],
            "components": {"schemas": {"A": {
                "type": "object",
                "properties": {
                    "n": {"type": ["integer", "null"]},
                    "list": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
                    "free": {"type": "object"},
                    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "x": {"type": "number"},
                },
            }}},
        });
        let mut value = json!({
            "n": 42.0, "list": [{"n": -1.0}, {"n": 1.5}], "free": {"n": 1.0}, "map": {"a": 2.0},
            "x": 3.0,
        });
        assert!(contains_any(&value));
        repair(&mut value, &root);
        let expected = json!({
            "n": 42, "list": [{"n": -1}, {"n": 1.5}], "free": {"n": 1.0}, "map": {"a": 2}, "x": 3.0,
        });
        assert_eq!(value, expected);
        assert!(!contains_any(&json!([1, 1.5, 1e300, "2.0"])));
    }
}
