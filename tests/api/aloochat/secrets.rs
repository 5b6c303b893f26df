//! Secrets of a configuration: sealed at rest, left out of reads, kept over updates.

use parlance::domain::service_integrations::ConfigUpdate;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Program, TestServer, file_contains};

const PLANTED: [&str; 5] = [
    "planted-token-4bf1",
    "planted-auth-77c2",
    "planted-header-91aa",
    "planted-password-03de",
    "planted-credential-5e5e",
];

fn planted() -> Value {
    json!({
        "name": "planted",
        "type": "custom_api",
        "config": {
            "base_url": "https://api.example.com",
            "access_token": PLANTED[0],
            "auth_token": PLANTED[1],
            "headers": {"Authorization": PLANTED[2], "Accept": "text/plain"},
            "accounts": [{"user": "u", "Password": PLANTED[3]}],
            "credentials": {"deep": {"value": PLANTED[4]}}
        }
    })
}

async fn create(server: &TestServer, body: Value) -> (String, Value) {
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    let created = created.await.expect(200).json();
    let id = created["id"].as_str().expect("an id");
    (format!("/integrations/{id}"), created["config"].clone())
}

#[tokio::test]
async fn reads_leave_secrets_out() {
    let server = TestServer::start().await;
    let (path, created) = create(&server, planted()).await;
    let shown = json!({
        "base_url": "https://api.example.com",
        "headers": {"Accept": "text/plain"},
        "accounts": [{"user": "u"}]
    });
    assert_eq!(created, shown);
    let read = server.aloochat(Method::GET, &path, None).await.json();
    assert_eq!(read["config"], shown);
    let listed = server
        .aloochat(Method::GET, "/integrations", None)
        .await
        .json();
    assert_eq!(listed[0]["config"], shown);
    let body = json!({"name": "renamed"});
    let updated = server.aloochat(Method::PUT, &path, Some(body)).await.json();
    assert_eq!(updated["config"], shown);
}

#[tokio::test]
async fn reads_show_secrets_if_told_so() {
    let server = TestServer::with(|config| config.aloochat.reveal_secrets = true).await;
    let (path, created) = create(&server, planted()).await;
    assert_eq!(created, planted()["config"]);
    let read = server.aloochat(Method::GET, &path, None).await.json();
    assert_eq!(read["config"], planted()["config"]);
    let listed = server
        .aloochat(Method::GET, "/integrations", None)
        .await
        .json();
    assert_eq!(listed[0]["config"], planted()["config"]);
}

#[tokio::test]
async fn an_update_keeps_the_secrets_it_does_not_name() {
    let mut server = TestServer::start().await;
    let (path, shown) = create(&server, planted()).await;
    // What a client does that reads, edits and writes back.
    let body = json!({"config": shown});
    server
        .aloochat(Method::PUT, &path, Some(body))
        .await
        .expect(200);
    server.config.aloochat.reveal_secrets = true;
    server.restart().await;
    let read = server.aloochat(Method::GET, &path, None).await.json();
    assert_eq!(read["config"], planted()["config"]);
    let body = json!({"config": {"access_token": "new", "auth_token": null}});
    let updated = server.aloochat(Method::PUT, &path, Some(body)).await.json();
    assert_eq!(
        updated["config"],
        json!({"access_token": "new", "credentials": {"deep": {"value": PLANTED[4]}}}),
        "those of removed objects go with them, null removes one, the others stay"
    );
}

/// Creates an integration and updates it while reads leave secrets out, then reads it with them.
async fn updated(config: Value, update: Value, merge: bool) -> Value {
    let mut server = TestServer::with(|config| {
        if merge {
            config.aloochat.config_update = ConfigUpdate::Merge;
        }
    })
    .await;
    let new = json!({"name": "x", "type": "custom_api", "config": config});
    let (path, _) = create(&server, new).await;
    server
        .aloochat(Method::PUT, &path, Some(update))
        .await
        .expect(200);
    server.config.aloochat.reveal_secrets = true;
    server.restart().await;
    let read = server.aloochat(Method::GET, &path, None).await.json();
    read["config"].clone()
}

#[tokio::test]
async fn a_secret_does_not_move_to_another_element_of_a_list() {
    let config = json!({"accounts": [{"name": "a", "token": "A"}, {"name": "b", "token": "B"}]});
    let update = json!({"config": {"accounts": [{"name": "b"}]}});
    assert_eq!(
        updated(config.clone(), update, false).await,
        json!({"accounts": [{"name": "b", "token": "B"}]})
    );
    let update = json!({"config": {"accounts": [{"name": "c"}, {"name": "b"}]}});
    assert_eq!(
        updated(config.clone(), update.clone(), true).await,
        json!({"accounts": [{"name": "c"}, {"name": "b", "token": "B"}]})
    );
    let mut with_twins = config.clone();
    with_twins["twins"] = json!([{"token": "1"}, {"token": "2"}]);
    assert_eq!(
        updated(with_twins.clone(), json!({"config": {"more": 1}}), true).await["twins"],
        with_twins["twins"],
        "a merge leaves lists alone that it does not name"
    );
}

#[tokio::test]
async fn another_type_drops_the_secrets_that_it_does_not_know() {
    let config = json!({"auth_token": "A", "headers": {"Authorization": "H"}, "note": "n"});
    let update = json!({"type": "shopify"});
    assert_eq!(
        updated(config.clone(), update, false).await,
        json!({"headers": {}, "note": "n"})
    );
    let update = json!({"type": "shopify", "config": {"access_token": "S", "auth_token": "N"}});
    assert_eq!(
        updated(config, update, false).await,
        json!({"access_token": "S", "auth_token": "N"}),
        "those that the request names are kept"
    );
}

#[tokio::test]
async fn planted_secrets_are_found_nowhere_but_sealed() {
    let mut program = Program::new();
    let key = "aloo_planted_key_77";
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", key),
        ("PARLANCE_LOG__LEVEL", "trace"),
    ]);
    let client = crate::support::client();
    let base = format!("{}/api/public/integrations", program.url());
    let send = |method: Method, url: String, body: Option<Value>| {
        let mut request = client.request(method, url).header("x-api-key", key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        async { crate::support::send(request).await.text }
    };
    let created = send(Method::POST, base.clone(), Some(planted())).await;
    let id: Value = serde_json::from_str(&created).expect("JSON");
    let one = format!("{base}/{}", id["id"].as_str().expect("an id"));
    let mut seen = vec![
        created,
        send(Method::GET, one.clone(), None).await,
        send(Method::PUT, one.clone(), Some(planted())).await,
        send(Method::GET, base.clone(), None).await,
        // A body that is refused is not shown either.
        send(
            Method::PUT,
            one,
            Some(json!({"config": {"headers": PLANTED[0]}})),
        )
        .await,
        send(Method::GET, format!("{}/metrics", program.url()), None).await,
        program.stdout(&["config", "show"]),
    ];
    let while_serving = search(&program);
    assert!(program.terminate().success());
    seen.push(program.stderr());
    for secret in PLANTED.into_iter().chain([key]) {
        for text in &seen {
            assert!(!text.contains(secret), "{secret} shows in {text}");
        }
    }
    assert!(program.stderr().contains("POST"), "the log was on");
    assert_eq!(while_serving, [""; 0]);
    assert_eq!(search(&program), [""; 0]);
}

/// The files of the program's directory that hold a planted secret.
fn search(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(program.directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        for secret in PLANTED.into_iter().chain(["aloo_planted_key_77"]) {
            if file_contains(&path, secret) {
                found.push(format!("{secret} in {}", path.display()));
            }
        }
    }
    found
}
