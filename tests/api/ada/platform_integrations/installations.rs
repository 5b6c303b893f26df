//! An installation as its integration sees it.

use reqwest::Method;
use serde_json::json;

use super::given::{Ada, INTEGRATIONS};
use crate::support::assert_answer;

#[tokio::test]
async fn get_platform_integration_installation_self_has_the_answers() {
    let ada = Ada::start().await;
    let (id, _, given) = ada.installed().await;
    let path = format!("{INTEGRATIONS}{id}/installations/self");
    let found = ada.call(&given.access, Method::GET, &path, None).await;
    assert_answer!("installation", found);
}

#[tokio::test]
async fn get_platform_integration_installation_self_is_not_anothers() {
    let ada = Ada::start().await;
    let (id, _, _) = ada.installed().await;
    let (_, _, other) = ada.installed().await;
    for id in [id.as_str(), "000000000000000000000000"] {
        let path = format!("{INTEGRATIONS}{id}/installations/self");
        let refused = ada.call(&other.access, Method::GET, &path, None).await;
        assert_answer!("no_such_installation", refused);
    }
}

#[tokio::test]
async fn update_platform_integration_installation_sets_the_status() {
    let ada = Ada::start().await;
    let (id, _, given) = ada.installed().await;
    let installation = ada.installation(&given.access).await;
    let path = format!("{INTEGRATIONS}{id}/installations/{installation}");
    let set = |body| ada.call(&given.access, Method::PATCH, &path, Some(body));
    ada.server.clock.advance(std::time::Duration::from_secs(1));
    assert_answer!("completed", set(json!({"status": "complete"})).await);
    let same = set(json!({})).await.expect(200);
    assert_eq!(same.json()["status"], "complete");
    let back = set(json!({"status": "incomplete"})).await.expect(200);
    assert_eq!(back.json()["status"], "incomplete");
}

#[tokio::test]
async fn update_platform_integration_installation_refuses_a_bad_body() {
    let ada = Ada::start().await;
    let (id, _, given) = ada.installed().await;
    let installation = ada.installation(&given.access).await;
    let path = format!("{INTEGRATIONS}{id}/installations/{installation}");
    for (name, body) in [
        ("unknown", json!({"status": "done"})),
        ("null", json!({"status": null})),
        ("array", json!([])),
    ] {
        let refused = ada
            .call(&given.access, Method::PATCH, &path, Some(body))
            .await;
        insta::assert_snapshot!(format!("bad_status_{name}"), refused.expect(400).shown());
    }
}

#[tokio::test]
async fn update_platform_integration_installation_is_not_anothers() {
    let ada = Ada::start().await;
    let (id, _, given) = ada.installed().await;
    let (_, _, other) = ada.installed().await;
    let installation = ada.installation(&given.access).await;
    let body = json!({"status": "complete"});
    for (integration, installation, key) in [
        (id.as_str(), installation.as_str(), &other.access),
        (&id, "000000000000000000000000", &given.access),
        ("000000000000000000000000", &installation, &given.access),
    ] {
        let path = format!("{INTEGRATIONS}{integration}/installations/{installation}");
        let refused = ada
            .call(key, Method::PATCH, &path, Some(body.clone()))
            .await;
        assert_answer!("no_such_installation", refused);
    }
}
