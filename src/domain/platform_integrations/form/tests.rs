use serde_json::json;

use super::*;

fn form(schema: Value) -> Result<Form, UnsupportedSchema> {
    Form::parse(schema.as_object().expect("an object"), &Limits::default())
}

#[test]
fn every_kind_of_field_is_drawn() {
    let form = form(json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string", "title": "A"},
        "b": {"type": ["string", "null"], "format": "password"},
        "c": {"type": "boolean", "default": true},
        "d": {"type": "integer"},
        "e": {"type": "array", "items": {"type": "string"}},
        "f": {"enum": ["x", "y"]},
        "g": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
        "h/i": {"type": "object", "properties": {"j": {"type": "number"}}}
    }}));
    let form = form.expect("a form");
    let names: Vec<String> = form.fields().iter().map(|item| item.name.clone()).collect();
    assert_eq!(names, ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h~1i/j"]);
    assert!(form.items[0].required && !form.items[1].required);
    assert_eq!(
        form.items[1].kind,
        FormItemKind::Password { multiline: false }
    );
    assert!(matches!(form.items[6].kind, FormItemKind::Choices(_)));
}

#[test]
fn what_cannot_be_drawn_is_named() {
    for (schema, path) in [
        (json!({}), "type"),
        (json!({"type": "string"}), "type"),
        (json!({"type": "object", "allOf": [{"$ref": "#"}]}), ""),
        (
            json!({"type": "object", "properties": {"a": {}}}),
            "properties.a",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "array"}}}),
            "properties.a",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": 5}}}),
            "",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "object", "properties": {
                "b": {"type": "null"}}}}}),
            "properties.a.properties.b",
        ),
    ] {
        let problem = form(schema).expect_err("not drawable");
        assert_eq!(problem.path.join("."), path, "{problem:?}");
    }
}

fn refusal(schema: Value) -> String {
    let problem = form(schema).expect_err("not drawable");
    format!("{}: {}", problem.path.join("."), problem.rule)
}

#[test]
fn rules_between_fields_are_refused_with_their_place() {
    let field = json!({"a": {"type": "string"}});
    for (member, value, place) in [
        ("allOf", json!([{}, {}]), "allOf"),
        ("if", json!({}), "if"),
        ("not", json!({"required": ["a"]}), "not"),
        ("dependencies", json!({"a": ["b"]}), "dependencies"),
        (
            "dependentRequired",
            json!({"a": ["b"]}),
            "dependentRequired",
        ),
        ("patternProperties", json!({"^x": {}}), "patternProperties"),
        ("required", json!(["a", "zip"]), "required: names zip,"),
        ("minProperties", json!(5), ""),
    ] {
        let mut schema = json!({"type": "object", "properties": field});
        schema[member] = value;
        if member == "minProperties" {
            schema["maxProperties"] = json!(1);
        }
        let mut inside = json!({"type": "object", "properties": {"in": schema}});
        inside["properties"]["in"]["title"] = json!("In");
        assert!(refusal(schema).starts_with(place), "{member}");
        let place = format!("properties.in.{place}");
        assert!(
            refusal(inside.clone()).starts_with(&place),
            "{}",
            refusal(inside)
        );
    }
    for (property, place) in [
        (
            json!({"type": "object"}),
            "properties.a: must have properties",
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            "properties.a: must have properties",
        ),
        (
            json!({"type": "string", "minLength": 9, "maxLength": 8}),
            "properties.a.minLength",
        ),
        (
            json!({"type": "integer", "enum": [1, "x"]}),
            "properties.a.enum: lists \"x\"",
        ),
        (json!({"type": "string", "enum": []}), "properties.a.enum"),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
            "properties.a: offers",
        ),
        (
            json!({"oneOf": [{"type": "null"}]}),
            "properties.a.oneOf: must offer",
        ),
        (
            json!({"type": "object", "oneOf": [
                {"properties": {"kind": {"const": "x"}}}, {"properties": {"kind": {"const": "x"}}}]}),
            "properties.a.oneOf: offers",
        ),
        (
            json!({"type": "object", "additionalProperties": false, "oneOf": [
                {"properties": {"kind": {"const": "x"}}}, {"properties": {"kind": {"const": "y"}}}]}),
            "properties.a.oneOf.0: cannot be filled in: additionalProperties leaves no room for kind",
        ),
        (json!({"$ref": "#/properties/b"}), "properties.a.$ref"),
        (json!({"$ref": "https://example.com/x"}), ""),
        (json!({"$ref": "#/$defs/loop"}), "properties.a"),
        (
            json!({"type": "array", "items": {"type": "object", "properties": {}}}),
            "properties.a",
        ),
    ] {
        let schema = json!({
            "type": "object",
            "properties": {"a": property, "b": {"type": "string"}},
            "$defs": {"loop": {"type": "object", "properties": {"more": {"$ref": "#/$defs/loop"}}}}
        });
        assert!(
            refusal(schema.clone()).starts_with(place),
            "{}",
            refusal(schema)
        );
    }
}

