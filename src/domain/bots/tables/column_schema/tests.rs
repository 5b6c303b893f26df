//! Tests of the schemas of columns.

use super::*;

fn to_schemas(schema: Value) -> Value {
    let Value::Object(schema) = schema else {
        panic!("an object");
    };
    let columns = parse_schema(&schema).expect("a schema").into_iter();
    let columns = columns.map(|(name, schema)| {
        let schema = schema.map_or(Value::Null, |schema| schema.to_value());
        (name, schema)
    });
    Value::Object(columns.collect())
}

#[test]
fn the_three_shapes_are_one() {
    let expected = json!({
        "city": {"type": "string", "nullable": true, "x-zui": {}},
        "size": {"type": "number", "nullable": true, "x-zui": {}},
    });
    let whole = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "size": {"type": "integer", "minimum": 3}},
        "required": ["city"],
    });
    assert_eq!(to_schemas(whole), expected);
    let map = json!({"city": {"type": "string"}, "size": {"type": "number"}});
    assert_eq!(to_schemas(map), expected);
    assert_eq!(to_schemas(json!({"city": "Bern", "size": 3})), expected);
}

#[test]
fn a_sample_decides_the_type() {
    let found = to_schemas(json!({
        "at": "2026-01-31T09:30:00.000Z", "day": "2026-01-31", "on": true, "tags": ["a"],
        "more": {"type": "a sample"}, "gone": null,
    }));
    let kinds = ["at", "day", "on", "tags", "more"].map(|name| found[name]["type"].clone());
    assert_eq!(kinds, ["string", "string", "boolean", "array", "object"]);
    assert_eq!(found["at"]["format"], "date-time");
    assert_eq!(found["day"]["format"], Value::Null);
    assert_eq!(found["gone"], Value::Null);
}

#[test]
fn a_nullable_union_is_its_other_branch() {
    let found = to_schemas(json!({
        "a": {"anyOf": [{"type": "string", "description": "d"}, {"type": "null"}]},
        "b": {"type": ["number", "null"], "nullable": false},
        "c": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    }));
    let expected = json!({"type": "string", "description": "d", "nullable": true, "x-zui": {}});
    assert_eq!(found["a"], expected);
    assert_eq!(
        found["b"],
        json!({"type": "number", "nullable": true, "x-zui": {}})
    );
    assert_eq!(found["c"]["type"], "null");
}

#[test]
fn a_broken_schema_names_its_column() {
    for (schema, part) in [
        (json!({"a": {"type": "string", "pattern": "("}}), "pattern"),
        (json!({"a": {"type": "string", "enum": [1]}}), "enum"),
        (
            json!({"a": {"type": "string", "x-zui": {"index": "x"}}}),
            "x-zui.index",
        ),
        (
            json!({"a": {"type": "string", "x-zui": {"computed": {"action": "magic"}}}}),
            "action",
        ),
        (
            json!({"a": {"type": "string", "description": "x".repeat(20_000)}}),
            "bytes",
        ),
    ] {
        let Value::Object(schema) = schema else {
            panic!("an object");
        };
        let error = parse_schema(&schema).expect_err(part);
        let text = error.broken_rules()[0].to_string();
        assert!(
            text.starts_with("schema.a ") && text.contains(part),
            "{text}"
        );
    }
}
