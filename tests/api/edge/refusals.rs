//! Whoever is refused is refused before the body is read: each request here announces a body of
//! which it sends nothing.

use parlance::domain::shared::rate_limits::Rates;
use reqwest::Method;
use serde_json::json;

use super::{operations::documented_paths, raw::Raw};
use crate::support::{ALOOCHAT_KEY, COHERE_KEY, TestServer};

/// The head of a request with a body that does not come.
fn head(method: &str, path: &str, length: usize, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{more}\r\n"
    )
}

async fn status_of(server: &TestServer, head: String) -> u16 {
    let mut raw = Raw::open(server).await;
    raw.send(&head).await;
    let answer = raw.answer().await;
    assert!(answer.header("x-request-id").is_some(), "{head} {answer:?}");
    answer.status
}

/// Operations that are for anyone, so that it is in the body whether they are refused: the exchange of
/// a code, whose form is too long here.
const FOR_ANYONE: [&str; 1] = ["exchangeOAuthToken"];

#[tokio::test]
async fn without_a_key_no_operation_reads_the_body() {
    let server = TestServer::start().await;
    let mut asked = 0;
    for path in documented_paths(&server, "nobody").await {
        for (method, operation) in &path.operations {
            if !operation["requestBody"].is_object() {
                continue;
            }
            let id = operation["operationId"].as_str().expect("an id");
            let place = format!("{} {id}", path.document);
            let method = method.to_ascii_uppercase();
            let address = path.filled("nothing");
            let status = status_of(&server, head(&method, &address, 10_000_000, "")).await;
            let expected = match path.document.as_str() {
                "chat" => 404,
                _ if FOR_ANYONE.contains(&id) => 400,
                _ => 401,
            };
            assert_eq!(status, expected, "{place}");
            // Beyond the cap, which is higher for bodies with code, the length alone decides.
            let status = status_of(&server, head(&method, &address, 70_000_000, "")).await;
            assert_eq!(status, 413, "{place}");
            asked += 1;
        }
    }
    assert!(asked > 60, "{asked}");
}

#[tokio::test]
async fn what_is_for_nobody_is_refused_before_its_body_is_read() {
    let server = TestServer::start().await;
    for (method, path, status) in [
        ("POST", "/webhook/nobody", 404),
        ("POST", "/webhook/nobody/below", 404),
        ("POST", "/webhook/integration/global/nobody", 404),
        ("POST", "/webhook/oauth?state=nobody", 404),
        ("POST", "/webhook/oauth", 404),
        // A tunnel whose client is not there.
        ("POST", "/9f1c8a5e-0d3b-4f57-9a5e-3c2d1b0a9f8e/hook", 503),
        ("POST", "/inbox/no%20name", 400),
        ("POST", "/inbox/no%20name/settings", 400),
        ("DELETE", "/inbox/name", 405),
        ("POST", "/platform/connections/uninstall", 403),
        ("POST", "/platform/sign-in", 403),
        ("POST", "/platform/integrations/nothing", 404),
        ("PUT", "/chat/nobody", 405),
        ("POST", "/nothing", 404),
        ("POST", "/v1/admin/nothing", 405),
        ("POST", "/v1/nothing", 404),
        ("PATCH", "/api/public/integrations", 405),
        ("POST", "/api/nothing", 404),
        ("POST", "/connectors/nothing/else", 404),
        ("POST", "/console/api/nothing", 404),
    ] {
        let answered = status_of(&server, head(method, path, 10_000_000, "")).await;
        assert_eq!(answered, status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_limit_that_is_hit_refuses_before_the_body_is_read() {
    let server = TestServer::with(|config| {
        config.limits.aloochat = Rates {
            per_minute: 1,
            ..Rates::default()
        };
    })
    .await;
    server.clock.resume();
    server
        .aloochat(Method::GET, "/integrations", None)
        .await
        .expect(200);
    let key = format!("x-api-key: {ALOOCHAT_KEY}\r\n");
    let head = head("POST", "/api/public/integrations", 10_000_000, &key);
    assert_eq!(status_of(&server, head).await, 429);
}

#[tokio::test]
async fn a_role_that_does_not_suffice_is_refused_before_the_body_is_read() {
    use crate::botpress::{admin::people::with_role, given::Given};
    let given = Given::new().await;
    let server = &given.server;
    let viewer = with_role(server, "viewer").await;
    let bot = given.bot.id.as_str();
    let workspace = crate::support::WORKSPACE;
    let places = [
        ("POST", "/v1/admin/bots".to_owned()),
        ("PUT", format!("/v1/admin/bots/{bot}")),
        ("POST", format!("/v1/admin/bots/{bot}/transfer")),
        ("POST", "/v1/admin/integrations".to_owned()),
        ("POST", "/v1/admin/workspace-members".to_owned()),
        ("PUT", format!("/v1/admin/workspaces/{workspace}")),
        ("POST", "/v1/chat/users".to_owned()),
        ("POST", "/v1/chat/messages".to_owned()),
    ];
    for (method, path) in places {
        let more = format!(
            "Authorization: Bearer {}\r\nx-workspace-id: {workspace}\r\nx-bot-id: {bot}\r\n",
            viewer.token
        );
        let status = status_of(server, head(method, &path, 900_000, &more)).await;
        assert_eq!(status, 403, "{method} {path}");
    }
}

#[tokio::test]
async fn a_length_beyond_an_operations_own_limit_refuses_at_once() {
    let server = TestServer::start().await;
    let key = format!("Authorization: Bearer {}\r\n", crate::support::ADA_KEY);
    let path = "/api/end-users/v1/nobody";
    let status = status_of(&server, head("PATCH", path, 5_000, &key)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn a_client_that_waits_for_leave_is_refused_without_it() {
    let server = TestServer::start().await;
    let expects = "Expect: 100-continue\r\n";
    let mut raw = Raw::open(&server).await;
    raw.send(head("POST", "/v1/connectors", 5_000_000, expects))
        .await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(raw.ends_well().await);

    // One that is let in gets leave first.
    let mut raw = Raw::open(&server).await;
    let body = json!({"name": "x"}).to_string();
    let more = format!("{expects}Authorization: Bearer {COHERE_KEY}\r\n");
    raw.send(head("POST", "/v1/connectors", body.len(), &more))
        .await;
    assert_eq!(raw.answer().await.status, 100);
    raw.send(&body).await;
    assert_eq!(raw.answer().await.status, 400);
}
