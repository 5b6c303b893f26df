//! For every operation: no key, a bad key, another agent's key, an installation's token, the
//! limits. Tokens themselves are asked for without a key and are not limited.

use std::time::Duration;

use parlance::kernel::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use super::given::{ADA_KEY, Ada, INTEGRATIONS, Tokens, shop};
use crate::support::{assert_answer, send};

type Operation = (&'static str, Method, String, Option<Value>);

/// What an agent's key may do.
fn with_keys(id: &str) -> Vec<Operation> {
    let all = INTEGRATIONS.to_owned();
    vec![
        ("list", Method::GET, all.clone(), None),
        ("create", Method::POST, all, Some(shop())),
        (
            "update",
            Method::PATCH,
            format!("{INTEGRATIONS}{id}"),
            Some(json!({})),
        ),
    ]
}

/// What an installation may do.
fn with_tokens(id: &str, installation: &str) -> Vec<Operation> {
    let one = format!("{INTEGRATIONS}{id}/installations/{installation}");
    vec![
        (
            "self",
            Method::GET,
            format!("{INTEGRATIONS}{id}/installations/self"),
            None,
        ),
        (
            "status",
            Method::PATCH,
            one,
            Some(json!({"status": "complete"})),
        ),
        (
            "oauth_self",
            Method::GET,
            "/api/platform_integrations/oauth/self".to_owned(),
            None,
        ),
    ]
}

async fn given(ada: &Ada) -> (String, String, Tokens) {
    let (id, _, tokens) = ada.installed().await;
    let installation = ada.installation(&tokens.access).await;
    (id, installation, tokens)
}

#[tokio::test]
async fn every_operation_needs_a_valid_key() {
    let ada = Ada::start().await;
    let (id, installation, given) = given(&ada).await;
    let mut all = with_keys(&id);
    all.extend(with_tokens(&id, &installation));
    for (name, method, path, body) in all {
        let mut keyless = ada.server.request(method.clone(), &path);
        if let Some(body) = &body {
            keyless = keyless.json(body);
        }
        assert_answer!("no_key", send(keyless).await);
        for key in ["", "ada_unknown", "plop_test_key", &given.refresh] {
            let refused = ada.call(key, method.clone(), &path, body.clone()).await;
            assert_eq!(refused.status, 401, "{name} with {key:?}");
        }
    }
}

#[tokio::test]
async fn an_installations_token_opens_no_other_api() {
    let ada = Ada::start().await;
    let (_, _, given) = given(&ada).await;
    let someone = "/api/v2/end-users/65a17e3f43bec88e2792d0eb";
    let profile = json!({"profile": {"first_name": "x"}});
    let nobody = json!({"identifiers": [{"type": "email", "value": "x@example.com"}]});
    for (method, path, body) in [
        (Method::GET, "/api/v2/end-users/", None),
        (Method::POST, "/api/v2/end-users/", Some(profile.clone())),
        (Method::GET, someone, None),
        (Method::PATCH, someone, Some(profile)),
        (Method::POST, "/api/v2/end-users/delete", Some(nobody)),
        (Method::GET, "/api/v2/webhooks/", None),
        (Method::GET, "/api/v2/webhooks/event-types/", None),
        (Method::GET, "/api/end-users/v1/", None),
    ] {
        let refused = ada.call(&given.access, method.clone(), path, body).await;
        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.text);
    }
}

#[tokio::test]
async fn an_installations_token_is_within_its_scopes() {
    let ada = Ada::start().await;
    let (id, installation, given) = given(&ada).await;
    for (name, method, path, body) in with_keys(&id) {
        let refused = ada.call(&given.access, method, &path, body).await;
        assert_eq!(refused.status, 403, "{name}");
        assert_answer!("no_scope", refused);
    }
    for (name, method, path, body) in with_tokens(&id, &installation) {
        let admitted = ada
            .call(&given.access, method.clone(), &path, body.clone())
            .await;
        assert_eq!(admitted.status, 200, "{name}");
        assert_answer!(
            "no_installation",
            ada.call(ADA_KEY, method, &path, body).await
        );
    }
}

#[tokio::test]
async fn another_agents_integration_answers_like_a_missing_one() {
    let ada = Ada::start().await;
    let other = ada.other_agent().await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("{INTEGRATIONS}{id}");
    let refused = ada
        .call(&other, Method::PATCH, &path, Some(json!({})))
        .await;
    assert_answer!("missing", refused);
    let cursor = format!("{INTEGRATIONS}?cursor={id}");
    ada.call(&other, Method::GET, &cursor, None)
        .await
        .expect(404);
    let listed = ada.call(&other, Method::GET, INTEGRATIONS, None).await;
    assert_eq!(listed.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn every_operation_is_limited_per_second() {
    let ada = Ada::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.ada.per_second = 1;
        config.bootstrap.ada_end_users_key = Some(Secret::new("ada_eu_test_key"));
    })
    .await;
    let (id, _, given) = ada.installed().await;
    ada.server.clock.advance(Duration::from_secs(10));
    let installation = ada.installation(&given.access).await;
    let keys = with_keys(&id).into_iter().map(|call| (ADA_KEY, call));
    let tokens = with_tokens(&id, &installation);
    let tokens = tokens.into_iter().map(|call| (given.access.as_str(), call));
    for (key, (name, method, path, body)) in keys.chain(tokens) {
        ada.server.clock.advance(Duration::from_secs(10));
        // The installing agent and its installations share the allowance.
        let admitted = ada.call(ADA_KEY, Method::GET, INTEGRATIONS, None).await;
        assert_eq!(admitted.status, 200, "{name}");
        assert_eq!(
            admitted.header("x-ratelimit-remaining"),
            Some("0"),
            "{name}"
        );
        let refused = ada.call(key, method, &path, body).await;
        assert_eq!(refused.header("retry-after"), Some("1"), "{name}");
        assert_answer!("limited", refused);
    }
}
