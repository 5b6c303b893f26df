//! `parlance check` on a file of the real program in which sealed values are overwritten.

use parlance::domain::tenancy::sealed_columns::SealedColumn;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Program, WORKSPACE, client, send};

const PAT: &str = "bp_pat_check_key";
const ALOOCHAT: &str = "aloo_check_key";
const ADA: &str = "ada_check_key";
const COHERE: &str = "co_check_key";

/// Makes what has sealed values, through the APIs.
async fn fill(program: &Program) {
    let post = |path: &str, key: (&'static str, String), body: Value| {
        let url = format!("{}{path}", program.url());
        let request = client().post(url).header(key.0, key.1).json(&body);
        async move {
            let answer = send(request.header("x-workspace-id", WORKSPACE)).await;
            assert!(
                answer.status.is_success(),
                "{}: {}",
                answer.status,
                answer.text
            );
            answer.json()
        }
    };
    let bearer = |key: &str| ("authorization", format!("Bearer {key}"));
    let secret = json!({"name": "n", "type": "shopify", "config": {"access_token": "s"}});
    let key = ("x-api-key", ALOOCHAT.to_owned());
    post("/api/public/integrations", key, secret).await;
    let sensitive = json!({"profile": {"sensitive_metadata": {"fields": {"token": "s"}}}});
    post("/api/v2/end-users/", bearer(ADA), sensitive).await;
    let connector = json!({
        "name": "c", "url": "https://example.com/search",
        "oauth": {"client_id": "i", "client_secret": "s", "scope": "read",
                  "authorize_url": "https://example.com/a", "token_url": "https://example.com/t"},
    });
    let made = post("/v1/connectors", bearer(COHERE), connector).await;
    let id = made["connector"]["id"].as_str().expect("an id");
    let path = format!("/v1/connectors/{id}/oauth/authorize");
    post(&path, bearer(COHERE), json!({})).await;
    let integration = json!({
        "name": "whint", "version": "0.1.0", "secrets": {"TOKEN": "s"},
        "channels": {"direct": {"messages": {}}},
    });
    let made = post("/v1/admin/integrations", bearer(PAT), integration).await;
    let integration = made["integration"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let bot = json!({"name": "b", "configuration": {"data": {}}});
    let made = post("/v1/admin/bots", bearer(PAT), bot).await;
    let bot = made["bot"]["id"].as_str().expect("an id");
    let url = format!("{}/v1/admin/bots/{bot}", program.url());
    let installed = client()
        .put(&url)
        .bearer_auth(PAT)
        .header("x-workspace-id", WORKSPACE)
        .json(&json!({
            "integrations": {integration.as_str(): {"enabled": true}}, "secrets": {"TOKEN": "s"},
        }));
    assert_eq!(send(installed).await.status, 200);
    let webchat = client()
        .get(format!("{url}/webchat?type=sharableUrl"))
        .bearer_auth(PAT)
        .header("x-workspace-id", WORKSPACE);
    assert_eq!(send(webchat).await.status, 200);
}

#[tokio::test]
async fn a_sealed_value_that_is_overwritten_is_named() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT),
        ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", ALOOCHAT),
        ("PARLANCE_BOOTSTRAP__ADA_KEY", ADA),
        ("PARLANCE_BOOTSTRAP__COHERE_KEY", COHERE),
    ]);
    fill(&program).await;
    assert!(program.terminate().success());
    let sound = program.stdout(&["check"]);
    assert_eq!(sound, "sound\nevery secret can be read\n");
    let file = Connection::open(program.path("parlance.db")).expect("the database");
    let mut overwritten = 0;
    for column in [
        SealedColumn::BotConfiguration,
        SealedColumn::BotSecret,
        SealedColumn::BotSigningSecret,
        SealedColumn::BotIntegrationConfiguration,
        SealedColumn::ConnectorCredentials,
        SealedColumn::ConnectorVerifier,
        SealedColumn::EndUserSensitive,
        SealedColumn::IntegrationSecret,
        SealedColumn::ServiceIntegrationSecrets,
    ] {
        let (table, name) = column.name();
        let sql = format!("UPDATE {table} SET {name} = zeroblob(60) WHERE {name} IS NOT NULL");
        let changed = file.execute(&sql, []).expect("an update");
        assert!(changed > 0, "{table}.{name} has no value");
        overwritten += changed;
        let output = program.run(&["check"]);
        assert_eq!(output.status.code(), Some(1), "{table}.{name}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let expected = format!("{overwritten} secrets cannot be read:");
        assert!(
            text.starts_with("sound\n") && text.contains(&expected),
            "{text}"
        );
        assert!(text.contains(&format!(": {table}.{name}: ")), "{text}");
    }
    let output = program.run(&["check", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["sound"], false);
    let named = report["unreadable_secrets"].as_array().expect("a list");
    assert_eq!(named.len(), overwritten);
}

/// A check is no place to make a key: what is sealed would be lost behind it.
#[tokio::test]
async fn a_check_makes_no_key() {
    let mut program = Program::new();
    program.serve(&[("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", ALOOCHAT)]);
    fill_one(&program).await;
    assert!(program.terminate().success());
    let file = Connection::open(program.path("parlance.db")).expect("the database");
    file.execute("DELETE FROM meta WHERE key = 'key_check'", [])
        .expect("deleted");
    std::fs::remove_file(program.path("parlance.db.key")).expect("removed");
    let output = program.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("1 secrets cannot be read"), "{text}");
    assert!(!program.path("parlance.db.key").exists());
}

async fn fill_one(program: &Program) {
    let url = format!("{}/api/public/integrations", program.url());
    let secret = json!({"name": "n", "type": "shopify", "config": {"access_token": "s"}});
    let request = client()
        .post(url)
        .header("x-api-key", ALOOCHAT)
        .json(&secret);
    assert_eq!(send(request).await.status, 200);
}
