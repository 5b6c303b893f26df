//! Further reports of usages, and the invoice of the running month.

use std::time::Duration;

use parlance::domain::tenancy::{audit::Actor, quotas};
use serde_json::{Value, json};

use super::people::{of_first, open, with_role};
use crate::{
    botpress::given::{Caller, Given, another_workspace, make_bot},
    support::{TestServer, WORKSPACE, assert_answer},
};

const DAY: Duration = Duration::from_secs(86_400);

async fn invoke(given: &Given, times: usize) {
    let app = given.server.server().app();
    for _ in 0..times {
        let bot = given.bot.id.clone();
        let counted = app.run_write_tx_as(Actor::System, move |change| {
            quotas::count_invocation(change, &WORKSPACE.into(), &bot)
        });
        counted.await.expect("it is counted");
    }
}

async fn get(server: &TestServer, path: &str) -> Value {
    Caller::person().get(server, path).await.expect(200).json()
}

#[tokio::test]
async fn break_down_workspace_usage_by_bot_shows_each_bot() {
    let given = Given::new().await;
    let server = &given.server;
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    invoke(&given, 3).await;
    let shown = get(server, &of_first("/usages/by-bot?type=invocation_calls")).await;
    let value = |bot: &str| {
        let data = shown["data"].as_array().expect("a list").iter();
        let mut found = data.filter(|one| one["botId"] == bot);
        found.next().expect("the bot")["value"].clone()
    };
    assert_eq!(value(given.bot.id.as_str()), 3);
    assert_eq!(value(other.id.as_str()), 0);
    for kind in ["bot_count", "workspace_ratelimit"] {
        let shown = get(server, &of_first(&format!("/usages/by-bot?type={kind}"))).await;
        assert_eq!(shown, json!({"data": []}), "{kind}");
    }
    for kind in [
        "ai_spend",
        "openai_spend",
        "always_alive",
        "knowledgebase_vector_storage",
    ] {
        let shown = get(server, &of_first(&format!("/usages/by-bot?type={kind}"))).await;
        assert_eq!(shown["data"][0]["value"], 0, "{kind}");
    }
    let none = Caller::person()
        .get(server, &of_first("/usages/by-bot"))
        .await;
    assert_answer!("by_bot_no_type", none.expect(400));
    let (_, token) = another_workspace(server).await;
    let path = of_first("/usages/by-bot?type=ai_spend");
    Caller::with(&token).get(server, &path).await.expect(404);
}

#[tokio::test]
async fn get_all_workspace_quota_completion_shows_the_largest_share() {
    let server = TestServer::with(|config| {
        config.plans.community.bots = 4;
        config.plans.community.members = 100;
    })
    .await;
    let path = "/v1/admin/workspaces/usages/quota-completion";
    let second = open(&server, "Second").await;
    another_workspace(&server).await;
    let shown = get(&server, path).await;
    let expected = json!({
        WORKSPACE: {"type": "bot_count", "completion": 0.25},
        second: {"type": "workspace_member_count", "completion": 0.01},
    });
    assert_eq!(shown, expected);
    let unknown = Caller::with("bp_pat_unknown");
    unknown.get(&server, path).await.expect(401);
}

#[tokio::test]
async fn get_multiple_usages_combines_ids_and_types() {
    let given = Given::new().await;
    let server = &given.server;
    invoke(&given, 2).await;
    let bot = given.bot.id.as_str();
    let query = format!("types=invocation_calls&types=bot_count&ids={WORKSPACE}&ids={bot}");
    let shown = get(server, &format!("/v1/admin/usages/multiple?{query}")).await;
    let values: Vec<_> = shown["usages"].as_array().expect("a list").iter().collect();
    let row = |usage: &Value| {
        (
            usage["id"].clone(),
            usage["type"].clone(),
            usage["value"].clone(),
        )
    };
    let rows: Vec<_> = values.into_iter().map(row).collect();
    let expected = [
        (json!(WORKSPACE), json!("bot_count"), json!(2)),
        (json!(WORKSPACE), json!("invocation_calls"), json!(2)),
        (json!(bot), json!("invocation_calls"), json!(2)),
    ];
    assert_eq!(rows, expected);
    let many = "ids=x&".repeat(51);
    for (status, query) in [
        (400, format!("types=cats&ids={WORKSPACE}")),
        (400, format!("{many}types=bot_count")),
        (404, "types=bot_count&ids=none".to_owned()),
        (400, format!("types=bot_count&ids={WORKSPACE}&period=soon")),
    ] {
        let path = format!("/v1/admin/usages/multiple?{query}");
        Caller::person().get(server, &path).await.expect(status);
    }
    let (_, token) = another_workspace(server).await;
    let path = format!("/v1/admin/usages/multiple?types=bot_count&ids={WORKSPACE}");
    Caller::with(&token).get(server, &path).await.expect(404);
}

