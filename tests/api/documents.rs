//! The OpenAPI documents: snapshots, and what they promise.

use parlance::{
    console,
    dialects::{ada, aloochat, botpress, chat_api, cohere, connector},
};
use serde_json::Value;

fn documents() -> Vec<(&'static str, Value)> {
    let parse = |text: String| serde_json::from_str(&text).expect("JSON");
    let aloochat = aloochat::document(&aloochat::Settings::default());
    let botpress = botpress::document(&botpress::Settings::default());
    let settings = ada::Settings::default();
    let (ada, ada_v1) = (ada::document(&settings), ada::document_v1(&settings));
    vec![
        ("ada", parse(ada.json("http://127.0.0.1:4600"))),
        (
            "ada_end_users_v1",
            parse(ada_v1.json("http://127.0.0.1:4600")),
        ),
        ("aloochat", parse(aloochat.json("http://127.0.0.1:4600"))),
        ("botpress", parse(botpress.json("http://127.0.0.1:4600"))),
        (
            "chat",
            parse(chat_api::document().json("http://127.0.0.1:4600")),
        ),
        (
            "cohere",
            parse(cohere::document(&cohere::Settings::default()).json("http://127.0.0.1:4600")),
        ),
        (
            "connector",
            parse(connector::document().json("http://127.0.0.1:4600")),
        ),
        (
            "console",
            parse(console::document().json("http://127.0.0.1:4600")),
        ),
    ]
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
