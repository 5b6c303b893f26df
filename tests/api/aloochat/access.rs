//! For every operation: no key, a bad key, another tenant's key, the limits.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ALOOCHAT_KEY, TestServer, assert_answer, send};

/// Every operation, on an integration that is there.
async fn operations(server: &TestServer) -> Vec<(&'static str, Method, String, Option<Value>)> {
    let body = json!({"name": "x", "type": "slack"});
    let created = server
        .aloochat(Method::POST, "/integrations", Some(body.clone()))
        .await;
    let path = format!(
        "/integrations/{}",
        created.json()["id"].as_str().expect("an id")
    );
    let all = "/integrations".to_owned();
    vec![
        ("list_integrations", Method::GET, all.clone(), None),
        ("create_integration", Method::POST, all, Some(body)),
        (
            "get_integration_types",
            Method::GET,
            "/integrations/types".to_owned(),
            None,
        ),
        ("get_integration", Method::GET, path.clone(), None),
        (
            "update_integration",
            Method::PUT,
            path.clone(),
            Some(json!({"name": "y"})),
        ),
        ("delete_integration", Method::DELETE, path, None),
    ]
}

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let server = TestServer::start().await;
    for (name, method, path, body) in operations(&server).await {
        let path = format!("/api/public{path}");
        let mut keyless = server.request(method.clone(), &path);
        if let Some(body) = &body {
            keyless = keyless.json(body);
        }
        assert_answer!("no_key", send(keyless).await);
        for key in ["", "aloo_unknown", "plop_test_key", "aloo_test_key "] {
            let path = path.trim_start_matches("/api/public");
            let refused = server
                .aloochat_as(key, method.clone(), path, body.clone())
                .await;
            // A header value is trimmed on its way, so the last of them is the key itself.
            let expected = if key.trim() == ALOOCHAT_KEY { 200 } else { 401 };
            if name != "delete_integration" || expected == 401 {
                assert_eq!(refused.status, expected, "{name} with {key:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_takes_the_other_header_name() {
    let server = TestServer::start().await;
    for (name, method, path, body) in operations(&server).await {
        let mut request = server
            .request(method, &format!("/api/public{path}"))
            .header("x-api-token", ALOOCHAT_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        assert_eq!(send(request).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn another_companys_integration_answers_like_a_missing_one() {
    let server = TestServer::start().await;
    let other = server.other_workspace().await;
    for visibility in ["private", "public"] {
        let body = json!({"name": "mine", "type": "slack", "visibility": visibility});
        let created = server
            .aloochat(Method::POST, "/integrations", Some(body))
            .await;
        let path = format!(
            "/integrations/{}",
            created.json()["id"].as_str().expect("an id")
        );
        for (method, body) in [
            (Method::GET, None),
            (Method::PUT, Some(json!({"name": "stolen"}))),
            (Method::DELETE, None),
        ] {
            let refused = server.aloochat_as(&other, method, &path, body).await;
            assert_answer!("another_companys", refused);
        }
        let after = format!("/integrations?after={}", &path["/integrations/".len()..]);
        let refused = server.aloochat_as(&other, Method::GET, &after, None).await;
        assert_answer!("another_companys_after", refused);
        let after = "/integrations?after=550e8400-e29b-41d4-a716-446655440000";
        let missing = server.aloochat_as(&other, Method::GET, after, None).await;
        assert_answer!("another_companys_after", missing);
        let kept = server.aloochat(Method::GET, &path, None).await.expect(200);
        assert_eq!(kept.json()["name"], "mine");
    }
    let listed = server
        .aloochat_as(&other, Method::GET, "/integrations", None)
        .await;
    assert_eq!(listed.json(), json!([]));
}

#[tokio::test]
async fn every_operation_is_limited_per_second() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.aloochat.per_second = 1;
    })
    .await;
    for (name, method, path, body) in operations(&server).await {
        server.clock.advance(Duration::from_secs(10));
        let admitted = server
            .aloochat(Method::GET, "/integrations/types", None)
            .await;
        assert_eq!(admitted.status, 200, "{name}");
        let refused = server.aloochat(method, &path, body).await;
        assert_eq!(refused.header("retry-after"), Some("1"), "{name}");
        assert_answer!("limited", refused);
    }
}

#[tokio::test]
async fn limits_are_a_companys_own_and_shared_by_its_keys() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.aloochat.per_minute = 2;
    })
    .await;
    let other = server.other_workspace().await;
    let get = |key: String| {
        let server = &server;
        async move {
            let path = "/integrations/types";
            server
                .aloochat_as(&key, Method::GET, path, None)
                .await
                .status
                .as_u16()
        }
    };
    assert_eq!(get(ALOOCHAT_KEY.to_owned()).await, 200);
    assert_eq!(get(ALOOCHAT_KEY.to_owned()).await, 200);
    assert_eq!(get(ALOOCHAT_KEY.to_owned()).await, 429);
    assert_eq!(get(other.clone()).await, 200);
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(get(ALOOCHAT_KEY.to_owned()).await, 200);
}

#[tokio::test]
async fn the_days_count_survives_a_restart_and_ends_at_midnight() {
    let mut server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.aloochat.per_day = 4;
    })
    .await;
    let types = "/integrations/types";
    // Two that read and one that writes: they are counted in different ways.
    let body = json!({"name": "x", "type": "slack"});
    server.aloochat(Method::GET, types, None).await.expect(200);
    server.aloochat(Method::GET, types, None).await.expect(200);
    server
        .aloochat(Method::POST, "/integrations", Some(body))
        .await
        .expect(200);
    server.restart().await;
    server.aloochat(Method::GET, types, None).await.expect(200);
    let refused = server.aloochat(Method::GET, types, None).await.expect(429);
    // The clock stands at noon.
    assert_eq!(refused.header("retry-after"), Some("43200"));
    server.restart().await;
    server.aloochat(Method::GET, types, None).await.expect(429);
    server.clock.advance(Duration::from_secs(12 * 3600));
    server.aloochat(Method::GET, types, None).await.expect(200);
}
