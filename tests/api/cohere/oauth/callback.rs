//! `GET /v1/connectors/oauth/token`: where providers send browsers back to.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Setup, another_user, visit};
use crate::support::{COHERE_KEY, assert_answer};

#[tokio::test]
async fn a_user_authorizes_a_connector_for_itself() {
    let setup = Setup::new().await;
    let other = another_user(&setup.server).await;
    assert_eq!(setup.status(COHERE_KEY).await, Value::Null);
    let before = setup.failure().await;
    assert_eq!(
        before,
        "failed to get auth token: user is not authenticated for connector [id]"
    );
    let address = setup
        .begin(
            COHERE_KEY,
            "?after_token_redirect=https://app.test/done?a=1",
        )
        .await;
    let sent = visit(&setup.provider.allow(&address)).await.expect(302);
    assert_eq!(sent.header("location"), Some("https://app.test/done?a=1"));
    assert_eq!(sent.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    assert_eq!(setup.status(&other).await, Value::Null);
    let listed = setup
        .server
        .cohere(Method::GET, "/connectors", None)
        .await
        .json();
    assert_eq!(listed["connectors"][0]["auth_status"], "valid");
    setup.search().await.expect("documents");
    assert_eq!(
        setup.last_token().as_deref(),
        Some("Bearer planted-access-1")
    );
    let address = setup.begin(&other, "").await;
    let page = visit(&setup.provider.allow(&address)).await;
    assert_answer!("connected", page);
    assert_eq!(setup.status(&other).await, "valid");
}

#[tokio::test]
async fn a_state_works_once_and_not_for_long() {
    let setup = Setup::new().await;
    let address = setup.begin(COHERE_KEY, "").await;
    let back = setup.provider.allow(&address);
    visit(&back).await.expect(200);
    assert_answer!("used_up", visit(&back).await);
    let late = setup.provider.allow(&setup.begin(COHERE_KEY, "").await);
    setup.server.clock.advance(Duration::from_secs(600));
    assert_eq!(visit(&late).await.expect(400).text, visit(&back).await.text);
    let origin = setup.server.server().url();
    for query in [
        "",
        "?state=",
        "?state=unknown&code=x",
        "?code=x",
        "?error=access_denied",
    ] {
        let unknown = visit(&format!("{origin}/v1/connectors/oauth/token{query}")).await;
        assert_eq!(unknown.expect(400).text, visit(&back).await.text, "{query}");
    }
    assert_eq!(setup.provider.with(|state| state.forms.len()), 1);
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_where_the_user_wants_to_go() {
    let setup = Setup::new().await;
    let denied = "error=access_denied&error_description=%3Cb%3ENot%20today";
    for (query, name) in [
        ("", "denied_page"),
        ("?after_token_redirect=https://app.test/?a=1", "denied"),
    ] {
        let address = setup.begin(COHERE_KEY, query).await;
        let back = setup.provider.allow(&address);
        let (back, state) = back.split_once("?code=").expect("a code");
        let state = state.split_once("&state=").expect("a state").1;
        let answer = visit(&format!("{back}?state={state}&{denied}")).await;
        let location = answer.header("location").unwrap_or("nowhere").to_owned();
        insta::assert_snapshot!(name, format!("{location}\n{}", answer.shown()));
    }
    assert_eq!(setup.status(COHERE_KEY).await, Value::Null);
}

#[tokio::test]
async fn a_code_that_is_not_good_authorizes_nothing() {
    let setup = Setup::new().await;
    let address = setup.begin(COHERE_KEY, "").await;
    let back = setup
        .provider
        .allow(&address)
        .replace("planted-code-0", "stolen");
    assert_answer!("not_good", visit(&back).await);
    let address = setup.begin(COHERE_KEY, "").await;
    let back = setup.provider.allow(&address);
    setup
        .provider
        .with(|state| state.fails = Some((503, json!({}))));
    assert_answer!("provider_down", visit(&back).await);
    assert_eq!(setup.status(COHERE_KEY).await, Value::Null);
}

#[tokio::test]
async fn a_provider_that_wants_basic_is_asked_so() {
    let setup = Setup::new().await;
    setup.provider.with(|state| state.basic_only = true);
    setup.authorized().await;
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    let forms = setup.provider.with(|state| state.forms.clone());
    assert!(forms[0].0.contains_key("client_secret") && forms[0].1.is_none());
    assert!(!forms[1].0.contains_key("client_secret") && forms[1].1.is_some());
}

#[tokio::test]
async fn nothing_is_kept_for_a_connector_that_is_deleted_or_another_meanwhile() {
    let setup = Setup::new().await;
    let back = setup.provider.allow(&setup.begin(COHERE_KEY, "").await);
    let other = json!({"oauth": {"token_url": "https://other.test/token"}});
    setup
        .server
        .cohere(Method::PATCH, &setup.path(), Some(other))
        .await
        .expect(200);
    visit(&back).await.expect(400);
    let old = json!({"oauth": setup.provider.oauth()});
    setup
        .server
        .cohere(Method::PATCH, &setup.path(), Some(old))
        .await
        .expect(200);
    setup.authorized().await;
    assert_eq!(setup.status(COHERE_KEY).await, "valid");
    let scope = json!({"oauth": {"scope": "less"}, "name": "Renamed"});
    let kept = setup
        .server
        .cohere(Method::PATCH, &setup.path(), Some(scope))
        .await;
    assert_eq!(kept.json()["connector"]["auth_status"], "valid");
    let other = json!({"oauth": {"client_id": "another"}});
    let void = setup
        .server
        .cohere(Method::PATCH, &setup.path(), Some(other))
        .await;
    assert_eq!(void.json()["connector"]["auth_status"], Value::Null);
    let back = setup.provider.allow(&setup.begin(COHERE_KEY, "").await);
    setup
        .server
        .cohere(Method::DELETE, &setup.path(), None)
        .await
        .expect(200);
    visit(&back).await.expect(400);
}
