//! Random schemas with references, checked with random values: each check ends within its steps, and agrees
//! with the validator without a budget.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Limits, Location, Schema};
use crate::kernel::schema::draft::detect_draft;

/// Number of definitions of a schema.
const DEFINITIONS: usize = 4;

fn reference() -> impl Strategy<Value = Value> {
    (0..DEFINITIONS).prop_map(|number| json!({"$ref": format!("#/$defs/d{number}")}))
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => reference(),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(json!({})),
        2 => prop::sample::select(vec!["string", "integer", "array", "object", "null"])
            .prop_map(|name| json!({"type": name})),
        1 => (0..3_i32).prop_map(|number| json!({"const": number})),
        1 => Just(json!({"required": ["a"]})),
        1 => Just(json!({"minLength": 2})),
        1 => Just(json!({"pattern": "^a"})),
        1 => Just(json!({"uniqueItems": true})),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone().prop_map(|of| json!({"anyOf": of})),
            some.clone().prop_map(|of| json!({"oneOf": of})),
            some.clone().prop_map(|of| json!({"allOf": of})),
            some.prop_map(|of| json!({"prefixItems": of})),
            inner.clone().prop_map(|of| json!({"not": of})),
            inner.clone().prop_map(|of| json!({"items": of})),
            inner.clone().prop_map(|of| json!({"contains": of})),
            inner
                .clone()
                .prop_map(|of| json!({"additionalProperties": of})),
            inner.clone().prop_map(|of| json!({"propertyNames": of})),
            inner
                .clone()
                .prop_map(|of| json!({"unevaluatedProperties": false, "allOf": [of]})),
            inner.clone().prop_map(|of| json!({"unevaluatedItems": of})),
            inner
                .clone()
                .prop_map(|of| json!({"dependentSchemas": {"a": of}})),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({"properties": {"a": a, "b": b}})),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| json!({"if": a, "then": b, "else": c})),
        ]
    })
}

/// Generates a schema, some of whose definitions have their own `$id` or refer to others by it.
fn document() -> impl Strategy<Value = Value> {
    let definitions = prop::collection::vec((schema(), 0..8_u8, 0..DEFINITIONS), DEFINITIONS);
    (schema(), definitions).prop_map(|(root, definitions)| {
        let definition = |(mut schema, kind, other): (Value, u8, usize)| {
            if let Value::Object(members) = &mut schema {
                let id = |number: usize| format!("https://example.test/d{number}");
                match kind {
                    0 => drop(members.insert("$id".to_owned(), json!(id(other)))),
                    1 => drop(members.insert("$ref".to_owned(), json!(id(other)))),
                    2 => drop(members.insert("$dynamicRef".to_owned(), json!("#n"))),
                    3 => drop(members.insert("$dynamicAnchor".to_owned(), json!("n"))),
                    _ => {}
                }
            }
            schema
        };
        let names = (0..).map(|number: usize| format!("d{number}"));
        let definitions: Map<String, Value> =
            names.zip(definitions.into_iter().map(definition)).collect();
        json!({"$defs": definitions, "allOf": [root]})
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        (0..3_i32).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "ab"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), inner, 0..3)
                .prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn a_check_ends_and_says_what_the_validator_says(schema in document(), value in value()) {
        let limits = Limits::default();
        let Ok(ours) = Schema::compile(&schema, &limits) else {
            // A cycle, or too much work: such a schema is never checked with a value.
            return Ok(());
        };
        let found = ours.check(&value, Location::Body, &limits);
        prop_assert!(found.len() as u64 <= limits.max_errors + 1);
        let exhausted = found.iter().any(|found| found.to_string().contains("max_steps"));
        if !exhausted {
            let mut options = jsonschema::options().should_validate_formats(true);
            if let Some(draft) = detect_draft(&schema) {
                options = options.with_draft(draft);
            }
            let theirs = options.build(&schema).expect("a schema");
            prop_assert_eq!(found.is_empty(), theirs.is_valid(&value));
        }
        // A check with very few steps ends too.
        let few = Limits { max_steps: 10, max_errors: 2, ..limits };
        drop(ours.check(&value, Location::Body, &few));
    }
}
