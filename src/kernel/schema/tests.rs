mod hostile;
mod random;
mod texts;
mod vendors;

use serde_json::json;

use super::*;

fn messages(schema: &Value, value: &Value) -> Vec<String> {
    Schema::compile(schema, &Limits::default())
        .expect("a schema")
        .check(value, Location::Body, &Limits::default())
        .iter()
        .map(Violation::to_string)
        .collect()
}

#[test]
fn names_the_place_and_the_rule() {
    let schema = json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 3},
            "kind": {"enum": ["a", "b"]},
            "list": {"type": "array", "items": {"type": ["integer", "null"]}},
            "either": {"anyOf": [
                {"type": "null"},
                {"anyOf": [{"type": "string", "minLength": 1}, {"type": "boolean"}]}
            ]},
            "object": {"anyOf": [
                {"type": "null"},
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
            ]}
        }
    });
    assert_eq!(
        messages(&schema, &json!({"name": "x", "list": [1, null]})),
        [""; 0]
    );
    assert_eq!(messages(&schema, &json!({})), ["name is required"]);
    assert_eq!(
        messages(
            &schema,
            &json!({"name": 1, "kind": "c", "list": [1, "x"], "more": 1})
        ),
        [
            "name must be a string",
            "kind must be one of \"a\", \"b\"",
            "list[1] must be an integer or null",
            "more is not allowed here",
        ]
    );
    assert_eq!(
        messages(&schema, &json!({"name": "x", "either": 1.5})),
        ["either must be a string or a boolean or null"]
    );
    assert_eq!(
        messages(
            &schema,
            &json!({"name": "x", "either": "", "object": {"a": 1}})
        ),
        ["either must not be empty", "object.a must be a string"]
    );
    assert_eq!(
        messages(&schema, &json!({"name": "x", "either": true, "object": {}})),
        ["object.a is required"]
    );
    assert_eq!(
        messages(&schema, &json!({"name": "long"})),
        ["name must have a length of at most 3"]
    );
    assert_eq!(
        messages(&schema, &json!([])),
        ["The body must be an object"]
    );
}

#[test]
fn a_broken_schema_is_an_error_and_a_remote_one_is_not_fetched() {
    assert!(Schema::compile(&json!({"type": 5}), &Limits::default()).is_err());
    assert!(
        Schema::compile(
            &json!({"$ref": "http://127.0.0.1:1/x.json"}),
            &Limits::default()
        )
        .is_err()
    );
}
