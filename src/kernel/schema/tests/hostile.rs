//! Schemas and values that are crafted to demand much work.

use std::thread;

use referencing::Draft;
use serde_json::{Map, Value, json};

use super::{Limits, Location, Schema, Violation};
use crate::kernel::schema::{budget::run_with_budget, work};

/// Stack size of the server's threads, in bytes.
const STACK_BYTES: usize = 2 << 20;

pub(super) fn compile_schema(schema: &Value) -> Schema {
    Schema::compile(schema, &Limits::default()).expect("a schema")
}

pub(super) fn expect_compile_error(schema: &Value) -> String {
    Schema::compile(schema, &Limits::default()).expect_err("no schema")
}

pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Violation> {
    schema.check(value, Location::Body, &Limits::default())
}

pub(super) fn to_texts(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(Violation::to_string).collect()
}

/// Builds the schema of a tree of objects of `kinds` kinds, distinguished by a `const`, each with the next
/// one in `child`. The child comes first, so that a check visits it before the `const`.
fn build_tagged_union(kinds: usize) -> Value {
    let one = |kind: usize| {
        json!({
            "type": "object",
            "required": ["kind"],
            "properties": {
                "child": {"$ref": "#/$defs/node"},
                "kind": {"const": format!("kind{kind}")},
                "size": {"type": "integer"}
            }
        })
    };
    let branches: Vec<Value> = (0..kinds).map(one).collect();
    json!({"$defs": {"node": {"oneOf": branches}}, "$ref": "#/$defs/node"})
}

/// Builds a value of such a tree, `depth` levels deep, with `end` as the leaf.
fn build_chain(depth: usize, kinds: usize, end: Value) -> Value {
    let mut value = end;
    for level in 0..depth {
        value = json!({"kind": format!("kind{}", level % kinds), "child": value});
    }
    value
}

/// Builds definitions of which each applies the previous one twice, at the same place of a value.
fn build_doubled_definitions(keyword: &str, levels: usize, first: Value) -> Map<String, Value> {
    let mut definitions = Map::from_iter([("l0".to_owned(), first)]);
    for level in 1..=levels {
        let before = json!({"$ref": format!("#/$defs/l{}", level - 1)});
        definitions.insert(format!("l{level}"), json!({keyword: [before, before]}));
    }
    definitions
}

#[test]
fn recursive_alternatives_are_checked_without_trying_each_way() {
    for kinds in [2, 3, 6] {
        let schema = compile_schema(&build_tagged_union(kinds));
        for depth in [1, 18, 60] {
            let valid = build_chain(depth, kinds, json!({"kind": "kind0", "size": 1}));
            assert_eq!(check(&schema, &valid), [], "{kinds} kinds, {depth} deep");
            let broken = build_chain(depth, kinds, json!({"kind": "kind0", "size": "x"}));
            let broken = check(&schema, &broken);
            assert!(!broken.is_empty(), "{kinds} kinds, {depth} deep");
        }
    }
}

#[test]
fn errors_are_looked_for_to_a_stated_number() {
    let schema = compile_schema(&build_tagged_union(2));
    let broken = build_chain(18, 2, json!({"kind": "kind0", "size": "x"}));
    assert!(broken.to_string().len() < 600);
    let found = check(&schema, &broken);
    assert_eq!(
        to_texts(&found),
        [
            "The body fits none of the alternatives",
            "and possibly more"
        ]
    );
    let list = compile_schema(&json!({"properties": {"list": {"items": {"type": "string"}}}}));
    let found = check(&list, &json!({"list": vec![1; 100_000]}));
    let limits = Limits::default();
    assert_eq!(found.len() as u64, limits.max_errors + 1);
    assert_eq!(found[0].to_string(), "list[0] must be a string");
    assert_eq!(found.last().expect("one").to_string(), "and possibly more");
}

#[test]
fn alternatives_that_multiply_are_refused_with_their_place() {
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for around in ["not", "if", "properties"] {
            let mut schema = Map::new();
            let last = json!({"$ref": "#/$defs/l24"});
            let around_last = match around {
                "properties" => json!({"a": last}),
                _ => last,
            };
            schema.insert(around.to_owned(), around_last);
            let definitions = build_doubled_definitions(keyword, 24, json!({"type": "string"}));
            schema.insert("$defs".to_owned(), Value::Object(definitions));
            let schema = Value::Object(schema);
            assert!(schema.to_string().len() < 2600);
            let reason = expect_compile_error(&schema);
            assert!(reason.contains("schemas.max_work"), "{reason}");
            assert!(reason.contains("10000"), "{reason}");
            assert!(reason.starts_with('#'), "{reason}");
        }
    }
    let mut nested = json!({"type": "string"});
    for _ in 0..13 {
        nested = json!({"anyOf": [nested, nested]});
    }
    assert!(
        expect_compile_error(&json!({"properties": {"a": nested}}))
            .starts_with("#/properties/a asks for")
    );
    let marks = json!({"unevaluatedProperties": false, "allOf": [
        {"$ref": "#/$defs/l11"}], "$defs": build_doubled_definitions("allOf", 11, json!({}))});
    assert!(expect_compile_error(&marks).contains("max_work"));
    let wide: Vec<Value> = (0..10_001).map(|number| json!({"const": number})).collect();
    assert!(expect_compile_error(&json!({"anyOf": wide})).starts_with("# asks for"));
}

