//! Access tokens that end, are refreshed, or are refused.

use std::time::Duration;

use futures_util::future::join_all;
use parlance::domain::retrieval::connectors::{self, SearchOptions};
use serde_json::json;

use super::{
    super::search::{call, find},
    Setup,
};
use crate::support::COHERE_KEY;

const EXPIRED: &str = "failed to get auth token: the user's authorization of connector [id] has \
                       expired or was revoked";

#[tokio::test]
async fn a_token_is_refreshed_before_it_ends() {
    let setup = Setup::new().await;
    setup.authorized().await;
    for (seconds, token) in [(3539, 1), (1, 2), (3539, 2), (1, 3), (100_000, 4)] {
        setup.server.clock.advance(Duration::from_secs(seconds));
        setup.search().await.expect("documents");
        assert_eq!(
            setup.last_token(),
            Some(format!("Bearer planted-access-{token}"))
        );
    }
    let forms = setup.provider.with(|state| state.forms.clone());
    assert_eq!(forms.len(), 4);
    assert_eq!(forms[1].0["scope"], "read offline_access");
    assert_eq!(forms[3].0["refresh_token"], "planted-refresh-3");
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
}

#[tokio::test]
async fn many_searches_at_once_refresh_once() {
    let setup = Setup::new().await;
    setup.authorized().await;
    setup
        .provider
        .with(|state| state.slow = Duration::from_millis(100));
    setup.server.clock.advance(Duration::from_secs(3600));
    for found in join_all((0..20).map(|_| setup.search())).await {
        found.expect("documents");
    }
    assert_eq!(setup.provider.with(|state| state.forms.len()), 2);
    // The same when the connector is who notices.
    setup.connector.want("Bearer planted-access-3");
    for found in join_all((0..20).map(|_| setup.search())).await {
        found.expect("documents");
    }
    assert_eq!(setup.provider.with(|state| state.forms.len()), 3);
}

#[tokio::test]
async fn tokens_that_are_good_for_a_moment_only_are_shared_too() {
    let setup = Setup::new().await;
    setup.provider.with(|state| state.lifetime = Some(5));
    setup.authorized().await;
    setup
        .provider
        .with(|state| state.slow = Duration::from_millis(100));
    for found in join_all((0..20).map(|_| setup.search())).await {
        found.expect("documents");
    }
    assert_eq!(setup.provider.with(|state| state.forms.len()), 2);
}

#[tokio::test]
async fn a_refresh_is_kept_although_nobody_waits_for_it() {
    let setup = Setup::new().await;
    setup.authorized().await;
    setup.server.clock.advance(Duration::from_secs(3600));
    setup
        .provider
        .with(|state| state.slow = Duration::from_millis(100));
    let given_up = parlance::kernel::clock::with_timeout(Duration::from_millis(20), setup.search());
    assert!(given_up.await.is_err(), "the caller has gone");
    // It waits for the refresh that runs, and takes what that brings.
    setup.search().await.expect("documents");
    assert_eq!(
        setup.last_token().as_deref(),
        Some("Bearer planted-access-2")
    );
    assert_eq!(setup.provider.with(|state| state.forms.len()), 2);
}

#[tokio::test]
async fn what_the_provider_has_revoked_is_noticed() {
    let setup = Setup::new().await;
    setup.authorized().await;
    setup.provider.revoke();
    setup.search().await.expect("nobody knows yet");
    setup.connector.want("Bearer planted-access-2");
    assert_eq!(setup.failure().await, EXPIRED);
    assert_eq!(setup.status(COHERE_KEY).await, "expired");
    let (asked, forms) = (setup.connector.asked().len(), 2);
    assert_eq!(setup.failure().await, EXPIRED);
    assert_eq!(
        setup.connector.asked().len(),
        asked,
        "it is not asked again"
    );
    assert_eq!(setup.provider.with(|state| state.forms.len()), forms);
    setup.authorized().await;
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    setup.search().await.expect("documents");
}

#[tokio::test]
async fn a_token_without_a_refresh_token_ends() {
    let setup = Setup::new().await;
    setup.provider.with(|state| state.no_refresh = true);
    setup.authorized().await;
    setup.server.clock.advance(Duration::from_secs(3599));
    setup.search().await.expect("it is still good");
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    setup.server.clock.advance(Duration::from_secs(1));
    assert_eq!(setup.status(COHERE_KEY).await, "expired");
    assert_eq!(setup.failure().await, EXPIRED);
    setup.authorized().await;
    setup.connector.want("another");
    assert_eq!(setup.failure().await, EXPIRED);
    assert_eq!(setup.status(COHERE_KEY).await, "expired");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_takes_nothing_away() {
    let setup = Setup::new().await;
    setup.authorized().await;
    setup
        .provider
        .with(|state| state.fails = Some((503, json!({"error": "temporarily_unavailable"}))));
    setup.server.clock.advance(Duration::from_secs(3550));
    setup
        .search()
        .await
        .expect("the old token is good for a while");
    setup.server.clock.advance(Duration::from_secs(50));
    assert_eq!(
        setup.failure().await,
        "failed to get auth token: the provider answered 503 temporarily_unavailable"
    );
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    setup.provider.with(|state| state.fails = None);
    setup.search().await.expect("documents");
    // A client that the provider no longer knows is for the operator to mend.
    setup
        .provider
        .with(|state| state.fails = Some((401, json!({"error": "invalid_client"}))));
    setup.server.clock.advance(Duration::from_secs(3600));
    assert_eq!(
        setup.failure().await,
        "failed to get auth token: the provider answered 401 invalid_client"
    );
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
}

#[tokio::test]
async fn a_refreshed_token_survives_a_restart() {
    let mut setup = Setup::new().await;
    setup.authorized().await;
    setup.server.clock.advance(Duration::from_secs(3600));
    setup.search().await.expect("documents");
    setup.server.restart().await;
    setup.server.clock.advance(Duration::from_secs(3600));
    setup.search().await.expect("documents");
    assert_eq!(
        setup.last_token().as_deref(),
        Some("Bearer planted-access-3")
    );
}

#[tokio::test]
async fn a_token_of_the_call_goes_before_the_users() {
    let setup = Setup::new().await;
    let options = SearchOptions {
        user_access_token: Some(parlance::kernel::Secret::new("passed-through")),
        ..SearchOptions::default()
    };
    let found = find(&setup.server, &setup.shown);
    let documents = connectors::search(&call(&setup.server), &found, "hello", &options).await;
    documents.expect("documents");
    assert_eq!(setup.last_token().as_deref(), Some("Bearer passed-through"));
}
