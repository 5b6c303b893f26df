//! Limits: those of every integration's calls.

use parlance::domain::shared::rate_limits::Rates;
use reqwest::Method;
use serde_json::json;

use super::given::{Given, message};
use crate::support::{TestServer, assert_answer};

#[tokio::test]
async fn calls_beyond_the_rate_are_refused_and_told_when_to_come_back() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.botpress_chat = Rates {
            per_second: 0,
            per_minute: 3,
            per_day: 0,
        };
    })
    .await;
    let given = Given::on(server, None).await;
    let user = given.user().await;
    given.get(&user, "/users/me").await.expect(200);
    given.get(&user, "/users/me").await.expect(200);
    let refused = given.get(&user, "/users/me").await.expect(429);
    assert!(refused.header("retry-after").is_some());
    assert_answer!(refused);
    // Whether it is there costs nothing.
    let hello = given.call(None, Method::GET, "/hello", None).await;
    hello.expect(200);
}

#[tokio::test]
async fn messages_beyond_the_plan_are_refused() {
    let server = TestServer::with(|config| {
        config.plans.community.included_messages = 1;
    })
    .await;
    let given = Given::on(server, None).await;
    let user = given.user().await;
    let conversation = given.conversation(&user).await;
    given.say(&user, &conversation, "one").await;
    let refused = given
        .post(&user, "/messages", message(&conversation, "two"))
        .await;
    assert_answer!(refused.expect(403));
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused() {
    let server = TestServer::with(|config| config.server.body_limit_bytes = 1000).await;
    let given = Given::on(server, None).await;
    let body = json!({"name": "x".repeat(2000)});
    let answer = given.call(None, Method::POST, "/users", Some(body)).await;
    assert_answer!(answer.expect(413));
}