#[test]
fn a_circle_at_one_place_is_refused_and_recursion_is_not() {
    for circle in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$ref": "#/$defs/a", "$defs": {
            "a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/b"}]},
            "b": {"if": {"$ref": "#/$defs/a"}}}}),
        json!({"properties": {"x": {"$dynamicRef": "#n", "$dynamicAnchor": "n"}}}),
        json!({"$id": "https://example.test/a", "dependentSchemas": {
            "x": {"$ref": "https://example.test/a"}}}),
    ] {
        let reason = expect_compile_error(&circle);
        assert!(
            reason.contains("leads back to itself"),
            "{circle}: {reason}"
        );
    }
    for recursive in [
        json!({"properties": {"child": {"$ref": "#"}}}),
        json!({"$defs": {"n": {"items": {"$ref": "#/$defs/n"}}}, "$ref": "#/$defs/n"}),
        json!({"$dynamicAnchor": "n", "additionalProperties": {"$dynamicRef": "#n"}}),
        json!({"$ref": "https://json-schema.org/draft/2020-12/schema"}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {
            "properties": {"a": {"$ref": "#/definitions/a"}}}}, "$ref": "#/definitions/a"}),
    ] {
        let schema = compile_schema(&recursive);
        assert_eq!(check(&schema, &json!({})), [], "{recursive}");
    }
}

#[test]
fn what_multiplies_with_the_depth_of_the_value_ends_at_the_steps() {
    let mut definitions = Map::from_iter([("l0".to_owned(), json!({"type": "string"}))]);
    for level in 1..=40 {
        let child = json!({"required": ["a"], "properties": {
            "a": {"$ref": format!("#/$defs/l{}", level - 1)}}});
        definitions.insert(format!("l{level}"), json!({"anyOf": [child, child]}));
    }
    let schema = json!({"not": {"$ref": "#/$defs/l40"}, "$defs": definitions});
    let mut value = json!(1);
    for _ in 0..40 {
        value = json!({"a": value});
    }
    let found = to_texts(&check(&compile_schema(&schema), &value));
    assert_eq!(
        found,
        ["The body asks for more than 1000000 steps to check (schemas.max_steps)"]
    );
}

#[test]
fn looks_are_dearer_where_a_schema_does_much_without_them() {
    let blind = json!({"items": {"not": {"$ref": "#/$defs/l11"}},
        "$defs": build_doubled_definitions("anyOf", 11, json!(false))});
    let schema = compile_schema(&blind);
    assert!(schema.work.costs.access > 500, "{:?}", schema.work);
    let value = Value::Array(vec![json!(1); 100_000]);
    let found = to_texts(&check(&schema, &value));
    assert!(found[0].contains("max_steps"), "{found:?}");
    let usual = compile_schema(
        &json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}}),
    );
    assert_eq!(usual.work.costs.access, 1);
}

#[test]
fn errors_hold_no_copies() {
    // A long name in the paths of a thousand wrong values, below many alternatives.
    let name = "n".repeat(200_000);
    let schema = json!({"additionalProperties": {"items": {"anyOf": [
        {"type": "string"}, {"type": "boolean"}, {"required": ["a"]}]}}});
    let value = json!({name: vec![json!({"b": "x".repeat(1000)}); 1000]});
    let found = check(&compile_schema(&schema), &value);
    assert!(found.len() < 50, "{}", found.len());
    // Each error of `not` holds a copy of its schema.
    let large: Vec<Value> = (0..9_000).map(|number| json!({"const": number})).collect();
    let schema = json!({"items": {"not": {"anyOf": large}}});
    let found = check(&compile_schema(&schema), &json!(vec![1; 5_000]));
    assert!((2..50).contains(&found.len()), "{}", found.len());
}

#[test]
fn a_schema_that_is_too_deep_or_too_large_is_refused() {
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({"not": deep});
    }
    assert!(expect_compile_error(&deep).contains("more than 64 subschemas lead one to the next"));
    let mut deep = json!({});
    for _ in 0..3_000 {
        deep = json!({"items": deep});
    }
    assert!(expect_compile_error(&deep).contains("nested more than 128 deep"));
    drop_deep(deep);
    let many: Map<String, Value> = (0..60_000).map(|n| (n.to_string(), json!({}))).collect();
    assert!(expect_compile_error(&json!({"properties": many})).contains("schemas.max_subschemas"));
    let links: Map<String, Value> = (0..5_000)
        .map(|n| {
            (
                format!("l{n}"),
                json!({"$ref": format!("#/$defs/l{}", n + 1)}),
            )
        })
        .chain([("l5000".to_owned(), json!({}))])
        .collect();
    let reason = expect_compile_error(&json!({"$ref": "#/$defs/l0", "$defs": links}));
    assert!(reason.contains("lead one to the next"), "{reason}");
}

