//! `/v1/connectors` and what Cohere's clients call around it.

mod access;
mod chat;
mod chat_stream;
mod chat_upstream;
mod check_api_key;
mod connector;
mod create;
mod folders;
mod manage;
pub mod model;
pub mod oauth;
mod paths;
mod properties;
mod questions;
mod register;
mod search;

use serde_json::{Value, json};

use crate::support::TestServer;
use reqwest::Method;

/// A body that registers a connector without a token.
fn plain(name: &str, url: &str) -> Value {
    json!({"name": name, "url": url})
}

/// Registers a connector and returns it.
async fn created(server: &TestServer, body: Value) -> Value {
    let answer = server.cohere(Method::POST, "/connectors", Some(body)).await;
    answer.expect(200).json()["connector"].clone()
}

/// The path of a connector.
fn path_of(connector: &Value) -> String {
    format!("/connectors/{}", connector["id"].as_str().expect("an id"))
}

/// How many connectors the first workspace has.
async fn count(server: &TestServer) -> Value {
    let listed = server.cohere(Method::GET, "/connectors", None).await;
    listed.expect(200).json()["total_count"].clone()
}
