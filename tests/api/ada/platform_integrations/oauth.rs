//! Codes and tokens, each for as long as it is valid.

use std::time::Duration;

use reqwest::Method;

use super::given::{ADA_KEY, Ada, INTEGRATIONS, shop, tokens};
use crate::support::assert_answer;

const SELF: &str = "/api/platform_integrations/oauth/self";

#[tokio::test]
async fn exchange_oauth_token_gives_tokens_for_a_code() {
    let ada = Ada::start().await;
    let (id, secret) = ada.create(shop()).await;
    let code = ada.install(&id).await;
    let answer = ada.redeem(&id, &secret, &code).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_answer!("tokens", answer);
}

#[tokio::test]
async fn exchange_oauth_token_refuses_in_oauths_words() {
    let ada = Ada::start().await;
    let (id, secret) = ada.create(shop()).await;
    let (other, other_secret) = ada.create(shop()).await;
    let code = ada.install(&id).await;
    let grant = ("grant_type", "authorization_code");
    for (fields, status, error) in [
        (vec![], 400, "invalid_request"),
        (vec![grant], 400, "invalid_request"),
        (
            vec![("grant_type", "password")],
            400,
            "unsupported_grant_type",
        ),
        (
            vec![("grant_type", "refresh_token")],
            400,
            "invalid_request",
        ),
        (vec![grant, ("code", &code)], 401, "invalid_client"),
        (
            vec![
                grant,
                ("code", &code),
                ("client_id", &id),
                ("client_secret", &other_secret),
            ],
            401,
            "invalid_client",
        ),
        (
            vec![
                grant,
                ("code", &code),
                ("client_id", &other),
                ("client_secret", &other_secret),
            ],
            400,
            "invalid_grant",
        ),
        (
            vec![
                grant,
                ("code", "x"),
                ("client_id", &id),
                ("client_secret", &secret),
            ],
            400,
            "invalid_grant",
        ),
    ] {
        let refused = ada.token(&fields).await.expect(status);
        assert_eq!(refused.text, format!("{{\"error\":\"{error}\"}}"));
    }
    // None of that has used the code up.
    ada.redeem(&id, &secret, &code).await.expect(200);
}

#[tokio::test]
async fn exchange_oauth_token_takes_a_code_for_five_minutes() {
    let ada = Ada::start().await;
    let (id, secret) = ada.create(shop()).await;
    let (early, late) = (ada.install(&id).await, ada.install(&id).await);
    ada.server.clock.advance(Duration::from_secs(299));
    ada.redeem(&id, &secret, &early).await.expect(200);
    ada.server.clock.advance(Duration::from_secs(1));
    assert_answer!("invalid_grant", ada.redeem(&id, &secret, &late).await);
}

#[tokio::test]
async fn exchange_oauth_token_revokes_what_a_code_gave_when_it_comes_again() {
    let ada = Ada::start().await;
    let (id, secret) = ada.create(shop()).await;
    let code = ada.install(&id).await;
    let given = tokens(&ada.redeem(&id, &secret, &code).await);
    // Kept in memory from here on.
    ada.call(&given.access, Method::GET, SELF, None)
        .await
        .expect(200);
    assert_answer!("invalid_grant", ada.redeem(&id, &secret, &code).await);
    ada.call(&given.access, Method::GET, SELF, None)
        .await
        .expect(401);
    let refused = ada.refresh(&id, &secret, &given.refresh).await;
    assert_answer!("invalid_grant", refused);
}

#[tokio::test]
async fn exchange_oauth_token_rotates_refresh_tokens_and_notices_reuse() {
    let ada = Ada::start().await;
    let (id, secret, first) = ada.installed().await;
    let (_, _, bystander) = ada.installed().await;
    let second = tokens(&ada.refresh(&id, &secret, &first.refresh).await.expect(200));
    assert_eq!(second.client_secret, first.client_secret);
    assert_ne!(second.refresh, first.refresh);
    for access in [&first.access, &second.access] {
        ada.call(access, Method::GET, SELF, None).await.expect(200);
    }
    let reused = ada.refresh(&id, &secret, &first.refresh).await;
    assert_answer!("invalid_grant", reused);
    for access in [&first.access, &second.access] {
        ada.call(access, Method::GET, SELF, None).await.expect(401);
    }
    let refused = ada.refresh(&id, &secret, &second.refresh).await;
    assert_answer!("invalid_grant", refused);
    ada.call(&bystander.access, Method::GET, SELF, None)
        .await
        .expect(200);
}