/// Drops a value without recursion.
fn drop_deep(value: Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}

/// Without the limit, the validator takes all memory for the first of these.
#[test]
fn parts_with_an_id_that_refer_to_one_another_are_refused() {
    let part = |id: &str, to: &str| json!({"$id": id, "properties": {"p": {"$ref": to}}});
    for schema in [
        json!({"$ref": "r", "$id": "https://e.test/root", "$defs": {"r": part("r", "r")}}),
        json!({"$ref": "#/$defs/r", "$defs": {"r": part("https://e.test/r", "#")}}),
        json!({"$ref": "r", "$id": "https://e.test/root", "$defs": {"r": part("r", "root")}}),
        json!({"$ref": "a", "$id": "https://e.test/root",
            "$defs": {"a": part("a", "b"), "b": part("b", "a")}}),
        json!({"$dynamicRef": "#n", "$defs": {"a": {"$id": "a", "$dynamicAnchor": "n"}}}),
    ] {
        // Draft-07 has no `$defs`, and ignores keywords beside a reference.
        let mut schema = schema;
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let reason = expect_compile_error(&schema);
        assert!(reason.contains("an $id"), "{schema}: {reason}");
    }
    for schema in [
        json!({"$ref": "a", "$id": "https://e.test/root",
            "$defs": {"a": part("a", "b"), "b": {"$id": "b", "type": "object"}}}),
        json!({"$id": "https://e.test/root", "properties": {"c": {"$ref": "root"}},
            "default": {"id": "x"}}),
        json!({"$id": "Node", "properties": {"c": {"items": {"$ref": "Node"}}}}),
        json!({"properties": {"a": {"$id": "/properties/a", "type": "object"}}}),
    ] {
        assert_eq!(
            check(&compile_schema(&schema), &json!({"p": {}, "a": {}})),
            [],
            "{schema}"
        );
    }
}

/// The deepest accepted schemas with the deepest accepted values, compiled and checked on a stack of the size
/// of the server's threads.
#[test]
fn the_deepest_checks_fit_on_the_stack() {
    let run = || {
        for links in [1, 2, 10, 30, 60] {
            // References at the same place, and then one level into the value.
            let definitions: Map<String, Value> = (0..links)
                .map(|n| {
                    let next = json!({"$ref": format!("#/$defs/l{}", n + 1)});
                    (format!("l{n}"), json!({"anyOf": [next, false]}))
                })
                .chain([(
                    format!("l{links}"),
                    json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/l0"}}}),
                )])
                .collect();
            let schema = json!({"$ref": "#/$defs/l0", "$defs": definitions});
            let Ok(schema) = Schema::compile(&schema, &Limits::default()) else {
                continue;
            };
            let depth = (super::super::MAX_CHECK_DEPTH / schema.work.depth).min(126);
            for end in [json!({}), json!(1)] {
                let mut value = end;
                for _ in 0..depth {
                    value = json!({"a": value});
                }
                let found = check(&schema, &value);
                assert!(
                    !found
                        .iter()
                        .any(|found| found.to_string().contains("nested"))
                );
            }
        }
        let mut nested = json!({"type": "string"});
        for _ in 0..60 {
            nested = json!({"items": {"properties": {"a": nested}}});
        }
        drop(Schema::compile(&nested, &Limits::default()));
    };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(run);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn a_budget_ends_with_its_check() {
    let schema = compile_schema(&json!({"type": "string"}));
    let budget = crate::kernel::schema::budget::Budget {
        steps: 0,
        errors: 0,
        costs: schema.work.costs,
    };
    let ((), spent) = run_with_budget(budget, || ());
    assert!(!spent.exhausted);
    assert!(work::count_work(&json!({"items": {}}), Draft::Draft7, 10).is_ok());
    assert_eq!(check(&schema, &json!("x")), []);
}

#[test]
fn a_pattern_that_gives_up_is_a_broken_rule() {
    for (pattern, text) in [
        ("^(a|aa)+(?=c)$", "a".repeat(60)),
        (
            r"^(?:\w+\s?)+(?!x)$",
            "hello world this is a long sentence with many words!!".to_owned(),
        ),
    ] {
        let schema = compile_schema(&json!({"properties": {
            "a": {"type": "array", "items": {"type": "string", "pattern": pattern}}}}));
        let broken = to_texts(&check(&schema, &json!({"a": [text]})));
        assert!(
            broken[0].contains("too often") || broken[0].contains("pattern"),
            "{broken:?}"
        );
    }
}
