//! What a registration does: it calls the connector, and stores nothing if that fails.

use parlance::config::Profile;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    connector::{Connector, Reply},
    count, created, path_of, plain,
};
use crate::support::{Answer, TestServer};

async fn register(server: &TestServer, body: Value) -> Answer {
    server.cohere(Method::POST, "/connectors", Some(body)).await
}

/// Registers a connector, which fails, and returns the message with ports redacted.
async fn refused(server: &TestServer, body: Value) -> String {
    let url = body["url"].as_str().expect("an address").to_owned();
    let answer = register(server, body).await.expect(400);
    assert_eq!(count(server).await, 0, "nothing is stored");
    let message = answer.json()["message"]
        .as_str()
        .expect("a text")
        .to_owned();
    message.replace(&url, "[url]")
}

#[tokio::test]
async fn create_connector_asks_it_with_each_kind_of_token() {
    let server = TestServer::start().await;
    for (kind, header) in [
        (Some("bearer"), "Bearer t-1 x"),
        (Some("basic"), "Basic t-1 x"),
        (Some("noscheme"), "t-1 x"),
        (None, "t-1 x"),
    ] {
        let connector = Connector::start().await;
        connector.want(header);
        let mut service_auth = json!({"token": "t-1 x"});
        if let Some(kind) = kind {
            service_auth["type"] = json!(kind);
        }
        let body = json!({"name": "x", "url": connector.url(), "service_auth": service_auth});
        let shown = created(&server, body).await;
        assert_eq!(shown["auth_type"], "service_auth");
        assert_eq!(
            shown["service_auth"],
            json!({"type": kind.unwrap_or("noscheme")})
        );
        let asked = connector.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].body, json!({"query": "test"}));
        assert_eq!(asked[0].content_type.as_deref(), Some("application/json"));
    }
    let open = Connector::start().await;
    created(&server, plain("open", &open.url())).await;
    assert_eq!(open.asked()[0].authorization, None);
}

#[tokio::test]
async fn create_connector_stores_nothing_that_does_not_answer() {
    let server = TestServer::with(|config| {
        config.connectors.timeout_seconds = 1;
        config.connectors.max_response_bytes = 1000;
    })
    .await;
    let connector = Connector::start().await;
    let mut shown = String::new();
    let mut note = |name: &str, message: String| shown.push_str(&format!("{name}: {message}\n"));
    let url = connector.url();
    note(
        "dead port",
        refused(&server, plain("x", "http://127.0.0.1:9/search")).await,
    );
    connector.want("Bearer right");
    note("no token", refused(&server, plain("x", &url)).await);
    let wrong =
        json!({"name": "x", "url": url, "service_auth": {"type": "bearer", "token": "wrong"}});
    note("wrong token", refused(&server, wrong).await);
    let connector = Connector::start().await;
    let url = connector.url();
    let answers = [
        ("slow", Reply::Never),
        (
            "oversized",
            Reply::With(
                200,
                None,
                format!("{{\"results\": [{{\"text\": \"{}\"}}]}}", "x".repeat(2000)),
            ),
        ),
        (
            "malformed",
            Reply::With(200, None, "<html>Hello</html>".to_owned()),
        ),
        (
            "no results",
            Reply::With(200, None, "{\"documents\": []}".to_owned()),
        ),
        (
            "no documents",
            Reply::With(200, None, "{\"results\": [\"text\"]}".to_owned()),
        ),
        (
            "redirecting",
            Reply::With(
                302,
                Some(("location", "http://127.0.0.1:9/".to_owned())),
                String::new(),
            ),
        ),
        (
            "failing",
            Reply::With(
                502,
                None,
                "{\"detail\": \"Upstream search error\"}".to_owned(),
            ),
        ),
        ("missing", Reply::With(404, None, String::new())),
    ];
    for (name, reply) in answers {
        connector.reply(reply);
        note(name, refused(&server, plain("x", &url)).await);
    }
    insta::assert_snapshot!("registration_refused", shown);
}

#[tokio::test]
async fn create_connector_calls_no_private_address_in_production() {
    let server = TestServer::with(|config| config.server.profile = Profile::Production).await;
    let connector = Connector::start().await;
    let message = refused(&server, plain("x", &connector.url())).await;
    insta::assert_snapshot!("registration_private", message);
    let message = refused(&server, plain("x", "http://169.254.169.254/search")).await;
    insta::assert_snapshot!("registration_metadata", message);
    assert_eq!(connector.asked().len(), 0);
}

#[tokio::test]
async fn create_connector_with_oauth_is_not_tested() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "ci", "url": "https://ci-test.invalid/search",
        "oauth": {
            "client_id": "id", "client_secret": "secret",
            "authorize_url": "https://someurl.invalid/authorize",
            "token_url": "https://someurl.invalid/token",
        },
    });
    let answer = register(&server, body).await;
    insta::assert_snapshot!("registration_oauth", answer.shown());
    let changes = json!({"url": "https://other.invalid/search", "active": false});
    let path = path_of(&answer.json()["connector"]);
    server
        .cohere(Method::PATCH, &path, Some(changes))
        .await
        .expect(200);
}

#[tokio::test]
async fn create_connector_skips_the_test_or_calls_another_host_if_told_so() {
    let server = TestServer::with(|config| config.connectors.test_on_registration = false).await;
    created(&server, plain("x", "http://127.0.0.1:9/search")).await;
    let connector = Connector::start().await;
    let mapping = format!("docs.example.com={}", connector.origin());
    let mapping = mapping.parse().expect("a mapping");
    let server = TestServer::with(|config| config.connectors.hosts = vec![mapping]).await;
    let shown = created(&server, plain("x", "https://docs.example.com/search")).await;
    assert_eq!(shown["url"], "https://docs.example.com/search");
    assert_eq!(connector.asked().len(), 1);
}
