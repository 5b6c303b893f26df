//! Schemas in the style of the vendors' libraries: draft-07, JavaScript patterns, and descriptions of defects.

use serde_json::{Value, json};

use super::{Limits, Schema, messages};

fn fits(schema: &Value, value: &Value) -> bool {
    messages(schema, value).is_empty()
}

fn refused(schema: &Value) -> String {
    Schema::compile(schema, &Limits::default()).expect_err("a fault")
}

#[test]
fn a_schema_without_a_draft_is_draft_07() {
    let tuple =
        json!({"items": [{"type": "string"}, {"type": "number"}], "additionalItems": false});
    assert!(fits(&tuple, &json!(["a", 1])));
    assert!(!fits(&tuple, &json!([1, "a"])));
    assert!(!fits(&tuple, &json!(["a", 1, 2])));
    let mut named = tuple.clone();
    named["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    let fault = refused(&named);
    assert!(fault.starts_with("items at #/items must be"), "{fault}");
    let conditions = json!({"dependencies": {"a": ["b"]}, "definitions": {"x": {"const": 1}},
        "properties": {"c": {"$ref": "#/definitions/x"}}});
    assert!(!fits(&conditions, &json!({"a": 1})));
    assert!(!fits(&conditions, &json!({"c": 2})));
}

#[test]
fn rules_of_later_drafts_are_not_passed_over() {
    let pair = json!({"prefixItems": [{"type": "string"}]});
    assert!(!fits(&pair, &json!([1])));
    let beside = json!({"$defs": {"x": {"type": "number"}},
        "properties": {"c": {"$ref": "#/$defs/x", "minimum": 3}}});
    assert!(!fits(&beside, &json!({"c": 2})));
    for (format, text) in [
        ("uuid", "no uuid"),
        ("duration", "no duration"),
        ("date", "no date"),
    ] {
        assert!(!fits(&json!({"format": format}), &json!(text)), "{format}");
    }
    assert!(fits(&json!({"format": "duration"}), &json!("P1D")));
    let noted = json!({"contentEncoding": "base64", "contentMediaType": "application/json"});
    assert!(fits(&noted, &json!("no base64!")));
}

#[test]
fn what_is_stored_goes_on_being_read() {
    let anchored =
        json!({"$ref": "#x", "$defs": {"x": {"$anchor": "x", "type": "string"}}, "items": []});
    assert!(Schema::compile(&anchored, &Limits::default()).is_err());
    for stored in [
        json!({"$id": "#", "$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}),
        json!({"$ref": "#x", "$defs": {"x": {"$anchor": "x", "type": "string"}}}),
    ] {
        let compiled = Schema::compile(&stored, &Limits::STORED);
        compiled.expect("it was accepted once");
    }
}

#[test]
fn patterns_match_as_in_javascript() {
    for (pattern, matching, other) in [
        ("^a[^]b$", "a\nb", "ab"),
        (r"^(?<y>\d+)-\k<y>$", "12-12", "12-13"),
        (r"^[\b]$", "\u{8}", "b"),
        (r"^\0$", "\0", "0"),
        ("^a.b$", "a.b", "a\u{2028}b"),
        ("^a.b$", "aéb", "a\rb"),
        (r"^(?=\d)\w+$", "1a", "١a"),
        (r"^\cJ$", "\n", "J"),
        (r"^\ud83d\ude00$", "😀", "😁"),
        (r"^\d[.]\.$", "1..", "1a."),
    ] {
        let schema = json!({"pattern": pattern});
        assert!(fits(&schema, &json!(matching)), "{pattern}");
        assert_eq!(
            messages(&schema, &json!(other)),
            [format!("The body must match the pattern {pattern}")]
        );
        let by_name = json!({"patternProperties": {pattern: false}});
        assert!(!fits(&by_name, &json!({matching: 1})), "{pattern}");
        assert!(fits(&by_name, &json!({other: 1})), "{pattern}");
    }
    assert!(!fits(&json!({"pattern": "[]"}), &json!("]")));
    // With its dots translated, this pattern would be too large.
    assert!(fits(
        &json!({"pattern": "^.{0,3900}$"}),
        &json!("x".repeat(3900))
    ));
}

#[test]
fn a_fault_names_keyword_and_place() {
    for (schema, fault) in [
        (
            json!({"properties": {"age": {"minimum": "3"}}}),
            "minimum at #/properties/age/minimum must be a number, not \"3\"",
        ),
        (json!({"type": false}), "type at #/type must not be false"),
        (
            json!({"properties": {"a": {"type": "strin"}}}),
            "type at #/properties/a/type must be one of \"array\"",
        ),
        (
            json!({"required": "a"}),
            "required at #/required must be an array, not \"a\"",
        ),
        (
            json!({"items": {"pattern": "(a"}}),
            "pattern at #/items/pattern must be a valid regular expression, not \"(a\"",
        ),
        (
            json!({"properties": {"a/b": {"maxLength": -1}}}),
            "maxLength at #/properties/a~1b/maxLength must be at least 0, not -1",
        ),
        (
            json!({"required": ["a", "a"]}),
            "required at #/required must not have two equal items",
        ),
        (json!({"$ref": "#/definitions/none"}), "$ref: "),
    ] {
        let found = refused(&schema);
        assert!(found.starts_with(fault), "{found}");
    }
}

#[test]
fn a_broken_rule_is_said_in_words() {
    for (schema, value, rule) in [
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "must not have two equal items (uniqueItems)",
        ),
        (
            json!({"exclusiveMinimum": 1}),
            json!(1),
            "must be greater than 1",
        ),
        (
            json!({"multipleOf": 2}),
            json!(3),
            "must be a multiple of 2",
        ),
        (
            json!({"not": {"type": "null"}}),
            json!(null),
            "must not fit the schema of not",
        ),
        (
            json!({"contains": {"const": 1}}),
            json!([2]),
            "must have an item of another kind (contains)",
        ),
        (
            json!({"oneOf": [{"minimum": 1}, {"minimum": 2}]}),
            json!(3),
            "fits more than one of the alternatives (oneOf)",
        ),
    ] {
        assert_eq!(messages(&schema, &value), [format!("The body {rule}")]);
    }
}
