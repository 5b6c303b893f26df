//! The OpenAPI documents: snapshots, and what they promise.

use parlance::{
    console,
    dialects::{ada, aloochat, botpress, chat_api, cohere, connector},
    http::Document,
};
use serde_json::Value;

const ORIGIN: &str = "http://127.0.0.1:4600";

fn built_documents() -> Vec<(&'static str, Document)> {
    let settings = ada::Settings::default();
    vec![
        ("ada", ada::document(&settings)),
        ("ada_end_users_v1", ada::document_v1(&settings)),
        (
            "aloochat",
            aloochat::document(&aloochat::Settings::default()),
        ),
        (
            "botpress",
            botpress::document(&botpress::Settings::default()),
        ),
        ("chat", chat_api::document()),
        ("cohere", cohere::document(&cohere::Settings::default())),
        ("connector", connector::document()),
        ("console", console::document()),
    ]
}

fn documents() -> impl Iterator<Item = (&'static str, Value)> {
    built_documents().into_iter().map(|(name, document)| {
        let json = serde_json::from_str(&document.json(ORIGIN)).expect("JSON");
        (name, json)
    })
}

#[test]
fn the_yaml_is_the_same_document() {
    for (name, document) in built_documents() {
        let json: Value = serde_json::from_str(&document.json(ORIGIN)).expect("JSON");
        let yaml: Value = serde_yaml_ng::from_str(&document.yaml(ORIGIN)).expect(name);
        assert!(yaml == json, "{name}");
    }
}

#[test]
fn the_documents_are_as_they_were() {
    for (name, document) in documents() {
        insta::assert_json_snapshot!(format!("openapi_{name}"), document);
    }
}

#[test]
fn every_body_has_an_example() {
    for (name, document) in documents() {
        let mut bodies = 0;
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let request = operation.pointer("/requestBody/content").into_iter();
                let responses = operation["responses"].as_object().expect("responses");
                let responses = responses
                    .values()
                    .filter_map(|response| response.get("content"));
                for content in request.chain(responses) {
                    for (media_type, body) in content.as_object().expect("media types") {
                        let example = body.get("example");
                        assert!(example.is_some(), "{name} {method} {path} {media_type}");
                        bodies += 1;
                    }
                }
            }
        }
        assert!(bodies > 3, "{name}");
    }
}

#[test]
fn every_operation_has_an_id_a_summary_and_its_errors() {
    for (name, document) in documents() {
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let place = format!("{name} {method} {path}");
                assert!(operation["operationId"].is_string(), "{place}");
                assert!(operation["summary"].is_string(), "{place}");
                assert!(operation["responses"]["401"].is_object(), "{place}");
                // Whoever asks for a token has none yet; a link of billing has a key of its own; a new
                // user of the chat is given its key.
                let public = [
                    "hello",
                    "exchangeOAuthToken",
                    "downloadInvoice",
                    "confirmPaymentMethod",
                    "downloadBotVersion",
                ];
                let public = public.iter().any(|id| operation["operationId"] == *id)
                    || place == "chat post /users";
                let security = operation["security"].as_array();
                let secured = security.is_some_and(|security| !security.is_empty());
                assert_ne!(public, secured, "{place}");
            }
        }
    }
}

#[test]
fn every_parameter_of_ada_has_an_example() {
    for (name, document) in documents() {
        if !name.starts_with("ada") {
            continue;
        }
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let example = parameter.get("example");
                    assert!(example.is_some(), "{name} {method} {path} {parameter}");
                }
            }
        }
    }
}
