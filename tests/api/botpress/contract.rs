//! The document beside the vendor's: `contract.json` lists, for each operation, the members of its
//! parameters, body and answer with their types, whether they are required, and their values where
//! those are listed (from the specification that `botpress.md` §0 names, without its prose).

use parlance::dialects::botpress;
use serde_json::Value;

/// Where ours differs on purpose, with the reason.
const ON_PURPOSE: &[(&str, &str, &str)] = &[
    (
        "updateUser",
        "body.tags",
        "the seed lets every member of a PUT be absent",
    ),
    (
        "updateConversation",
        "body.tags",
        "the seed lets every member of a PUT be absent",
    ),
    (
        "updateMessage",
        "body.tags",
        "the seed lets every member of a PUT be absent",
    ),
];

fn document() -> Value {
    let document = botpress::document(&botpress::Settings::default());
    serde_json::from_str(&document.json("http://127.0.0.1:4600")).expect("JSON")
}

fn contract() -> Vec<Value> {
    serde_json::from_str(include_str!("contract.json")).expect("JSON")
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, mut schema: &'a Value) -> &'a Value {
    loop {
        // A reference with a description beside it.
        let all = schema["allOf"].as_array().into_iter().flatten();
        if let Some(only) = all.clone().find(|one| one["$ref"].is_string()) {
            schema = only;
        } else if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.trim_start_matches('#');
            schema = document.pointer(pointer).expect("what it refers to");
        } else {
            return schema;
        }
    }
}

/// The schema of a member, `body.tags.*`, and whether it is required.
fn member<'a>(document: &'a Value, operation: &'a Value, place: &str) -> Option<(&'a Value, bool)> {
    let (part, rest) = place.split_once('.').unwrap_or((place, ""));
    if matches!(part, "header" | "query" | "path") {
        let parameters = operation["parameters"].as_array()?;
        let found = parameters
            .iter()
            .find(|parameter| parameter["in"] == part && parameter["name"] == rest)?;
        let schema = resolved(document, &found["schema"]);
        return Some((schema, found["required"] == true));
    }
    let part = part.trim_end_matches("[]");
    let content = match part {
        "body" => operation.pointer("/requestBody/content/application~1json/schema")?,
        _ => {
            let responses = operation["responses"].as_object()?;
            let (_, ok) = responses
                .iter()
                .find(|(status, _)| status.starts_with('2'))?;
            let content = ok["content"].as_object()?;
            &content.values().next()?["schema"]
        }
    };
    let mut schema = resolved(document, content);
    let mut required = true;
    for step in place.split('.').skip(1) {
        let name = step.trim_end_matches("[]");
        if name == "*" {
            (schema, required) = (resolved(document, &schema["additionalProperties"]), false);
        } else {
            let names = schema["required"].as_array();
            required = names.is_some_and(|names| names.iter().any(|one| one == name));
            schema = resolved(document, schema["properties"].get(name)?);
        }
        for _ in 0..step.matches("[]").count() {
            (schema, required) = (resolved(document, &schema["items"]), false);
        }
    }
    (!schema.is_null()).then_some((schema, required))
}

fn listed(schema: &Value) -> Vec<String> {
    let values = schema["enum"].as_array().into_iter().flatten();
    let mut values: Vec<String> = values
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect();
    values.sort();
    values
}

/// What of one operation is not as in the contract.
fn differences(document: &Value, expected: &Value) -> Vec<String> {
    let id = expected["id"].as_str().expect("an id");
    let (method, path) = (&expected["method"], &expected["path"]);
    let path = path.as_str().expect("a path");
    let operation = &document["paths"][path][method.as_str().expect("a method")];
    if operation.is_null() {
        return vec![format!("{id}: missing")];
    }
    let mut found = Vec::new();
    if operation["operationId"] != id {
        found.push(format!("{id}: is named {}", operation["operationId"]));
    }
    if operation["responses"]
        .get(expected["status"].to_string())
        .is_none()
    {
        found.push(format!("{id}: does not answer {}", expected["status"]));
    }
    for row in expected["members"].as_array().expect("members") {
        let place = row[0].as_str().expect("a place");
        if ON_PURPOSE
            .iter()
            .any(|(of, member, _)| (*of, *member) == (id, place))
        {
            continue;
        }
        let Some((schema, required)) = member(document, operation, place) else {
            found.push(format!("{id}: {place} is missing"));
            continue;
        };
        let (kind, ours) = (row[1].as_str().expect("a type"), schema["type"].as_str());
        let same =
            kind == "any" || ours == Some(kind) || (kind, ours) == ("number", Some("integer"));
        if !same {
            found.push(format!("{id}: {place} is {ours:?} and not {kind}"));
        }
        // Maps and bodies that may be left out are no difference that a client could see.
        if required != (row[2] == true) && place.contains('.') {
            found.push(format!("{id}: {place} required: {required}"));
        }
        let values: Vec<String> = serde_json::from_value(row[3].clone()).unwrap_or_default();
        if !values.is_empty() && listed(schema) != values {
            found.push(format!("{id}: {place} is one of {:?}", listed(schema)));
        }
    }
    found
}

#[test]
fn the_document_is_the_vendors_but_for_what_this_lists() {
    let document = document();
    let operations = contract();
    assert_eq!(operations.len(), 152);
    let found: Vec<String> = operations
        .iter()
        .flat_map(|expected| differences(&document, expected))
        .collect();
    insta::assert_snapshot!(found.join("\n"));
}
