//! Searching a connector, as a chat does, and the log of it.

use parlance::{
    domain::{
        retrieval::connectors::{self, Connector, Document, SearchFailure, SearchOptions},
        shared::rate_limits::ApiClass,
        tenancy::{api_keys::KeyKind, request_auth::RequestContext},
    },
    kernel::Secret,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    connector::{self, Reply},
    created, path_of, plain,
};
use crate::support::{COHERE_KEY, TestServer, assert_answer};

/// A call of the first workspace's key.
pub fn call(server: &TestServer) -> RequestContext {
    let app = server.server().app();
    let call = app.admit(COHERE_KEY, &[KeyKind::Cohere], ApiClass::Cohere);
    call.expect("a call").with_client_name(Some("my-project"))
}

/// The connector that an answer shows.
pub fn find(server: &TestServer, shown: &Value) -> Connector {
    let id = shown["id"].as_str().expect("an id");
    connectors::find(&call(server), &id.into()).expect("a connector")
}

/// Searches a connector as the first workspace's key.
pub async fn search(
    server: &TestServer,
    shown: &Value,
    options: &SearchOptions,
) -> Result<Vec<Document>, SearchFailure> {
    let found = find(server, shown);
    connectors::search(&call(server), &found, "hello", options).await
}

#[tokio::test]
async fn a_search_sends_query_options_and_the_users_own_token() {
    let server = TestServer::start().await;
    let connector = connector::Connector::start().await;
    let body = json!({"name": "x", "url": connector.url(),
        "service_auth": {"type": "bearer", "token": "service"}});
    let shown = created(&server, body).await;
    let documents = search(&server, &shown, &SearchOptions::default()).await;
    let documents = documents.expect("documents");
    assert_eq!(documents[0].get("id"), Some("7"));
    assert_eq!(documents[0].get("text"), Some("Say hello."));
    let options = json!({"site": "example.com"});
    let options = SearchOptions {
        user_access_token: Some(Secret::new("passed-through")),
        options: options.as_object().cloned(),
        request_id: None,
    };
    search(&server, &shown, &options).await.expect("documents");
    let asked = connector.asked();
    assert_eq!(asked[1].authorization.as_deref(), Some("Bearer service"));
    assert_eq!(asked[1].body, json!({"query": "hello"}));
    assert_eq!(
        asked[2].authorization.as_deref(),
        Some("Bearer passed-through")
    );
    let expected = json!({"query": "hello", "options": {"site": "example.com"}});
    assert_eq!(asked[2].body, expected);
}

#[tokio::test]
async fn get_connector_logs_lists_calls_newest_first() {
    let server = TestServer::with(|config| config.connectors.log_entries = 3).await;
    let connector = connector::Connector::start().await;
    let shown = created(&server, plain("x", &connector.url())).await;
    let empty = server.cohere(Method::GET, "/connectors/logs", None).await;
    assert_answer!("logs_empty", empty);
    let options = SearchOptions {
        request_id: Some("the-request".to_owned()),
        ..SearchOptions::default()
    };
    for status in [500, 200, 200, 502] {
        let body = json!({"results": [], "detail": "no index"}).to_string();
        connector.reply(Reply::With(status, None, body));
        let found = search(&server, &shown, &options).await;
        assert_eq!(found.is_ok(), status == 200);
    }
    let logs = async |query: &str| {
        let path = format!("/connectors/logs{query}");
        server.cohere(Method::GET, &path, None).await
    };
    let mut all = logs("").await.expect(200).json();
    for entry in all["connector_logs"].as_array_mut().expect("a list") {
        assert!(entry["duration_millis"].is_u64());
        entry["duration_millis"] = json!("[millis]");
        assert_eq!(entry["connector_id"], shown["id"]);
        entry["connector_id"] = json!("[id]");
    }
    insta::assert_json_snapshot!("logs", all, {".**.id" => "[uuid]", ".**.user_id" => "[uuid]"});
    let id = shown["id"].as_str().expect("an id");
    for (query, total) in [
        ("?statusCodeFilter.lowerLimit=400", 1),
        ("?statusCodeFilter.upperLimit=299.0", 2),
        (&format!("?connectorIds={id}&connectorIds=other-abc123"), 3),
        ("?connectorIds=other-abc123", 0),
        ("?organizationId=11111111-1111-1111-aaaa-111111111111", 3),
        ("?organizationId=22222222-1111-1111-aaaa-111111111111", 0),
        ("?startTimestamp=2026-03-01T12:00:00Z", 3),
        ("?startTimestamp=2026-03-01T12:00:01Z", 0),
        ("?endTimestamp=2026-03-01T11:59:59%2B00:00", 0),
    ] {
        assert_eq!(
            logs(query).await.expect(200).json()["total"],
            total,
            "{query}"
        );
    }
    let page = logs("?limit=1&offset=2").await.expect(200).json();
    assert_eq!(page["connector_logs"][0]["status_code"], 200);
    assert_eq!(
        (
            page["connector_logs"].as_array().map(Vec::len),
            &page["total"]
        ),
        (Some(1), &json!(3))
    );
    server
        .cohere(Method::DELETE, &path_of(&shown), None)
        .await
        .expect(200);
    assert_eq!(logs("").await.json()["total"], 0);
}

#[tokio::test]
async fn get_connector_logs_refuses_what_it_cannot_read_and_shows_no_others() {
    let server = TestServer::start().await;
    let mut shown = String::new();
    for query in [
        "startTimestamp=yesterday",
        "endTimestamp=",
        "statusCodeFilter.lowerLimit=-1",
        "statusCodeFilter.upperLimit=1e9",
        "limit=101",
    ] {
        let path = format!("/connectors/logs?{query}");
        let answer = server.cohere(Method::GET, &path, None).await.expect(400);
        shown.push_str(&format!("{query}: {}\n", answer.json()["message"]));
    }
    insta::assert_snapshot!("logs_refused", shown);
    let connector = connector::Connector::start().await;
    let mine = created(&server, plain("x", &connector.url())).await;
    search(&server, &mine, &SearchOptions::default())
        .await
        .expect("documents");
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let path = format!(
        "/connectors/logs?connectorIds={}",
        mine["id"].as_str().expect("an id")
    );
    let answer = server.cohere_as(&other, Method::GET, &path, None).await;
    assert_eq!(answer.json(), json!({"connector_logs": [], "total": 0}));
}
