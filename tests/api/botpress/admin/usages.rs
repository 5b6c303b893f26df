//! Usages and quotas.

use std::time::Duration;

use serde_json::{Value, json};

use super::people::{of_first, open};
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{TestServer, WORKSPACE, assert_answer},
};

const DAY: Duration = Duration::from_secs(86_400);

async fn value(server: &TestServer, id: &str, query: &str) -> Value {
    let path = format!("/v1/admin/usages/{id}?{query}");
    let answer = Caller::person().get(server, &path).await;
    answer.expect(200).json()["usage"]["value"].clone()
}

#[tokio::test]
async fn get_usage_counts_what_is_there() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/usages/{WORKSPACE}?type=bot_count");
    let before = Caller::person().get(server, &path).await;
    assert_answer!("get_usage", before.expect(200));
    Caller::member()
        .post(server, "/v1/admin/bots", json!({}))
        .await
        .expect(200);
    assert_eq!(value(server, WORKSPACE, "type=bot_count").await, 3);
    let count = "type=integrations_owned_count";
    assert_eq!(value(server, WORKSPACE, count).await, 1);
    let members = "type=workspace_member_count";
    assert_eq!(value(server, WORKSPACE, members).await, 1);
    assert_eq!(
        value(server, WORKSPACE, "type=bot_count&period=2026-02").await,
        0,
        "before there was one"
    );
    let bot = given.bot.id.as_str();
    assert_eq!(value(server, bot, "type=storage_count").await, 0);
}

#[tokio::test]
async fn get_usage_counts_calls_of_code() {
    use parlance::domain::tenancy::{audit::Actor, quotas};
    let given = Given::new().await;
    let app = given.server.server().app();
    for _ in 0..3 {
        let bot = given.bot.id.clone();
        let counted = app.run_write_tx_as(Actor::System, move |change| {
            quotas::count_invocation(change, &WORKSPACE.into(), &bot)
        });
        counted.await.expect("it is counted");
    }
    let server = &given.server;
    let kind = "type=invocation_calls";
    assert_eq!(value(server, WORKSPACE, kind).await, 3);
    assert_eq!(value(server, given.bot.id.as_str(), kind).await, 3);
    server.clock.advance(31 * DAY);
    assert_eq!(value(server, WORKSPACE, kind).await, 0, "a new month");
    let march = format!("{kind}&period=2026-03-15");
    assert_eq!(value(server, WORKSPACE, &march).await, 3);
}

#[tokio::test]
async fn get_usage_refuses_what_it_cannot_answer() {
    let given = Given::new().await;
    let server = &given.server;
    let bot = &given.bot.id;
    for (name, status, path) in [
        ("type", 400, format!("{WORKSPACE}?type=cats")),
        ("no_type", 400, WORKSPACE.to_owned()),
        (
            "period",
            400,
            format!("{WORKSPACE}?type=bot_count&period=soon"),
        ),
        ("of_a_bot", 400, format!("{bot}?type=bot_count")),
        ("missing", 404, "none?type=bot_count".to_owned()),
    ] {
        let path = format!("/v1/admin/usages/{path}");
        let answer = Caller::person().get(server, &path).await;
        insta::assert_snapshot!(format!("get_usage_{name}"), answer.expect(status).shown());
    }
    let (_, other) = another_workspace(server).await;
    for id in [WORKSPACE, bot.as_str()] {
        let path = format!("/v1/admin/usages/{id}?type=storage_count");
        let foreign = Caller::with(&other).get(server, &path).await;
        assert_eq!(foreign.status, 404);
    }
}

#[tokio::test]
async fn list_usage_history_has_a_row_for_each_month() {
    let server = TestServer::start().await;
    server.clock.advance(62 * DAY);
    let path = format!("/v1/admin/usages/{WORKSPACE}/history?type=bot_count");
    assert_answer!(Caller::person().get(&server, &path).await.expect(200));
    server.clock.advance(1000 * DAY);
    let later = Caller::person()
        .get(&server, &path)
        .await
        .expect(200)
        .json();
    assert_eq!(later["usages"].as_array().expect("usages").len(), 12);
    let (_, other) = another_workspace(&server).await;
    assert_eq!(Caller::with(&other).get(&server, &path).await.status, 404);
}

#[tokio::test]
async fn list_workspace_usages_has_those_of_bots() {
    let given = Given::new().await;
    let caller = Caller::person();
    let of_bots = of_first("/usages?type=invocation_calls");
    assert_answer!(
        "usages_of_bots",
        caller.get(&given.server, &of_bots).await.expect(200)
    );
    let of_workspace = of_first("/usages?type=bot_count&period=2026-03-01T00:00:00Z");
    assert_answer!(
        "usages_of_workspace",
        caller.get(&given.server, &of_workspace).await.expect(200)
    );
    let wrong = caller.get(&given.server, &of_first("/usages")).await;
    assert_answer!("usages_without_type", wrong.expect(400));
}

#[tokio::test]
async fn get_workspace_quota_is_that_of_the_plan() {
    let server = TestServer::with(|config| {
        config.plans.community.bots = 3;
        config.plans.team.bots = 7;
    })
    .await;
    let caller = Caller::person();
    let path = of_first("/quota?type=bot_count");
    assert_answer!("quota", caller.get(&server, &path).await.expect(200));
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    let billing = of_first("/billing/payment-method");
    caller.put(&server, &billing, method).await.expect(200);
    let plan = json!({"plan": "premium"});
    let change = of_first("/change-plan");
    caller.put(&server, &change, plan).await.expect(200);
    let quota = caller.get(&server, &path).await.expect(200).json();
    assert_eq!(quota["quota"]["value"], 7);
    let wrong = of_first("/quota?type=bot_count&period=2026-13");
    assert_answer!(
        "quota_period",
        caller.get(&server, &wrong).await.expect(400)
    );
}

#[tokio::test]
async fn list_workspace_quotas_has_every_type() {
    let server = TestServer::start().await;
    let answer = Caller::person().get(&server, &of_first("/quotas")).await;
    assert_answer!(answer.expect(200));
}

#[tokio::test]
async fn quotas_hold_for_callers_and_not_for_the_operator() {
    let server = TestServer::with(|config| {
        config.plans.community.bots = 2;
        config.plans.community.integrations = 0;
    })
    .await;
    let member = Caller::member();
    let create = || member.post(&server, "/v1/admin/bots", json!({}));
    create().await.expect(200);
    assert_answer!("quota_of_bots", create().await.expect(403));
    crate::botpress::given::make_bot(&server, WORKSPACE, Default::default()).await;
    let second = open(&server, "has its own").await;
    Caller::person()
        .header("x-workspace-id", &second)
        .post(&server, "/v1/admin/bots", json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn create_integration_stops_at_the_quota() {
    let server = TestServer::with(|config| config.plans.community.integrations = 1).await;
    let create = async |name: &str| {
        let body = json!({"name": name, "version": "1.0.0"});
        let path = "/v1/admin/integrations";
        Caller::member().post(&server, path, body).await
    };
    create("first").await.expect(200);
    assert_answer!("quota_of_integrations", create("second").await.expect(403));
}
