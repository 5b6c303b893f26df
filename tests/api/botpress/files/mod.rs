//! The Files API: files with a key, their bytes, passages and knowledge bases.

mod content;
mod erasure;
mod every_operation;
mod indexing;
mod knowledge_bases;
mod metadata;
mod upload;

use serde_json::{Value, json};

use super::given::Caller;
use crate::support::{Answer, TestServer, answer::redacted, send, until};

pub const FILES: &str = "/v1/files";

/// The body of a new file.
pub fn new_file(key: &str, bytes: &str) -> Value {
    json!({"key": key, "size": bytes.len()})
}

/// Creates a file without its bytes.
pub async fn upsert(server: &TestServer, caller: &Caller, body: Value) -> Value {
    let made = caller.put(server, FILES, body).await.expect(200).json();
    made["file"].clone()
}

/// Sends bytes to an address.
pub async fn send_bytes(server: &TestServer, url: &Value, bytes: &str) -> Answer {
    let url = url.as_str().expect("an address");
    send(server.client.put(url).body(bytes.to_owned())).await
}

/// Creates a file with these members beside its key, and sends its bytes.
pub async fn store(
    server: &TestServer,
    caller: &Caller,
    key: &str,
    bytes: &str,
    more: Value,
) -> Value {
    let mut body = new_file(key, bytes);
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    let file = upsert(server, caller, body).await;
    send_bytes(server, &file["uploadUrl"], bytes)
        .await
        .expect(200);
    get(server, caller, file["id"].as_str().expect("an id")).await
}

/// A file, by its id.
pub async fn get(server: &TestServer, caller: &Caller, id: &str) -> Value {
    let found = caller.get(server, &format!("{FILES}/{id}")).await;
    found.expect(200).json()["file"].clone()
}

/// Waits until a file has a status.
pub async fn until_status(server: &TestServer, caller: &Caller, id: &Value, status: &str) -> Value {
    let id = id.as_str().expect("an id");
    until(status, async || {
        get(server, caller, id).await["status"] == status
    })
    .await;
    get(server, caller, id).await
}

/// Creates a file that is indexed.
pub async fn index(
    server: &TestServer,
    caller: &Caller,
    key: &str,
    text: &str,
    more: Value,
) -> Value {
    let mut members = json!({"index": true});
    for (name, value) in more.as_object().expect("members") {
        members[name] = value.clone();
    }
    let file = store(server, caller, key, text, members).await;
    until_status(server, caller, &file["id"], "indexing_completed").await
}

/// Reads an address without a token.
pub async fn read(server: &TestServer, url: &Value) -> Answer {
    send(server.client.get(url.as_str().expect("an address"))).await
}

/// Status and body, with the signatures of addresses redacted.
pub fn shown(answer: &Answer) -> String {
    let mut body = answer.json();
    let files = match body.get_mut("files") {
        Some(Value::Array(files)) => files.iter_mut().collect(),
        _ => vec![&mut body["file"]],
    };
    for file in files {
        for name in ["url", "uploadUrl"] {
            if let Some(Value::String(url)) = file.get_mut(name) {
                let address = url.split_once("&signature=").map(|(address, _)| address);
                if let Some(address) = address {
                    *url = format!("{address}&signature=[signature]");
                }
            }
        }
    }
    format!("{}\n{}", answer.status, redacted(body))
}

/// The keys of a list, in its order.
pub async fn keys(server: &TestServer, caller: &Caller, query: &str) -> Vec<String> {
    let listed = caller.get(server, &format!("{FILES}?{query}")).await;
    let listed = listed.expect(200).json();
    let files = listed["files"].as_array().expect("files").iter();
    files
        .map(|file| file["key"].as_str().expect("a key").to_owned())
        .collect()
}

/// A count of rows.
pub fn count(server: &TestServer, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let rows = super::runtime::column(server, &sql);
    rows[0].as_i64().expect("a number")
}

/// Waits until no bytes and no passages are left.
pub async fn until_nothing_is_left(server: &TestServer) {
    let tables = [
        "blobs",
        "blob_chunks",
        "file_passage_sets",
        "file_passages",
        "file_tags",
    ];
    until("nothing is left", async || {
        tables.iter().all(|table| count(server, table) == 0)
    })
    .await;
}
