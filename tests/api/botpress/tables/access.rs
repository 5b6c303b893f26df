//! Who may use tables, for every operation as the document lists them.

use parlance::dialects::botpress;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, Given, another_workspace, member_with},
    support::TestServer,
};

/// Method, path with a table that is not there, and id of each operation on tables.
fn operations() -> Vec<(Method, String, String)> {
    let document = botpress::document(&botpress::Settings::default());
    let document: Value = serde_json::from_str(&document.json("")).expect("JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !path.starts_with("/v1/tables") {
            continue;
        }
        let path = path
            .replace("{table}", "neverTable")
            .replace("{sourceTableId}", "neverTable");
        for (method, operation) in methods.as_object().expect("methods") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            let path = match id.as_str() {
                "getTableRow" => format!("{path}?id=1"),
                _ => path.clone(),
            };
            found.push((method, path, id));
        }
    }
    assert_eq!(found.len(), 17);
    found
}

/// A body that each operation accepts.
fn body(method: &Method, id: &str) -> Option<Value> {
    let body = match id {
        "createTable" => json!({"name": "a", "schema": {"a": "b"}}),
        "getOrCreateTable" => json!({"schema": {}}),
        "renameTableColumn" => json!({"name": "a", "newName": "b"}),
        "importTable" => json!({"fileId": "f"}),
        "createTableRows" | "upsertTableRows" => json!({"rows": [{"a": 1}]}),
        "updateTableRows" => json!({"rows": [{"id": 1}]}),
        "deleteTableRows" => json!({"ids": [1]}),
        _ => json!({}),
    };
    (*method != Method::GET).then_some(body)
}

#[tokio::test]
async fn tables_belong_to_their_bot() {
    let given = Given::new().await;
    let server = &given.server;
    let (_, stranger) = another_workspace(server).await;
    let bot = given.bot.id.as_str();
    let viewer = member_with(server, "viewer").await;
    for (method, path, id) in operations() {
        let call = async |caller: Caller, status: u16, kind: &str| {
            let answer = caller.call(server, method.clone(), &path, body(&method, &id));
            let answer = answer.await;
            assert_eq!(answer.status, status, "{id}: {}", answer.text);
            assert_eq!(answer.json()["type"], kind, "{id}: {}", answer.text);
        };
        let unknown = Caller::with("bp_pat_unknown").header("x-bot-id", bot);
        call(unknown, 401, "Unauthorized").await;
        call(
            Caller::with(&stranger).header("x-bot-id", bot),
            403,
            "Forbidden",
        )
        .await;
        call(Caller::with(&given.bot_token), 400, "InvalidPayload").await;
        call(given.as_integration(), 403, "Forbidden").await;
        let person = given.as_person();
        let acting = person.header("x-integration-id", given.integration.id.as_str());
        call(acting, 403, "Forbidden").await;
        let viewer = Caller::with(&viewer).header("x-bot-id", bot);
        let reads = method == Method::GET && id != "exportTable" || id == "findTableRows";
        match (reads, id.as_str()) {
            (true, "listTables") => {
                let listed = viewer.get(server, &path).await.expect(200);
                assert_eq!(listed.json(), json!({"tables": []}));
            }
            (true, _) => call(viewer, 404, "ResourceNotFound").await,
            // The table is looked for before the job is written.
            (false, _) => call(viewer, 403, "Forbidden").await,
        }
        if !["createTable", "getOrCreateTable", "listTables"].contains(&id.as_str()) {
            call(given.as_bot(), 404, "ResourceNotFound").await;
            call(given.as_person(), 404, "ResourceNotFound").await;
        }
    }
}

#[tokio::test]
async fn a_table_of_another_bot_is_missing() {
    let given = Given::new().await;
    let other = Given::on(TestServer::start().await).await;
    let id = super::make(&other, "citiesTable").await;
    let path = format!("/v1/tables/{id}");
    other.as_bot().get(&other.server, &path).await.expect(200);
    let missing = given.as_bot().get(&given.server, &path).await;
    assert!(missing.expect(404).text.contains("not found"));
}