/// Returns the form of a connector, in the style of public ones.
fn connector() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "required": ["site", "credentials"],
        "properties": {
            "site": {"type": "string"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Note"},
            "credentials": {
                "type": "object",
                "title": "Authentication",
                "oneOf": [
                    {
                        "title": "API token",
                        "type": "object",
                        "required": ["auth_type", "token"],
                        "properties": {
                            "auth_type": {"type": "string", "const": "token"},
                            "token": {"type": "string", "airbyte_secret": true, "minLength": 4}
                        }
                    },
                    {"$ref": "#/definitions/oauth"}
                ]
            },
            "union": {"oneOf": [
                {"properties": {"t": {"const": 1}}}, {"properties": {"t": {"const": 2}}}]},
            "region": {"oneOf": [
                {"const": "eu", "title": "Europe"}, {"const": "us", "title": "United States"}]}
        },
        "definitions": {"oauth": {
            "title": "OAuth",
            "required": ["auth_type", "client_id"],
            "properties": {
                "auth_type": {"enum": ["oauth"]},
                "client_id": {"type": "string"},
                "token": {"type": "integer"}
            }
        }}
    })
}

#[test]
fn alternatives_are_a_choice_with_fields_of_their_own() {
    let form = form(connector()).expect("a form");
    let names: Vec<&str> = form
        .fields()
        .iter()
        .map(|item| item.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "/site",
            "/note",
            "/credentials/auth_type",
            "/credentials#0/token",
            "/credentials#1/client_id",
            "/credentials#1/token",
            "/union/t",
            "/region"
        ]
    );
    let FormItemKind::Group(credentials) = &form.items[2].kind else {
        panic!("a group")
    };
    let FormItemKind::Alternatives(alternatives) = &credentials[0].kind else {
        panic!("alternatives")
    };
    assert!(credentials[0].required);
    assert_eq!(alternatives[0].choice.label, "API token");
    assert_eq!(
        alternatives[0].items[0].kind,
        FormItemKind::Password { multiline: false }
    );
    let FormItemKind::Choice(regions) = &form.items[4].kind else {
        panic!("a choice")
    };
    assert_eq!(regions[0].label, "Europe");
    assert!(form.items[1].nullable);
}

#[test]
fn a_small_schema_that_asks_for_much_is_refused() {
    let many: Vec<Value> = (0..400).map(|_| json!({"$ref": "#/$defs/a"})).collect();
    let mut definitions = Map::new();
    for (from, to) in [("a", "b"), ("b", "c"), ("c", "d")] {
        let to = json!({"$ref": format!("#/$defs/{to}")});
        definitions.insert(from.to_owned(), json!({"oneOf": vec![to; 400]}));
    }
    definitions.insert("d".to_owned(), json!({"type": "string"}));
    let schema =
        json!({"type": "object", "properties": {"x": {"oneOf": many}}, "$defs": definitions});
    let schema = schema.as_object().expect("an object");
    assert!(reader::read_form(schema).is_err());
}

#[test]
fn both_sides_of_a_reference_hold() {
    let site = || json!({"type": "string"});
    let base = json!({"type": "object", "required": ["token"], "properties": {
        "token": {"type": "string", "airbyte_secret": true}}});
    let names = |schema: Value| -> Vec<String> {
        let form = form(schema).expect("a form");
        form.fields().iter().map(|item| item.name.clone()).collect()
    };
    for schema in [
        json!({"$ref": "#/$defs/base", "properties": {"site": site()}, "required": ["site"], "$defs": {"base": base}}),
        json!({"type": "object", "allOf": [base], "properties": {"site": site()}, "required": ["site"]}),
        json!({"type": "object", "oneOf": [base], "properties": {"site": site()}, "required": ["site"]}),
    ] {
        let mut names = names(schema);
        names.sort();
        assert_eq!(names, ["/site", "/token"]);
    }
    for (schema, part) in [
        (
            json!({"type": "object", "properties": {"a": {
                "$ref": "#/$defs/a", "pattern": "^b"}}, "$defs": {"a": {"type": "string", "pattern": "^a"}}}),
            "properties.a.pattern: is given in two ways",
        ),
        (
            json!({"type": "object", "allOf": [{"properties": {"a": {"type": "string"}}}],
                "properties": {"a": {"type": "integer"}}}),
            "properties: describes a in two ways",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}},
                "additionalProperties": {"$ref": "#/$defs/a"}, "$defs": {"a": {}}}),
            "additionalProperties: must not refer",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer", "airbyte_secret": true}}}),
            "properties.a: is a secret",
        ),
        (
            json!({"type": "object", "properties": {"a": {"oneOf": [
                {"properties": {"k": {"const": 1}, "more": {"type": "object"}}},
                {"properties": {"k": {"const": 2}}}]}}}),
            "properties.a.oneOf.0.properties.more: must have properties",
        ),
    ] {
        let found = refusal(schema);
        assert!(found.starts_with(part), "{found}");
    }
}
