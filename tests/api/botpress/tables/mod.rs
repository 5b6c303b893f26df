//! The Tables API: tables, rows, queries and jobs of a bot.

mod access;
mod erasure;
mod find;
mod jobs;
mod manage;
mod rows;

use serde_json::{Value, json};

use super::given::Given;

/// Makes a table of cities with a key column, and returns its id.
pub async fn make(given: &Given, name: &str) -> String {
    let body = json!({
        "name": name,
        "keyColumn": "name",
        "schema": {
            "name": {"type": "string"},
            "people": {"type": "number"},
            "note": {"type": "string", "x-zui": {"searchable": true}},
            "more": {"type": "object"},
        },
    });
    let made = given.as_bot().post(&given.server, "/v1/tables", body).await;
    text(&made.expect(200).json()["table"]["id"])
}

/// Creates rows, and returns the answer.
pub async fn fill(given: &Given, table: &str, rows: Value) -> Value {
    let path = format!("/v1/tables/{table}/rows");
    let made = given
        .as_bot()
        .post(&given.server, &path, json!({"rows": rows}))
        .await;
    made.expect(200).json()
}

/// Finds rows, and returns the answer.
pub async fn find(given: &Given, table: &str, query: Value) -> Value {
    let path = format!("/v1/tables/{table}/rows/find");
    let found = given.as_bot().post(&given.server, &path, query).await;
    found.expect(200).json()
}

/// The values of a column of found rows.
pub fn column(found: &Value, name: &str) -> Vec<Value> {
    let rows = found["rows"].as_array().expect("rows");
    rows.iter().map(|row| row[name].clone()).collect()
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
