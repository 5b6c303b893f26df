//! For every operation: no key, a bad key, another agent's key, and both forms of its path.

use parlance::domain::tenancy::{
    api_keys::{self, KeyKind, KeyOwner},
    audit::Actor,
};
use reqwest::{Method, header};
use serde_json::json;

use super::{
    call, created, get, key_for, operations, other_agent, scope, unlimited, unlimited_with, v1, v2,
};
use crate::support::{ADA_END_USERS_KEY, ADA_KEY, assert_answer, send};

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let server = unlimited().await;
    for (name, method, path, body) in operations(&server).await {
        let mut keyless = server.request(method.clone(), &path);
        if let Some(body) = &body {
            keyless = keyless.json(body);
        }
        let keyless = send(keyless).await;
        if path.contains("/v1/") {
            assert_answer!("no_key_v1", keyless);
        } else {
            assert_answer!("no_key_v2", keyless);
        }
        for key in ["", "ada_unknown", "plop_test_key", "aloo_test_key"] {
            let refused = call(&server, key, method.clone(), &path, body.clone()).await;
            assert_eq!(refused.status, 401, "{name} with {key:?}");
        }
        let basic = server
            .request(method.clone(), &path)
            .basic_auth(key_for(&path), Some(""));
        assert_eq!(send(basic).await.status, 401, "{name} with another scheme");
    }
}

#[tokio::test]
async fn a_v1_key_does_not_open_v2_and_a_platform_key_opens_both() {
    let server = unlimited().await;
    for (name, method, path, body) in operations(&server).await {
        let expected = if path.contains("/v1/") { 200 } else { 401 };
        let answer = call(
            &server,
            ADA_END_USERS_KEY,
            method.clone(),
            &path,
            body.clone(),
        )
        .await;
        assert_eq!(answer.status, expected, "{name} with a v1 key");
        let answer = call(&server, ADA_KEY, method, &path, body).await;
        assert!(answer.status.is_success(), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_new_v1_key_kills_the_old_one_at_once() {
    let server = unlimited().await;
    v1(&server, Method::GET, "/", None).await.expect(200);
    let scope = scope(&server);
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let owner = KeyOwner::Agent(scope.workspace, scope.agent);
            api_keys::create(change, KeyKind::AdaEndUsers, &owner, "another")
        });
    let (_, key) = made.await.expect("a key");
    v1(&server, Method::GET, "/", None).await.expect(401);
    call(
        &server,
        key.expose(),
        Method::GET,
        "/api/end-users/v1/",
        None,
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn another_agents_end_user_answers_like_a_missing_one() {
    let server = unlimited().await;
    let (platform, end_users) = other_agent(&server).await;
    let id = created(&server, json!({"external_id": "mine"})).await;
    for (name, method, path, body) in operations(&server).await {
        let key = match key_for(&path) {
            ADA_KEY => &platform,
            _ => &end_users,
        };
        let answer = call(&server, key, method, &path, body).await;
        if path.contains("/jobs/") || path.rsplit('/').next().is_some_and(|end| end.len() == 24) {
            assert_eq!(answer.status, 404, "{name}: {}", answer.text);
        } else {
            assert!(answer.status.is_success(), "{name}: {}", answer.text);
        }
    }
    // The same external id is free in the other agent, and its list is its own.
    let body = Some(json!({"external_id": "mine"}));
    call(&server, &platform, Method::POST, "/api/v2/end-users/", body)
        .await
        .expect(201);
    for path in [
        format!("/api/v2/end-users?cursor={id}"),
        format!("/api/end-users/v1?cursor={id}"),
    ] {
        call(&server, &platform, Method::GET, &path, None)
            .await
            .expect(400);
    }
    let listed = call(&server, &end_users, Method::GET, "/api/end-users/v1", None).await;
    let listed = listed.expect(200).json();
    // createEndUser above, and "mine".
    assert_eq!(listed["data"].as_array().expect("a list").len(), 2);
    assert!(!listed.to_string().contains(&id));
}

#[tokio::test]
async fn paths_have_a_slash_at_the_end_or_not() {
    let server = unlimited().await;
    for (name, method, path, body) in operations(&server).await {
        let bare = path.trim_end_matches('/');
        for path in [bare.to_owned(), format!("{bare}/")] {
            let key = key_for(&path);
            let answer = call(&server, key, method.clone(), &path, body.clone()).await;
            assert!(
                answer.status.is_success(),
                "{name} {path}: {}",
                answer.status
            );
        }
    }
    let shape = |path: &'static str| {
        let server = &server;
        async move { get(server, path).await.expect(200).json() }
    };
    assert_eq!(shape("/end-users").await, shape("/end-users/").await);
}

#[tokio::test]
async fn the_host_selects_the_agent() {
    let server = unlimited_with(|config| {
        let host = "parlance.test".to_owned();
        config.server.allowed_hosts = vec![host.try_into().expect("a host")];
    })
    .await;
    for (host, status) in [
        ("example.localhost:4600", 200),
        ("example.localhost", 200),
        ("localhost:4600", 200),
        ("parlance.test:4600", 200),
        ("other.localhost:4600", 401),
    ] {
        for (path, key) in [
            ("/api/v2/end-users/", ADA_KEY),
            ("/api/end-users/v1/", ADA_END_USERS_KEY),
        ] {
            let request = server.request(Method::GET, path).bearer_auth(key);
            let answer = send(request.header(header::HOST, host)).await;
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_answers_in_the_words_of_its_version() {
    let server = unlimited().await;
    let missing = v2(&server, Method::GET, "/nothing", None).await;
    assert_answer!("no_operation_v2", missing);
    let wrong = v2(&server, Method::DELETE, "/end-users/1", None).await;
    assert_answer!("wrong_method_v2", wrong);
    let missing = v1(&server, Method::GET, "/a/b", None).await;
    assert_answer!("no_operation_v1", missing);
    // Version 1 has no create.
    let wrong = v1(&server, Method::POST, "/", Some(json!({}))).await;
    assert_answer!("wrong_method_v1", wrong);
}
