//! Wrong keys, and the metrics that count them: who may read those.

use parlance::{
    config::{Config, Profile},
    kernel::clock::Stopwatch,
};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::time::Duration;

use super::held::revoke;
use crate::support::{ALOOCHAT_KEY, Answer, OPERATOR_KEY, Program, TestServer, send};

const PATH: &str = "/api/public/integrations";

async fn metrics(server: &TestServer, key: Option<&str>) -> Answer {
    let mut request = server.request(Method::GET, "/metrics");
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    send(request).await
}

fn form(server: &TestServer, path: &str, body: &'static str) -> RequestBuilder {
    server
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

fn in_production(config: &mut Config) {
    config.server.profile = Profile::Production;
}

#[tokio::test]
async fn in_production_metrics_are_the_operators() {
    let server = TestServer::with(in_production).await;
    for key in [None, Some("wrong"), Some(ALOOCHAT_KEY)] {
        let refused = metrics(&server, key).await.expect(401);
        assert!(!refused.text.contains("parlance_"), "{}", refused.text);
    }
    let read = metrics(&server, Some(OPERATOR_KEY)).await.expect(200);
    assert!(read.text.contains("parlance_http_connections"));
    revoke(&server, OPERATOR_KEY).await;
    metrics(&server, Some(OPERATOR_KEY)).await.expect(401);
}

#[tokio::test]
async fn metrics_may_have_an_address_of_their_own() {
    let server = TestServer::with(|config| {
        in_production(config);
        config.metrics.listen = Some("127.0.0.1:0".parse().expect("an address"));
    })
    .await;
    let url = server.server().metrics_url().expect("an address");
    let read = send(server.client.get(&url)).await.expect(200);
    assert!(read.text.contains("parlance_http_connections"));
    let other = url.replace("/metrics", "/console/api/clock");
    assert_eq!(send(server.client.get(other)).await.status, 404);
    metrics(&server, None).await.expect(401);
    let open = TestServer::start().await;
    metrics(&open, None).await.expect(200);
    assert!(open.server().metrics_url().is_none());
}

#[tokio::test]
async fn wrong_keys_are_slowed_down_and_good_ones_are_not() {
    let delay = Duration::from_millis(300);
    let server = TestServer::with(|config| {
        in_production(config);
        config.wrong_keys.free_per_minute = 3;
        config.wrong_keys.delay_ms = 300;
        config.wrong_keys.max_waiting_per_address = 2;
    })
    .await;
    let wrong = || server.aloochat_as("aloo_wrong_key", Method::GET, "/integrations", None);
    let watch = Stopwatch::start();
    for _ in 0..5 {
        assert_eq!(wrong().await.status, 401);
    }
    assert!(watch.elapsed() >= 2 * delay);
    // No key is no wrong key.
    let none = send(server.request(Method::GET, PATH)).await;
    assert_eq!(none.status, 401);
    let guesses = futures_util::future::join_all((0..8).map(|_| wrong()));
    let good = async {
        let watch = Stopwatch::start();
        let path = "/integrations";
        let answer = server.aloochat(Method::GET, path, None).await;
        assert_eq!(answer.status, 200);
        watch.elapsed()
    };
    let (guesses, took) = tokio::join!(guesses, good);
    assert!(took < delay, "{took:?}");
    let turned_away = guesses.iter().filter(|answer| answer.status == 429);
    assert_eq!(turned_away.count(), 6);
    let refused = guesses.iter().find(|answer| answer.status == 429);
    let refused = refused.expect("one");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(
        refused.text.contains("wrong_keys.max_waiting"),
        "{}",
        refused.text
    );
    let text = metrics(&server, Some(OPERATOR_KEY)).await.text;
    for (outcome, count) in [("answered", 3), ("delayed", 4), ("turned_away", 6)] {
        let line = format!(
            "parlance_http_wrong_keys_total{{dialect=\"aloochat\",outcome=\"{outcome}\"}} {count}"
        );
        assert!(text.contains(&line), "{line}: {text}");
    }
}

#[tokio::test]
async fn in_development_callers_on_this_machine_do_not_wait() {
    let server = TestServer::with(|config| {
        config.wrong_keys.free_per_minute = 1;
        config.wrong_keys.delay_ms = 60_000;
    })
    .await;
    for _ in 0..5 {
        let wrong = server.aloochat_as("aloo_wrong_key", Method::GET, "/integrations", None);
        assert_eq!(wrong.await.status, 401);
    }
    let text = metrics(&server, None).await.text;
    let line = "parlance_http_wrong_keys_total{dialect=\"aloochat\",outcome=\"answered\"} 5";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn wrong_keys_of_every_sort_are_counted() {
    let chat = crate::chat::given::Given::new().await;
    let server = &chat.server;
    let requests = [
        (
            "ada",
            server
                .request(Method::GET, "/api/v2/end-users/")
                .bearer_auth("wrong"),
        ),
        (
            "cohere",
            server
                .request(Method::GET, "/v1/connectors")
                .bearer_auth("wrong"),
        ),
        (
            "botpress",
            server
                .request(Method::GET, "/v1/admin/account/me")
                .bearer_auth("wrong"),
        ),
        (
            "console",
            server
                .request(Method::GET, "/console/api/clock")
                .bearer_auth("wrong"),
        ),
        (
            "botpress-webhooks",
            server
                .request(Method::GET, &format!("{}/users/me", chat.path))
                .header("x-user-key", "wrong"),
        ),
        (
            "ada",
            form(
                server,
                "/api/platform_integrations/oauth/token",
                "grant_type=refresh_token&client_id=x&client_secret=x&refresh_token=x",
            ),
        ),
    ];
    for (dialect, request) in requests {
        let answer = send(request).await;
        assert_eq!(answer.status, 401, "{dialect}: {}", answer.text);
    }
    // Without a session the form is refused for that.
    let sent = send(form(server, "/platform/sign-in", "operator_key=wrong")).await;
    assert_eq!(sent.status, 403);
    let text = metrics(server, None).await.text;
    for (dialect, count) in [
        ("ada", 2),
        ("cohere", 1),
        ("botpress", 1),
        ("console", 1),
        ("botpress-webhooks", 1),
    ] {
        let line = format!(
            "parlance_http_wrong_keys_total{{dialect=\"{dialect}\",outcome=\"answered\"}} {count}"
        );
        assert!(text.contains(&line), "{line}: {text}");
    }
}

#[tokio::test]
async fn wrong_keys_leave_a_few_lines_in_the_log() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_WRONG_KEYS__DELAY_MS", "1"),
        ("PARLANCE_LOG__FORMAT", "json"),
    ]);
    let client = crate::support::client();
    for number in 0..120 {
        let request = client.get(format!("{}{PATH}", program.url()));
        let request = request.header("x-api-key", format!("aloo_planted_{number}"));
        assert_eq!(send(request).await.status, 401);
    }
    let log = program.stderr();
    assert!(!log.contains("aloo_planted"), "{log}");
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| {
            let text = line["fields"]["message"].as_str().unwrap_or_default();
            text.starts_with("wrong key") || text.starts_with("a wrong key")
        })
        .collect();
    assert_eq!(lines.len(), 3, "the first, the tenth and the hundredth");
    assert_eq!(lines[2]["fields"]["count"], 100);
    assert_eq!(lines[2]["fields"]["address"], "127.0.0.1");
    assert_eq!(lines[2]["fields"]["dialect"], "aloochat");
}

#[test]
fn first_keys_of_production_are_in_a_file_of_their_owners() {
    use std::os::unix::fs::PermissionsExt;
    let mut program = Program::new();
    let production = [("PARLANCE_SERVER__PROFILE", "production")];
    program.serve(&production);
    let file = program.path("parlance.db.first-keys");
    let text = std::fs::read_to_string(&file).expect("the keys");
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(text.lines().count(), 6, "{text}");
    let log = program.stderr();
    assert!(log.contains("parlance.db.first-keys"), "{log}");
    for line in text.lines() {
        let (kind, key) = line.split_once(' ').expect("a kind and a key");
        assert!(!log.contains(key), "{kind} in {log}");
    }
    assert!(log.contains("YOUR_KEY"), "{log}");
    assert!(program.terminate().success());
    std::fs::remove_file(&file).expect("it is removed");
    program.serve(&production);
    assert!(!file.exists(), "a later start makes no keys");
    assert!(!program.stderr().contains("first-keys"));
    // On one's own machine they are shown.
    let mut program = Program::new();
    program.serve(&[]);
    assert!(!program.path("parlance.db.first-keys").exists());
    assert!(program.stderr().contains("aloo_"));
}
