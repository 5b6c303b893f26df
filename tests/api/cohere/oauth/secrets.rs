//! Secrets of connectors and of their users: sealed at rest, never shown or logged.

use reqwest::Method;
use serde_json::{Value, json};

use super::{super::connector::Connector, provider::Provider, visit};
use crate::support::{Answer, Program, file_contains, send};

const KEY: &str = "co_planted_key_77";

const PLANTED: [&str; 7] = [
    KEY,
    "planted-client-9a",
    "planted secret & 8b",
    "planted-service-token",
    "planted-code-0",
    "planted-access-1",
    "planted-refresh-1",
];

#[tokio::test]
async fn planted_secrets_are_found_nowhere_but_sealed() {
    let (connector, provider) = (Connector::start().await, Provider::start().await);
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__COHERE_KEY", KEY),
        ("PARLANCE_LOG__LEVEL", "trace"),
    ]);
    let client = crate::support::client();
    let base = format!("{}/v1/connectors", program.url());
    let call = async |method: Method, path: &str, body: Option<Value>| {
        let mut request = client
            .request(method, format!("{base}{path}"))
            .bearer_auth(KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    };
    let create =
        |auth: &str, value: Value| json!({"name": auth, "url": connector.url(), auth: value});
    let service = json!({"type": "bearer", "token": PLANTED[3]});
    let mut seen: Vec<Answer> = vec![
        call(
            Method::POST,
            "",
            Some(create("service_auth", service.clone())),
        )
        .await
        .expect(200),
        call(Method::POST, "", Some(create("oauth", provider.oauth())))
            .await
            .expect(200),
    ];
    let path = |shown: &Answer| {
        format!(
            "/{}",
            shown.json()["connector"]["id"].as_str().expect("an id")
        )
    };
    let (service_path, oauth_path) = (path(&seen[0]), path(&seen[1]));
    let begun = call(Method::POST, &format!("{oauth_path}/oauth/authorize"), None).await;
    // The one place that must name the client: the provider asks for it.
    let address = begun.expect(200).json()["redirect_url"].clone();
    let back = provider.allow(address.as_str().expect("an address"));
    let state = back.split_once("&state=").expect("a state").1.to_owned();
    seen.push(visit(&back).await.expect(200));
    connector.want("nothing");
    for (path, body) in [
        (&service_path, json!({"service_auth": service})),
        (&oauth_path, json!({"oauth": provider.oauth(), "name": 1})),
        (&oauth_path, json!({"oauth": provider.oauth()})),
    ] {
        seen.push(call(Method::PATCH, path, Some(body)).await);
    }
    for path in ["", "/logs", &service_path, &oauth_path] {
        seen.push(call(Method::GET, path, None).await.expect(200));
    }
    seen.push(send(client.get(format!("{}/metrics", program.url()))).await);
    let while_serving = search(&program, &state);
    let shown = program.stdout(&["config", "show"]);
    let sound = program.stdout(&["check"]);
    assert!(sound.contains("every secret can be read"), "{sound}");
    assert!(program.terminate().success());
    for secret in PLANTED.into_iter().chain([state.as_str()]) {
        for answer in &seen {
            assert!(
                !answer.text.contains(secret),
                "{secret} shows in {}",
                answer.text
            );
        }
        for text in [&shown, &program.stderr()] {
            assert!(!text.contains(secret), "{secret} shows in {text}");
        }
    }
    assert!(program.stderr().contains("POST"), "the log was on");
    assert_eq!(while_serving, [""; 0]);
    assert_eq!(search(&program, &state), [""; 0]);
}

/// The files of the program's directory that hold a planted secret.
fn search(program: &Program, state: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(program.directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        for secret in PLANTED.into_iter().chain([state]) {
            if file_contains(&path, secret) {
                found.push(format!("{secret} in {}", path.display()));
            }
        }
    }
    found
}
