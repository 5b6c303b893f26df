//! Numbers that programs track.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{TestServer, assert_answer},
};

const ANALYTICS: &str = "/v1/chat/analytics";

/// The tracked numbers of each day of a month.
async fn custom_events(given: &Given) -> Vec<Value> {
    let path = format!(
        "/v1/admin/bots/{}/analytics?startDate=2026-03-01&endDate=2026-03-04",
        given.bot.id
    );
    let answer = Caller::member().get(&given.server, &path).await;
    let records = answer.expect(200).json()["records"].clone();
    let records = records.as_array().expect("records").iter();
    records
        .map(|record| record["customEvents"].clone())
        .collect()
}

#[tokio::test]
async fn track_analytics_adds_up_by_day_and_name() {
    let given = Given::new().await;
    let server = &given.server;
    let track = async |caller: &Caller, name: &str, count: i64| {
        let body = json!({"name": name, "count": count});
        let answer = caller.post(server, ANALYTICS, body).await.expect(200);
        assert_eq!(answer.json(), json!({}));
    };
    track(&given.as_bot(), "orders", 2).await;
    track(&given.as_integration(), "orders", 3).await;
    track(&given.as_bot(), "größe", 1).await;
    server.clock.advance(Duration::from_secs(24 * 3600));
    track(&given.as_bot(), "orders", i64::MAX).await;
    track(&given.as_bot(), "orders", i64::MAX).await;
    let days = custom_events(&given).await;
    let expected = [
        json!({"orders": 5, "größe": 1}),
        json!({"orders": i64::MAX}),
        json!({}),
    ];
    assert_eq!(days, expected);
}

#[tokio::test]
async fn track_analytics_refuses() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for (name, body) in [
        ("no_name", json!({"count": 1})),
        ("empty", json!({"name": "", "count": 1})),
        ("long", json!({"name": "x".repeat(201), "count": 1})),
        ("zero", json!({"name": "x", "count": 0})),
        ("fraction", json!({"name": "x", "count": 1.5})),
    ] {
        let answer = bot.post(server, ANALYTICS, body).await.expect(400);
        insta::assert_snapshot!(format!("track_analytics_{name}"), answer.shown());
    }
    let huge = r#"{"name": "x", "count": 99999999999999999999}"#;
    let request = bot.request(server, reqwest::Method::POST, ANALYTICS);
    let request = request
        .header("content-type", "application/json")
        .body(huge);
    let answer = crate::support::send(request).await;
    assert_answer!("track_analytics_huge", answer.expect(400));
    let body = json!({"name": "x", "count": 1});
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    assert_eq!(
        stranger.post(server, ANALYTICS, body.clone()).await.status,
        403
    );
    let nobody = Caller::with("x").header("x-bot-id", given.bot.id.as_str());
    assert_eq!(nobody.post(server, ANALYTICS, body).await.status, 401);
}

#[tokio::test]
async fn track_analytics_stops_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.counters = 1).await;
    let given = Given::on(server).await;
    let bot = given.as_bot();
    for (name, status) in [("a", 200), ("a", 200), ("b", 413)] {
        let body = json!({"name": name, "count": 1});
        let answer = bot
            .post(&given.server, ANALYTICS, body)
            .await
            .expect(status);
        assert!(
            status == 200 || answer.text.contains("bounds.counters"),
            "{}",
            answer.text
        );
    }
}