#[tokio::test]
async fn list_usage_activity_has_an_entry_for_each_month() {
    let given = Given::new().await;
    let server = &given.server;
    invoke(&given, 2).await;
    server.clock.advance(31 * DAY);
    invoke(&given, 1).await;
    let bot = given.bot.id.as_str();
    let path = format!("/v1/admin/usages/{bot}/activity?type=invocation_calls");
    let answer = Caller::person().get(server, &path).await;
    assert_answer!("list_usage_activity", answer.expect(200));
    let until = format!("{path}&timestampUntil=2026-03-31T00:00:00Z");
    assert_eq!(
        get(server, &until).await["data"].as_array().map(Vec::len),
        Some(1)
    );
    let from = format!("{path}&timestampFrom=2027-01-01");
    assert_eq!(get(server, &from).await["data"], json!([]));
    for (status, path) in [
        (400, format!("/v1/admin/usages/{bot}/activity")),
        (400, format!("{path}&timestampFrom=soon")),
        (
            404,
            "/v1/admin/usages/none/activity?type=bot_count".to_owned(),
        ),
    ] {
        Caller::person().get(server, &path).await.expect(status);
    }
    let (_, token) = another_workspace(server).await;
    Caller::with(&token).get(server, &path).await.expect(404);
}

#[tokio::test]
async fn list_usage_activity_daily_has_the_first_day_of_each_month() {
    let given = Given::new().await;
    let server = &given.server;
    invoke(&given, 2).await;
    let path = format!("/v1/admin/usages/{WORKSPACE}/daily-activity?type=invocation_calls");
    let answer = Caller::person().get(server, &path).await;
    assert_answer!("list_usage_activity_daily", answer.expect(200));
    let none = format!("{path}&dateFrom=2020-01-01&dateUntil=2020-02-01");
    assert_eq!(get(server, &none).await["data"], json!([]));
    let broken = format!("{path}&dateFrom=soon");
    Caller::person().get(server, &broken).await.expect(400);
    let (_, token) = another_workspace(server).await;
    Caller::with(&token).get(server, &path).await.expect(404);
}

#[tokio::test]
async fn change_ai_spend_quota_is_shown_as_a_quota() {
    let server = TestServer::start().await;
    let path = "/v1/admin/quotas/ai-spend";
    let caller = Caller::member();
    let quota = of_first("/quota?type=ai_spend");
    assert_eq!(get(&server, &quota).await["quota"]["value"], 0);
    let body = json!({"monthlySpendingLimit": 20});
    let changed = caller.put(&server, path, body.clone()).await;
    assert_eq!(changed.expect(200).json(), json!({}));
    assert_eq!(get(&server, &quota).await["quota"]["value"], 20);
    let usage = format!("/v1/admin/usages/{WORKSPACE}?type=ai_spend");
    assert_eq!(get(&server, &usage).await["usage"]["quota"], 20);
    for (name, body) in [
        ("negative", json!({"monthlySpendingLimit": -1})),
        ("missing", json!({})),
        ("large", json!({"monthlySpendingLimit": 1e30})),
    ] {
        let refused = caller.put(&server, path, body).await;
        insta::assert_snapshot!(format!("ai_spend_{name}"), refused.expect(400).shown());
    }
    let billing = with_role(&server, "billing").await;
    billing.put(&server, path, body.clone()).await.expect(200);
    let manager = with_role(&server, "manager").await;
    manager.put(&server, path, body).await.expect(403);
}

#[tokio::test]
async fn get_upcoming_invoice_is_that_of_the_running_month() {
    let server = TestServer::start().await;
    let path = of_first("/billing/upcoming-invoice");
    let free = get(&server, &path).await;
    assert_eq!(free, json!({"total": 0, "lineItems": []}));
    let caller = Caller::person();
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    caller
        .put(&server, &of_first("/billing/payment-method"), method)
        .await
        .expect(200);
    let plan = json!({"plan": "premium"});
    caller
        .put(&server, &of_first("/change-plan"), plan)
        .await
        .expect(200);
    let answer = caller.get(&server, &path).await;
    assert_answer!("get_upcoming_invoice", answer.expect(200));
    let developer = with_role(&server, "developer").await;
    developer.get(&server, &path).await.expect(403);
    let (_, token) = another_workspace(&server).await;
    Caller::with(&token).get(&server, &path).await.expect(404);
}
