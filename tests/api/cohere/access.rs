//! For every operation: no key, a bad key, another tenant's key, the limits.

use std::time::Duration;

use parlance::domain::tenancy::{api_keys::KeyKind, audit};
use reqwest::Method;
use serde_json::{Value, json};

use super::{created, path_of, plain};
use crate::support::{COHERE_KEY, TestServer, WORKSPACE, assert_answer, send};

const DEAD: &str = "http://127.0.0.1:9/search";

/// Every operation, on a connector that is there.
async fn operations(server: &TestServer) -> Vec<(&'static str, Method, String, Option<Value>)> {
    let body = plain("x", DEAD);
    let path = path_of(&created(server, body.clone()).await);
    server.clock.advance(Duration::from_secs(10));
    let oauth = json!({"name": "o", "url": DEAD, "oauth": {
        "client_id": "i", "client_secret": "s",
        "authorize_url": "https://a.test/authorize", "token_url": "https://a.test/token"}});
    let authorize = format!("{}/oauth/authorize", path_of(&created(server, oauth).await));
    let all = "/connectors".to_owned();
    vec![
        ("listConnectors", Method::GET, all.clone(), None),
        ("createConnector", Method::POST, all, Some(body)),
        ("getConnector", Method::GET, path.clone(), None),
        (
            "updateConnector",
            Method::PATCH,
            path.clone(),
            Some(json!({"name": "y"})),
        ),
        (
            "oauthAuthorizeConnector",
            Method::POST,
            authorize.clone(),
            None,
        ),
        ("oauthAuthorizeConnectorByGet", Method::GET, authorize, None),
        (
            "getConnectorLogs",
            Method::GET,
            "/connectors/logs".to_owned(),
            None,
        ),
        (
            "checkApiKey",
            Method::POST,
            "/check-api-key".to_owned(),
            None,
        ),
        (
            "chat",
            Method::POST,
            "/chat".to_owned(),
            Some(json!({"message": "hello"})),
        ),
        ("deleteConnector", Method::DELETE, path, None),
    ]
}

async fn untested() -> TestServer {
    TestServer::with(|config| config.connectors.test_on_registration = false).await
}

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let server = untested().await;
    for (name, method, path, body) in operations(&server).await {
        let call = |header: Option<&'static str>| {
            let mut request = server.request(method.clone(), &format!("/v1{path}"));
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            send(request)
        };
        assert_answer!("no_key", call(None).await);
        for header in [
            "Bearer co_unknown",
            "Bearer aloo_test_key",
            "co_test_key",
            "Basic co_test_key",
            "Bearer ",
        ] {
            let refused = call(Some(header)).await;
            assert_answer!("bad_key", refused);
        }
        for header in [
            "bearer co_test_key",
            "BEARER co_test_key",
            "Bearer co_test_key",
        ] {
            if name != "deleteConnector" {
                assert_eq!(call(Some(header)).await.status, 200, "{name} with {header}");
            }
        }
    }
}

#[tokio::test]
async fn another_organizations_connector_answers_like_a_missing_one() {
    let server = untested().await;
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let mine = created(&server, plain("mine", DEAD)).await;
    let path = path_of(&mine);
    for (method, body) in [
        (Method::GET, None),
        (Method::PATCH, Some(json!({"name": "stolen"}))),
        (
            Method::PATCH,
            Some(json!({"url": "http://127.0.0.1:8/search"})),
        ),
        (Method::DELETE, None),
    ] {
        assert_answer!(
            "another_organizations",
            server.cohere_as(&other, method, &path, body).await
        );
    }
    let listed = server
        .cohere_as(&other, Method::GET, "/connectors", None)
        .await;
    assert_eq!(listed.json(), json!({"connectors": [], "total_count": 0}));
    let kept = server.cohere(Method::GET, &path, None).await.expect(200);
    assert_eq!(kept.json()["connector"], mine);
}

#[tokio::test]
async fn every_operation_is_limited_per_second() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.cohere.per_second = 1;
        config.connectors.test_on_registration = false;
    })
    .await;
    for (name, method, path, body) in operations(&server).await {
        server.clock.advance(Duration::from_secs(10));
        let admitted = server.cohere(Method::POST, "/check-api-key", None).await;
        assert_eq!(admitted.status, 200, "{name}");
        let refused = server.cohere(method, &path, body).await;
        assert_eq!(refused.header("retry-after"), Some("1"), "{name}");
        assert_answer!("limited", refused);
    }
}

#[tokio::test]
async fn the_project_that_a_call_is_made_for_is_kept_with_what_it_changes() {
    let server = untested().await;
    let create = |name: Option<&'static str>| {
        let request = server.request(Method::POST, "/v1/connectors");
        let mut request = request.bearer_auth(COHERE_KEY).json(&plain("x", DEAD));
        if let Some(name) = name {
            request = request.header("X-Client-Name", name);
        }
        send(request)
    };
    create(Some("my-project")).await.expect(200);
    create(None).await.expect(200);
    let store = server.server().app().store();
    let records = store.read(|conn| audit::list_newest(conn, &WORKSPACE.into(), 2));
    let names: Vec<_> = records
        .expect("records")
        .into_iter()
        .map(|record| (record.action, record.client_name))
        .collect();
    let action = "connector.create".to_owned();
    assert_eq!(
        names,
        [
            (action.clone(), None),
            (action, Some("my-project".to_owned()))
        ]
    );
}
