//! Paths, queries and headers that are no text: the dialect answers, with a request id, in its own
//! words.

use super::{operations::documented_paths, raw::Raw, raw::RawAnswer};
use crate::{
    botpress::runtime::{Pair, webhooks::webhook},
    support::TestServer,
};

/// What may stand in a path that no name of ours has.
const STRANGE: [&str; 6] = ["%ff", "a%c3%28b", "%00", "%zz", "%", "%2f%2e%2e%2f"];

async fn ask(server: &TestServer, method: &str, target: &str, more: &[u8]) -> RawAnswer {
    let mut raw = Raw::open(server).await;
    let head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    raw.send([head.as_bytes(), more, b"Content-Length: 0\r\n\r\n"].concat())
        .await;
    raw.answer().await
}

/// Asserts that an answer is one of the dialect's.
fn assert_dialects(answer: &RawAnswer, place: &str) {
    assert!((400..500).contains(&answer.status), "{place}: {answer:?}");
    assert!(
        answer.header("x-request-id").is_some(),
        "{place}: {answer:?}"
    );
    let content_type = answer.header("content-type").unwrap_or_default();
    let is_json = content_type.starts_with("application/json")
        || content_type.starts_with("application/problem+json");
    assert!(is_json, "{place}: {answer:?}");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_answered_by_its_dialect() {
    let server = TestServer::start().await;
    let long = "x".repeat(20_000);
    for path in documented_paths(&server, "nobody").await {
        if !path.has_parameters() {
            continue;
        }
        for method in path.methods() {
            for strange in STRANGE.iter().chain([&long.as_str()]) {
                let target = path.filled(strange);
                let answer = ask(&server, &method, &target, b"").await;
                assert_dialects(
                    &answer,
                    &format!("{method} {}", &target[..target.len().min(99)]),
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_text_below_any_place_is_answered_by_it() {
    let server = TestServer::start().await;
    for base in [
        "/api",
        "/api/end-users/v1",
        "/api/public",
        "/v1",
        "/v1/chat",
        "/v1/admin",
        "/v1/storage",
        "/connectors",
        "/v2",
        "/console/api",
        "/webhook",
        "/inbox",
        "",
        "/openapi",
        "/folders",
    ] {
        for strange in STRANGE {
            let target = format!("{base}/{strange}");
            assert_dialects(&ask(&server, "GET", &target, b"").await, &target);
        }
    }
    for base in ["/platform", "/platform/integrations", "/chat"] {
        for strange in STRANGE {
            let target = format!("{base}/{strange}");
            let answer = ask(&server, "GET", &target, b"").await;
            assert!((400..500).contains(&answer.status), "{target}: {answer:?}");
            assert!(
                answer.header("x-request-id").is_some(),
                "{target}: {answer:?}"
            );
            let content_type = answer.header("content-type").unwrap_or_default();
            assert!(
                content_type.starts_with("text/html"),
                "{target}: {answer:?}"
            );
        }
    }
    // Targets that are no paths.
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "localhost:80")] {
        assert_dialects(&ask(&server, method, target, b"").await, target);
    }
}

#[tokio::test]
async fn queries_and_headers_that_are_no_text_are_answered_by_the_dialect() {
    // Most of these are wrong keys, which are not to wait here.
    let server = TestServer::with(|config| config.wrong_keys.delay_ms = 0).await;
    for path in documented_paths(&server, "nobody").await {
        let target = path.filled("x");
        for method in path.methods() {
            if path.operations[&method.to_ascii_lowercase()]["security"].is_null() {
                continue;
            }
            let query = format!("{target}?a=%ff&%zz&limit=%00&{}=1", "y".repeat(20_000));
            let place = format!("{method} {target}");
            assert_dialects(&ask(&server, &method, &query, b"").await, &place);
            for headers in [
                &b"Authorization: Bearer \xff\xfe\r\nx-api-key: \xe9\r\nx-bot-id: \xff\r\n"[..],
                b"Authorization: \xff\r\nx-workspace-id: \xff\r\nx-integration-id: \xff\r\n",
                b"Authorization: Bearer x\r\nAccept: \xff\r\nContent-Type: \xff\r\nx-request-id: \xff\r\n",
            ] {
                assert_dialects(&ask(&server, &method, &target, headers).await, &place);
            }
        }
    }
}

#[tokio::test]
async fn the_path_of_a_webhook_reaches_the_integration_as_it_came() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let webhook = webhook(server);
    for below in ["/%ff/b", "/%c3%28", "/%00", "/%zz", "/a%2Fb//c/"] {
        let answer = ask(server, "POST", &format!("{webhook}{below}?q=%ff"), b"").await;
        assert_eq!(answer.status, 200, "{below} {answer:?}");
        let asked = pair.integration.asked();
        let request = &asked.last().expect("it was asked").json()["req"];
        assert_eq!(request["path"], below);
        assert_eq!(request["query"], "q=%ff");
    }
}
