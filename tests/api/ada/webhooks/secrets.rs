//! Secrets of endpoints are found nowhere but in the one answer that is meant to have them.

use parlance::domain::tenancy::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};

use super::{create, happen, receiver::Receiver, shown, standing, start_with};
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
        async { crate::support::send(request).await.text }
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

/// What stands in an address that may be a secret, and the whole address of a receiver with these.
const IN_ADDRESS: [&str; 4] = [
    "planted-name-41",
    "planted-password-42",
    "planted-query-43",
    "planted-fragment-44",
];

fn with_secrets(url: &str) -> String {
    let [name, password, query, fragment] = IN_ADDRESS;
    let rest = url.strip_prefix("http://").expect("an address");
    format!("http://{name}:{password}@{rest}?key={query}#{fragment}")
}

/// The files of a directory that hold one of these.
fn files_with(directory: &std::path::Path, needles: &[&str]) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let holding = paths.filter(|path| needles.iter().any(|needle| file_contains(path, needle)));
    holding.map(|path| path.display().to_string()).collect()
}

#[tokio::test]
async fn secrets_in_an_address_are_found_nowhere_but_sealed() {
    let receiver = Receiver::start().await;
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__ADA_KEY", ADA),
        ("PARLANCE_BOOTSTRAP__OPERATOR_KEY", OPERATOR),
        ("PARLANCE_LOG__LEVEL", "trace"),
    ]);
    let client = client();
    let call = |key: &'static str, method: Method, path: String, body: Option<Value>| {
        let request = client.request(method, format!("{}{path}", program.url()));
        let request = match body {
            Some(body) => request.bearer_auth(key).json(&body),
            None => request.bearer_auth(key),
        };
        async { crate::support::send(request).await.text }
    };
    let hooks = "/api/v2/webhooks/";
    let url = with_secrets(receiver.url());
    let body = json!({"url": url, "description": "first"});
    let created = call(ADA, Method::POST, hooks.to_owned(), Some(body)).await;
    let created: Value = serde_json::from_str(&created).expect("JSON");
    // Its owner has given it, and sees it.
    assert_eq!(created["url"], url.as_str());
    let id = created["id"].as_str().expect("an id");
    let one = format!("{hooks}{id}");
    let changed = json!({"description": "second"});
    for shown in [
        call(ADA, Method::PATCH, one.clone(), Some(changed)).await,
        call(ADA, Method::GET, one, None).await,
        call(ADA, Method::GET, hooks.to_owned(), None).await,
    ] {
        assert!(shown.contains(&url), "{shown}");
    }
    let operator = "/console/api/webhooks";
    let example = Some(json!({"event_type": "v1.end_user.created"}));
    call(
        OPERATOR,
        Method::POST,
        format!("{operator}/{id}/example"),
        example,
    )
    .await;
    // It is called whole.
    receiver.wait(1).await;
    let delivery = receiver.received().remove(0);
    assert_eq!(delivery.target, format!("/hook?key={}", IN_ADDRESS[2]));
    assert!(delivery.header("authorization").starts_with("Basic "));
    let attempts = format!("{operator}/{id}/attempts");
    let mut attempted = String::new();
    // It is written down once it was answered.
    for _ in 0..1000 {
        attempted = call(OPERATOR, Method::GET, attempts.clone(), None).await;
        if attempted.contains("\"succeeded\":true") {
            break;
        }
    }
    let listed = call(OPERATOR, Method::GET, operator.to_owned(), None).await;
    for shown in [&attempted, &listed] {
        assert!(
            shown.contains(&format!("{}?[hidden]", receiver.url())),
            "{shown}"
        );
    }
    program.stdout(&["backup", "copy.db"]);
    let mut found = files_with(program.directory.path(), &IN_ADDRESS);
    let seen = [
        attempted,
        listed,
        call(ADA, Method::GET, "/metrics".to_owned(), None).await,
    ];
    assert!(program.terminate().success());
    found.extend(files_with(program.directory.path(), &IN_ADDRESS));
    assert_eq!(found, [""; 0]);
    assert!(program.stderr().contains("/attempts"), "the log was on");
    for text in &seen {
        assert!(
            IN_ADDRESS.iter().all(|secret| !text.contains(secret)),
            "{text}"
        );
    }
}

#[tokio::test]
async fn addresses_of_earlier_versions_are_sealed_at_the_start() {
    let mut server = start_with(|_| {}).await;
    let receiver = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    let url = with_secrets(receiver.url());
    let (old, row) = (url.clone(), id.clone());
    let app = server.server().app();
    let planted = app.run_write_tx_as(Actor::System, move |change| {
        let plant = "UPDATE webhook_endpoints SET url = ?1 WHERE id = ?2";
        Ok(change.conn.execute(plant, [old, row])?)
    });
    assert_eq!(planted.await.expect("a change"), 1);
    server.restart().await;
    assert_eq!(shown(&server, &id).await["url"], url.as_str());
    let hidden = format!("{}?[hidden]", receiver.url());
    assert_eq!(standing(&server, &id).await["url"], hidden.as_str());
    happen(&server).await;
    receiver.wait(1).await;
    let delivery = receiver.received().remove(0);
    assert_eq!(delivery.target, format!("/hook?key={}", IN_ADDRESS[2]));
    let path = server.config.store.path.clone();
    server.stop().await;
    for secret in IN_ADDRESS {
        assert!(!file_contains(&path, secret), "{secret}");
    }
}
