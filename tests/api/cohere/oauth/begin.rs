//! `…/oauth/authorize`, by POST and GET.

use std::collections::HashMap;

use reqwest::Method;
use url::Url;

use super::{
    super::{created, path_of, plain},
    Setup,
};
use crate::support::{COHERE_KEY, assert_answer};

fn query(address: &str) -> Vec<(String, String)> {
    let url = Url::parse(address).expect("an address");
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn oauth_authorize_connector_gives_the_providers_address_with_its_own_query() {
    let setup = Setup::new().await;
    let address = setup.begin(COHERE_KEY, "").await;
    let pairs = query(&address);
    let named: HashMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(named.len(), pairs.len(), "none is there twice");
    let server = setup.server.server().url();
    assert!(address.starts_with(&format!(
        "{}/authorize?access_type=offline&",
        setup.provider.origin
    )));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "planted-client-9a"),
        ("scope", "read offline_access"),
        ("code_challenge_method", "S256"),
        (
            "redirect_uri",
            &format!("{server}/v1/connectors/oauth/token"),
        ),
    ] {
        assert_eq!(named[name], value);
    }
    assert_eq!(
        (named["state"].len(), named["code_challenge"].len()),
        (36, 43)
    );
    let again = query(&setup.begin(COHERE_KEY, "").await);
    let again: HashMap<_, _> = again.into_iter().collect();
    assert_ne!(again["state"], named["state"]);
    assert_ne!(again["code_challenge"], named["code_challenge"]);
}

#[tokio::test]
async fn oauth_authorize_connector_sends_browsers_back_to_the_public_address() {
    let mut setup = Setup::new().await;
    let public = "https://parlance.example.com".to_owned();
    setup.server.config.server.public_url = Some(public.try_into().expect("an address"));
    setup.server.restart().await;
    let address = setup.begin(COHERE_KEY, "").await;
    let expected = (
        "redirect_uri".to_owned(),
        "https://parlance.example.com/v1/connectors/oauth/token".to_owned(),
    );
    assert!(query(&address).contains(&expected));
}

#[tokio::test]
async fn oauth_authorize_connector_by_get_gives_the_same() {
    let setup = Setup::new().await;
    let path = format!(
        "{}/oauth/authorize?after_token_redirect=https://app.test/done",
        setup.path()
    );
    let answer = setup
        .server
        .cohere(Method::GET, &path, None)
        .await
        .expect(200);
    let address = answer.json()["redirect_url"].clone();
    let back = setup.provider.allow(address.as_str().expect("an address"));
    let sent = super::visit(&back).await.expect(302);
    assert_eq!(sent.header("location"), Some("https://app.test/done"));
}

#[tokio::test]
async fn oauth_authorize_connector_refuses_what_cannot_be() {
    let setup = Setup::new().await;
    let post = async |path: String| setup.server.cohere(Method::POST, &path, None).await;
    for (name, after) in [
        ("no_address", "nothing"),
        ("script", "javascript:alert(1)"),
        ("password", "https://u:p@a.test/"),
    ] {
        let path = setup.path();
        let path = format!("{path}/oauth/authorize?after_token_redirect={after}");
        let refused = post(path).await.expect(400);
        insta::assert_snapshot!(format!("after_{name}"), refused.shown());
    }
    let plain = created(&setup.server, plain("plain", &setup.connector.url())).await;
    let refused = post(format!("{}/oauth/authorize", path_of(&plain))).await;
    assert_answer!("no_oauth", refused);
    let missing = post("/connectors/nothing-abc123/oauth/authorize".to_owned()).await;
    assert_answer!("begin_missing", missing);
}
