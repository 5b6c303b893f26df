use serde_json::json;

use super::*;
use crate::kernel::{
    schema::{Limits, Schema},
    violation::Location,
};

fn answers(pairs: &[(&str, &str)]) -> Value {
    let schema = json!({"type": "object", "required": ["account"], "properties": {
        "account": {"type": "object", "properties": {"name": {"type": "string"}}},
        "on": {"type": "boolean"},
        "size": {"type": "number"},
        "count": {"type": "integer"},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "one": {"enum": ["a", "b"]},
        "many": {"type": "array", "items": {"type": "number", "enum": [1, 2]}},
        "group": {"type": "object", "properties": {
            "text": {"type": "string"}, "on": {"type": "boolean"}}},
        "key": {"type": "string", "format": "password"}
    }});
    let form =
        Form::parse(schema.as_object().expect("an object"), &Limits::default()).expect("a form");
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Value::Object(form.parse_values(&SubmittedForm::from_pairs(pairs)).values)
}

#[test]
fn an_empty_form_has_only_what_is_always_there() {
    assert_eq!(answers(&[]), json!({"account": {}, "on": false}));
    assert_eq!(
        answers(&[("/one", ""), ("/size", " "), ("/lines", "\r\n")]),
        json!({"account": {}, "on": false})
    );
}

#[test]
fn each_field_becomes_a_value_of_its_type() {
    let typed = [
        ("/account/name", " Acme "),
        ("/on", "on"),
        ("/size", "1.5"),
        ("/count", "many"),
        ("/lines", "1\r\n\r\n2 \r\nx"),
        ("/one", "b"),
        ("/many", "2"),
        ("/many", "7"),
        ("/group/text", "t"),
        ("/key", " s "),
        ("/unknown", "x"),
    ];
    assert_eq!(
        answers(&typed),
        json!({"account": {"name": "Acme"}, "on": true, "size": 1.5, "count": "many",
               "lines": [1, 2, "x"], "one": "b", "many": [2, "7"],
               "group": {"text": "t", "on": false}, "key": " s "})
    );
}

/// Returns a form with an object that has two alternatives, and its schema.
fn with_alternatives() -> (Form, Value) {
    let schema = json!({
        "type": "object",
        "required": ["site"],
        "properties": {
            "site": {"type": "string"},
            "version": {"type": "string", "const": "2"},
            "login": {
                "type": "object",
                "properties": {"kind": {"type": "string", "title": "How"}, "note": {"type": "string"}},
                "oneOf": [
                    {"required": ["kind", "token"], "properties": {
                        "kind": {"const": "token"}, "token": {"type": "string", "minLength": 4}}},
                    {"required": ["kind", "user"], "properties": {
                        "kind": {"const": "basic"}, "user": {"type": "string"},
                        "token": {"type": "integer"}}}
                ]
            },
            "until": {"type": ["integer", "null"]}
        }
    });
    let form = Form::parse(schema.as_object().expect("an object"), &Limits::default());
    (form.expect("a form"), schema)
}

/// Returns the answers, and the names of the fields with violations.
fn sent(pairs: &[(&str, &str)]) -> (Value, Vec<String>) {
    let (form, whole) = with_alternatives();
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let typed = SubmittedForm::from_pairs(pairs);
    let answers = form.parse_values(&typed);
    let values = Value::Object(answers.values);
    let limits = Limits::default();
    let broken = |schema: &Value| {
        let schema = Schema::compile(schema, &limits).expect("a schema");
        schema.check(&values, Location::Body, &limits)
    };
    let fields = broken(&answers.schema);
    assert_eq!(fields.is_empty(), broken(&whole).is_empty(), "{values}");
    let names = fields.iter().map(|violation| {
        let item = form.find_violated_item(violation, &typed);
        item.map_or_else(String::new, |item| item.name.clone())
    });
    let names = names.collect();
    (values, names)
}

#[test]
fn the_chosen_alternative_alone_is_read_and_checked() {
    assert_eq!(
        sent(&[("/site", "x"), ("/login#0/token", "abcd")]),
        (json!({"site": "x", "version": "2"}), vec![]),
        "an optional group of which nothing is chosen is left out"
    );
    let both = [
        ("/site", "x"),
        ("/login#0/token", "abcd"),
        ("/login#1/token", "7"),
        ("/login#1/user", "u"),
    ];
    let with = |kind: &'static str| {
        let mut pairs = both.to_vec();
        pairs.push(("/login/kind", kind));
        sent(&pairs)
    };
    assert_eq!(
        with("token"),
        (
            json!({"site": "x", "version": "2", "login": {"kind": "token", "token": "abcd"}}),
            vec![]
        )
    );
    assert_eq!(
        with("basic"),
        (
            json!({"site": "x", "version": "2", "login": {"kind": "basic", "user": "u", "token": 7}}),
            vec![]
        )
    );
}

#[test]
fn errors_of_an_alternative_are_at_its_fields() {
    let names = |pairs: &[(&str, &str)]| sent(pairs).1;
    let site = ("/site", "x");
    assert_eq!(names(&[site, ("/login/kind", "token")]), ["/login#0/token"]);
    assert_eq!(
        names(&[site, ("/login/kind", "token"), ("/login#0/token", "abc")]),
        ["/login#0/token"]
    );
    assert_eq!(
        names(&[site, ("/login/kind", "basic"), ("/login#1/token", "x")]),
        ["/login#1/user", "/login#1/token"]
    );
    assert_eq!(names(&[site, ("/login/note", "n")]), ["/login/kind"]);
    assert_eq!(names(&[site, ("/login/kind", "other")]), ["/login/kind"]);
}
