//! Requests to the shared webhook whose extract script fails: nobody is named, so the fallback script
//! answers, as those who verify a webhook need.

use reqwest::Method;
use serde_json::json;

use super::{
    Pair, integration_logs,
    webhooks::{GLOBAL, post, shared},
};
use crate::{
    botpress::given::{Caller, definition_of_integration, install, put_integration},
    support::{Answer, TestServer, WORKSPACE, send},
};

/// Finds the page in the body, and fails without one.
const EXTRACT: &str = "body = parse_json!(.body)\n\
    if body.object == \"page\" { body.entry[0].id } else { null }";

/// Answers a verification with its challenge.
const FALLBACK: &str = "query = parse_query_string!(.query)\n\
    if query.\"hub.mode\" == \"subscribe\" && query.\"hub.verify_token\" == .secrets.KEY {\n\
    { \"status\": 200, \"headers\": { \"content-type\": \"text/plain\" }, \"body\": query.\"hub.challenge\" }\n\
    } else { { \"status\": 403, \"body\": join!([\"wrong token\", .path], \" \") } }";

const VERIFY: &str = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=s3cret";

async fn ask(server: &TestServer, method: Method, query: &str) -> Answer {
    send(server.request(method, &format!("{GLOBAL}?{query}"))).await
}

#[tokio::test]
async fn a_verification_without_a_body_is_answered_by_the_fallback_script() {
    let pair = shared(Some(FALLBACK), EXTRACT).await;
    let server = &pair.given.server;
    let verified = ask(server, Method::GET, VERIFY).await.expect(200);
    assert_eq!(verified.text, "1158201444");
    assert_eq!(verified.header("content-type"), Some("text/plain"));
    ask(server, Method::HEAD, VERIFY).await.expect(200);
    let wrong = ask(server, Method::GET, "hub.mode=subscribe&hub.verify_token=x").await;
    assert_eq!(wrong.expect(403).text, "wrong token /");
    let form = post(server, &format!("{GLOBAL}?{VERIFY}"), "payload=%7B%7D").await;
    assert_eq!(form.expect(200).text, "1158201444");
    let lines = integration_logs(server);
    let methods: Vec<_> = ["GET", "HEAD", "GET", "POST"].into();
    assert_eq!(lines.len(), methods.len(), "{lines:?}");
    for (line, method) in lines.iter().zip(methods) {
        let begin = format!(
            "warn The extract script found no identifier in a {method} request: the script failed: "
        );
        let line = line.as_str().expect("a line");
        assert!(line.starts_with(&begin), "{line}");
    }
    assert!(pair.integration.asked().is_empty());
    // A request for a known webhook goes to its installation all the same.
    let event = r#"{"object":"page","entry":[{"id":"team-1"}]}"#;
    pair.integration.answer_with(200, "taken");
    assert_eq!(post(server, GLOBAL, event).await.expect(200).text, "taken");
}

#[tokio::test]
async fn another_version_is_asked_when_the_script_of_one_fails() {
    let pair = shared(None, "body = parse_json!(.body)\nto_string!(body.team)").await;
    let server = &pair.given.server;
    let mut newer = definition_of_integration("whint", "9.0.0");
    let identifier = json!({"extractScript": "string!(parse_json!(.body).missing)"});
    newer.definition.identifier = serde_json::from_value(identifier).expect("an identifier");
    let newer = put_integration(server, WORKSPACE, newer).await;
    install(server, &pair.given.bot, &newer, json!({})).await;
    pair.integration.answer_with(200, "taken");
    let answer = post(server, GLOBAL, r#"{"team":"team-1"}"#).await;
    assert_eq!(answer.expect(200).text, "taken");
    assert_eq!(
        integration_logs(server).len(),
        1,
        "{:?}",
        integration_logs(server)
    );
}

/// The vendor's webhooks of test users have a path below the shared one.
#[tokio::test]
async fn a_path_below_the_shared_webhook_is_handed_on() {
    let pair = shared(Some(FALLBACK), EXTRACT).await;
    let server = &pair.given.server;
    let path = format!("{GLOBAL}/sandbox/%C3%A9?hub.mode=other");
    let answer = send(server.request(Method::GET, &path)).await;
    assert_eq!(answer.expect(403).text, "wrong token /sandbox/%C3%A9");
    let event = r#"{"object":"page","entry":[{"id":"team-1"}]}"#;
    post(server, &format!("{GLOBAL}/sandbox"), event)
        .await
        .expect(200);
    let asked = pair.integration.asked();
    assert_eq!(asked[0].json()["req"]["path"], "/sandbox");
}

#[tokio::test]
async fn a_fallback_script_that_fails_is_told_to_its_developer() {
    let pair: Pair = shared(Some("parse_json!(.body)"), "null").await;
    let server = &pair.given.server;
    let refused = post(server, GLOBAL, "no json").await.expect(400);
    assert_eq!(refused.json()["type"], "Runtime");
    let lines = integration_logs(server);
    let line = lines.last().and_then(|line| line.as_str()).expect("a line");
    assert!(
        line.starts_with("error A script for the shared webhook failed: "),
        "{line}"
    );
    // Its developer reads that in the log.
    let path = format!(
        "/v1/admin/integrations/{}/logs?timeStart=2020-01-01T00:00:00Z&timeEnd=2099-01-01T00:00:00Z",
        pair.given.integration.id
    );
    let logs = Caller::member().get(server, &path).await.expect(200).json();
    assert_eq!(logs["logs"].as_array().map(Vec::len), Some(1));
}
