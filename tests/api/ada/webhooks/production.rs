//! Profile production: https only, and public addresses only, unless the settings say otherwise.

use parlance::config::{Config, Profile};
use reqwest::Method;
use serde_json::json;

use super::{PATH, ada, attempts, console, create, deliver, receiver::Receiver, start_with};
use crate::support::send;

fn production(config: &mut Config) {
    config.server.profile = Profile::Production;
}

#[tokio::test]
async fn create_webhook_refuses_http_and_private_addresses() {
    let server = start_with(production).await;
    for (name, url) in [
        ("http", "http://127.0.0.1:3000/x"),
        ("loopback", "https://127.0.0.1:3000/x"),
        ("loopback_number", "https://2130706433/x"),
        ("mapped", "https://[::ffff:10.0.0.1]/x"),
        ("private", "https://192.168.1.1/x"),
        ("name", "https://localhost/x"),
    ] {
        let body = json!({"url": url});
        let refused = ada(&server, Method::POST, PATH, Some(body))
            .await
            .expect(400);
        let shown = refused.shown().replace("::1", "127.0.0.1");
        insta::assert_snapshot!(format!("production_{name}"), shown);
    }
}

#[tokio::test]
async fn create_webhook_takes_a_listed_network() {
    let receiver = Receiver::start().await;
    let server = start_with(|config| {
        production(config);
        config.outbound.allow = vec!["127.0.0.0/8".parse().expect("a network")];
        config.webhooks.http_to_loopback = Some(true);
    })
    .await;
    create(&server, receiver.url()).await;
    deliver(&server).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_address_that_was_allowed_is_refused_when_it_no_longer_is() {
    let receiver = Receiver::start().await;
    let mut server = start_with(|_| {}).await;
    let id = create(&server, receiver.url()).await;
    production(&mut server.config);
    server.restart().await;
    deliver(&server).await;
    let error = attempts(&server, &id).await[0]["error"].clone();
    assert_eq!(error, "the url must be an https URL");
    server.config.webhooks.http_to_loopback = Some(true);
    server.restart().await;
    deliver(&server).await;
    let error = attempts(&server, &id).await[0]["error"].clone();
    let text = error.as_str().expect("an error");
    assert!(text.contains("127.0.0.1 is this machine"), "{text}");
    assert!(text.contains("outbound.allow"), "{text}");
    assert_eq!(receiver.count(), 0);
    console(&server, Method::GET, "", None).await.expect(200);
}

#[tokio::test]
async fn there_is_no_inbox_unless_it_is_turned_on() {
    for (enabled, status) in [(None, 404), (Some(true), 200)] {
        let server = start_with(|config| {
            production(config);
            config.inbox.enabled = enabled;
        })
        .await;
        for method in [Method::GET, Method::POST] {
            let answer = send(server.request(method, "/inbox/example")).await;
            assert_eq!(answer.status, status);
        }
    }
}
