//! Planted secrets: keys of users and of owners are in no log and not readable in the database.

use reqwest::Method;
use serde_json::{Value, json};

use super::keys::sign;
use crate::support::{Program, WORKSPACE, file_contains};

const PAT: &str = "bp_pat_planted_token_31cd";
const OWN_KEY: &str = "planted-encryption-key-5e0c";

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_in_neither_files_nor_logs() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_LOG__LEVEL", "trace"),
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT),
    ]);
    let client = crate::support::client();
    let url = program.url().to_owned();
    let call = async |method: Method, path: &str, key: &str, body: Value| -> Value {
        let mut request = client
            .request(method, format!("{url}{path}"))
            .header("x-user-key", key);
        if path.starts_with("/v1/admin") {
            request = request.bearer_auth(PAT).header("x-workspace-id", WORKSPACE);
        }
        let answer = request.json(&body).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    };
    let hub = "/v1/admin/hub/integrations/chat/latest";
    let found = call(Method::GET, hub, "", json!({})).await;
    let integration = found["integration"]["id"].as_str().expect("an id");
    let made = call(Method::POST, "/v1/admin/bots", "", json!({})).await;
    let bot = format!(
        "/v1/admin/bots/{}",
        made["bot"]["id"].as_str().expect("an id")
    );
    let install = async |configuration: Value| {
        let body = json!({"integrations": {integration: {"configuration": configuration}}});
        let changed = call(Method::PUT, &bot, "", body).await;
        let installed = &changed["bot"]["integrations"][integration];
        let webhook = installed["webhookId"].as_str().expect("a webhook");
        format!("/webhook/{webhook}")
    };
    let chat = install(json!({})).await;
    let users = format!("{chat}/users");
    let made = call(Method::POST, &users, "", json!({"id": "planted-user"})).await;
    let issued = made["key"].as_str().expect("a key").to_owned();
    let me = format!("{users}/me");
    let found = call(Method::GET, &me, &issued, json!({})).await;
    assert_eq!(found["user"]["id"], "planted-user");
    install(json!({"encryptionKey": OWN_KEY})).await;
    let own = sign(OWN_KEY, &json!({"id": "planted-user"}));
    let found = call(Method::GET, &me, &own, json!({})).await;
    assert_eq!(found["user"]["id"], "planted-user");
    // Neither are those that are refused.
    let wrong = sign("planted-wrong-key-77", &json!({"id": "planted-user"}));
    let refused = call(Method::GET, &me, &wrong, json!({})).await;
    assert_eq!(refused["type"], "Unauthorized");
    program.terminate();
    let (log, database) = (program.log(), program.path("parlance.db"));
    assert!(file_contains(&log, "/users/me"), "calls are logged");
    assert!(file_contains(&database, "planted-user"));
    for secret in [PAT, OWN_KEY, &issued, &own, &wrong] {
        for part in secret
            .split('.')
            .filter(|part| part.len() > 20 || !secret.contains('.'))
        {
            // The header of a JWT is no secret, and the same in each of them.
            if part.starts_with("eyJ0eXAi") {
                continue;
            }
            assert!(!file_contains(&log, part), "{part} in the log");
            assert!(!file_contains(&database, part), "{part} in the database");
        }
    }
}