#[tokio::test]
async fn exchange_oauth_token_takes_a_refresh_token_for_thirty_days() {
    let ada = Ada::start().await;
    let (id, secret, first) = ada.installed().await;
    ada.server
        .clock
        .advance(Duration::from_secs(30 * 86_400 - 1));
    let second = tokens(&ada.refresh(&id, &secret, &first.refresh).await.expect(200));
    ada.server.clock.advance(Duration::from_secs(30 * 86_400));
    let refused = ada.refresh(&id, &secret, &second.refresh).await;
    assert_answer!("invalid_grant", refused);
}

#[tokio::test]
async fn get_oauth_self_says_who_the_installation_is_for_one_hour() {
    let ada = Ada::start().await;
    let (_, _, given) = ada.installed().await;
    assert_answer!(
        "oauth_self",
        ada.call(&given.access, Method::GET, SELF, None).await
    );
    ada.server.clock.advance(Duration::from_secs(3599));
    ada.call(&given.access, Method::GET, SELF, None)
        .await
        .expect(200);
    ada.server.clock.advance(Duration::from_secs(1));
    // Though it is kept in memory.
    let refused = ada.call(&given.access, Method::GET, SELF, None).await;
    assert_answer!("token_over", refused);
}

#[tokio::test]
async fn get_oauth_self_is_asked_at_the_creators_host_too() {
    let ada = Ada::start().await;
    let other = ada.other_agent().await;
    let made = ada
        .call(&other, Method::POST, INTEGRATIONS, Some(shop()))
        .await;
    let made = made.expect(200).json();
    let (id, secret) = (&made["id"], &made["client_secret"]);
    let (id, secret) = (
        id.as_str().expect("an id"),
        secret.as_str().expect("a secret"),
    );
    let code = ada.install(id).await;
    let given = tokens(&ada.redeem(id, secret, &code).await);
    let installation = format!("{INTEGRATIONS}{id}/installations/self");
    for (path, host, status) in [
        (SELF, "other.localhost", 200),
        (SELF, "example.localhost", 200),
        (SELF, "third.localhost", 401),
        (&installation, "example.localhost", 200),
        (&installation, "other.localhost", 401),
    ] {
        let request = ada
            .server
            .request(Method::GET, path)
            .bearer_auth(&given.access);
        let answer = crate::support::send(request.header("host", host)).await;
        let answer = answer.expect(status);
        if path == SELF && status == 200 {
            assert_eq!(answer.json()["client_handle"], "example");
        }
    }
}

#[tokio::test]
async fn get_oauth_self_is_for_installations_only() {
    let ada = Ada::start().await;
    assert_answer!(
        "no_installation",
        ada.call(ADA_KEY, Method::GET, SELF, None).await
    );
}

#[tokio::test]
async fn exchange_oauth_token_follows_the_settings() {
    let ada = Ada::with(|config| {
        config.ada.oauth_code_seconds = 10;
        config.ada.oauth_access_token_seconds = 20;
        config.ada.oauth_refresh_token_seconds = 30;
    })
    .await;
    let (id, secret) = ada.create(shop()).await;
    let (early, late) = (ada.install(&id).await, ada.install(&id).await);
    let answer = ada.redeem(&id, &secret, &early).await.expect(200);
    assert_eq!(answer.json()["expires_in"], 20);
    let given = tokens(&answer);
    ada.server.clock.advance(Duration::from_secs(10));
    ada.redeem(&id, &secret, &late).await.expect(400);
    ada.server.clock.advance(Duration::from_secs(10));
    ada.call(&given.access, Method::GET, SELF, None)
        .await
        .expect(401);
    ada.server.clock.advance(Duration::from_secs(10));
    ada.refresh(&id, &secret, &given.refresh).await.expect(400);
}
