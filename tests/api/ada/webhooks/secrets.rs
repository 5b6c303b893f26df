//! Secrets of endpoints are found nowhere but in the one answer that is meant to have them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Program, client, file_contains};

const PLANTED: &str = "whsec_cGxhbnRlZC1zZWNyZXQtb2YtMjQtYnl0ZXM=";
const ADA: &str = "ada_planted_key_88";
const OPERATOR: &str = "plop_planted_key_99";

#[tokio::test]
async fn planted_secrets_are_found_nowhere_but_sealed() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__ADA_KEY", ADA),
        ("PARLANCE_BOOTSTRAP__OPERATOR_KEY", OPERATOR),
        ("PARLANCE_LOG__LEVEL", "trace"),
    ]);
    let client = client();
    let send = |key: &'static str, method: Method, path: String, body: Option<Value>| {
        let url = format!("{}{path}", program.url());
        let mut request = client.request(method, url).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        async {
            request
                .send()
                .await
                .expect("an answer")
                .text()
                .await
                .expect("a text")
        }
    };
    let hooks = "/api/v2/webhooks/";
    let url = format!("{}/inbox/example", program.url());
    let created = send(
        ADA,
        Method::POST,
        hooks.to_owned(),
        Some(json!({"url": url})),
    )
    .await;
    let parsed: Value = serde_json::from_str(&created).expect("JSON");
    let id = parsed["id"].as_str().expect("an id");
    let secret = format!("{hooks}{id}/secret/");
    let rotate = Some(json!({"key": PLANTED}));
    let example = Some(json!({"event_type": "v1.end_user.created"}));
    let operator = format!("/console/api/webhooks/{id}");
    let mut seen = vec![
        created,
        send(
            ADA,
            Method::POST,
            format!("{secret}rotate/"),
            rotate.clone(),
        )
        .await,
        // Once more, so that the planted one is the old one too.
        send(
            ADA,
            Method::POST,
            format!("{secret}rotate/"),
            Some(json!({})),
        )
        .await,
        send(
            OPERATOR,
            Method::POST,
            format!("{operator}/example"),
            example.clone(),
        )
        .await,
        send(ADA, Method::POST, format!("{secret}rotate/"), rotate).await,
        send(
            OPERATOR,
            Method::POST,
            format!("{operator}/example"),
            example,
        )
        .await,
        send(ADA, Method::GET, hooks.to_owned(), None).await,
        send(
            OPERATOR,
            Method::GET,
            "/console/api/webhooks".to_owned(),
            None,
        )
        .await,
        send(OPERATOR, Method::GET, format!("{operator}/attempts"), None).await,
        send(ADA, Method::GET, "/inbox/example.json".to_owned(), None).await,
    ];
    let shown = send(ADA, Method::GET, secret, None).await;
    assert!(shown.contains(PLANTED));
    let while_serving = search(&program);
    assert!(program.terminate().success());
    let stopped = search(&program);
    seen.push(program.stderr());
    assert!(
        program.stderr().contains("/secret/rotate/"),
        "the log was on"
    );
    for text in &seen {
        assert!(!text.contains(&PLANTED[6..]), "the secret shows in {text}");
    }
    assert_eq!((while_serving, stopped), (vec![], vec![]));
}

/// The files of the program's directory that hold the secret, in either form.
fn search(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(program.directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        for needle in [&PLANTED[6..], "planted-secret-of-24-bytes"] {
            if file_contains(&path, needle) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
