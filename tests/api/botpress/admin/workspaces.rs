//! Workspaces.

use reqwest::Method;
use serde_json::json;

use super::people::{of_first, open, with_role};
use crate::{
    botpress::given::{Caller, Given, another_workspace, make_bot, make_integration},
    support::{TestServer, WORKSPACE, assert_answer, file_contains},
};

const PATH: &str = "/v1/admin/workspaces";

#[tokio::test]
async fn create_workspace_makes_the_caller_its_owner() {
    let server = TestServer::start().await;
    let made = Caller::person()
        .post(&server, PATH, json!({"name": "Second one!"}))
        .await
        .expect(200);
    assert_answer!("create_workspace", made);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let found = Caller::person().get(&server, &format!("{PATH}/{id}")).await;
    assert_eq!(found.expect(200).json(), made.json());
    let account = Caller::person().get(&server, "/v1/admin/account/me").await;
    assert_eq!(made.json()["ownerId"], account.json()["account"]["id"]);
    let again = Caller::person()
        .post(&server, PATH, json!({"name": "Second one!"}))
        .await
        .expect(200);
    assert_ne!(made.json()["handle"], again.json()["handle"]);
}

#[tokio::test]
async fn create_workspace_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    for (name, body) in [
        ("missing", json!({})),
        ("empty", json!({"name": ""})),
        ("blank", json!({"name": " "})),
        ("long", json!({"name": "x".repeat(65)})),
    ] {
        let answer = Caller::person().post(&server, PATH, body).await;
        insta::assert_snapshot!(
            format!("create_workspace_{name}"),
            answer.expect(400).shown()
        );
    }
}

#[tokio::test]
async fn create_workspace_stops_at_the_limit() {
    let server = TestServer::with(|config| config.plans.max_workspaces = 1).await;
    let answer = Caller::person()
        .post(&server, PATH, json!({"name": "one more"}))
        .await;
    assert_answer!(answer.expect(413));
}

#[tokio::test]
async fn list_workspaces_goes_page_by_page() {
    let server = TestServer::start().await;
    for number in 0..24 {
        open(&server, &format!("workspace {number}")).await;
    }
    another_workspace(&server).await;
    let first = Caller::person().get(&server, PATH).await.expect(200).json();
    let names = |page: &serde_json::Value| -> Vec<String> {
        let listed = page["workspaces"].as_array().expect("workspaces").iter();
        listed.map(|one| one["name"].to_string()).collect()
    };
    assert_eq!(names(&first).len(), 20);
    assert_eq!(names(&first)[0], "\"workspace 23\"");
    open(&server, "added between").await;
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::person()
        .get(&server, &format!("{PATH}?nextToken={token}"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&second).len(), 5);
    assert_eq!(names(&second)[4], "\"My workspace\"");
    assert_eq!(second["meta"], json!({}));
    let broken = Caller::person()
        .get(&server, &format!("{PATH}?nextToken=x"))
        .await;
    assert_answer!("list_workspaces_broken_token", broken.expect(400));
}

#[tokio::test]
async fn get_workspace_counts_its_bots() {
    let given = Given::new().await;
    let found = Caller::person().get(&given.server, &of_first("")).await;
    assert_answer!("get_workspace", found.expect(200));
    let missing = Caller::person()
        .get(&given.server, &format!("{PATH}/none"))
        .await;
    assert_answer!("get_workspace_missing", missing.expect(404));
    let (_, other) = another_workspace(&given.server).await;
    let foreign = Caller::with(&other).get(&given.server, &of_first("")).await;
    assert_answer!("get_workspace_of_another", foreign.expect(404));
}

#[tokio::test]
async fn update_workspace_changes_what_is_given() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    let renamed = caller
        .put(&server, &of_first(""), json!({"name": "Ours"}))
        .await
        .expect(200);
    assert_eq!(renamed.json()["name"], "Ours");
    let limited = caller
        .put(&server, &of_first(""), json!({"spendingLimit": 50}))
        .await
        .expect(200);
    assert_answer!("update_workspace", limited);
    for (name, body) in [
        ("low", json!({"spendingLimit": 4})),
        ("high", json!({"spendingLimit": 1001})),
        ("name", json!({"name": ""})),
    ] {
        let answer = caller.put(&server, &of_first(""), body).await;
        insta::assert_snapshot!(
            format!("update_workspace_{name}"),
            answer.expect(400).shown()
        );
    }
}

#[tokio::test]
async fn change_workspace_plan_needs_a_payment_method() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    let path = of_first("/change-plan");
    let unpaid = caller.put(&server, &path, json!({"plan": "premium"})).await;
    assert_answer!("change_plan_unpaid", unpaid.expect(402));
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    caller
        .put(&server, &of_first("/billing/payment-method"), method)
        .await
        .expect(200);
    let premium = caller.put(&server, &path, json!({"plan": "premium"})).await;
    assert_answer!("change_plan_premium", premium.expect(200));
    let free = caller.put(&server, &path, json!({"plan": "free"})).await;
    assert_eq!(free.expect(200).json()["plan"], "community");
    let wrong = caller.put(&server, &path, json!({"plan": "team"})).await;
    assert_answer!("change_plan_wrong", wrong.expect(400));
}

#[tokio::test]
async fn change_workspace_plan_takes_the_one_of_the_settings() {
    use parlance::domain::shared::plans::Plan;
    let server = TestServer::with(|config| config.plans.premium = Plan::Enterprise).await;
    let caller = Caller::person();
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    caller
        .put(&server, &of_first("/billing/payment-method"), method)
        .await
        .expect(200);
    let premium = caller
        .put(
            &server,
            &of_first("/change-plan"),
            json!({"plan": "premium"}),
        )
        .await;
    assert_eq!(premium.expect(200).json()["plan"], "enterprise");
}

#[tokio::test]
async fn delete_workspace_deletes_everything_of_it() {
    let mut given = Given::new().await;
    let created = given
        .as_integration()
        .post(
            &given.server,
            "/v1/chat/users",
            json!({"tags": {"whint:id": "planted-value"}}),
        )
        .await;
    created.expect(201);
    let deleted = Caller::person().delete(&given.server, &of_first("")).await;
    assert_eq!(deleted.expect(200).text, "{}");
    let gone = Caller::person().get(&given.server, &of_first("")).await;
    assert_eq!(gone.status, 404);
    let bot = given
        .as_bot()
        .get(&given.server, &format!("/v1/chat/users/{}", given.bot.id))
        .await;
    assert_eq!(bot.status, 401, "its tokens are revoked");
    let of_other_dialects = given
        .server
        .aloochat(Method::GET, "/integrations", None)
        .await;
    assert_eq!(of_other_dialects.status, 401);
    // The counts of calls that were made before must not stand in the way of later ones.
    given.server.restart().await;
    let restarted = Caller::person().get(&given.server, PATH).await.expect(200);
    let listed = restarted.json();
    assert_eq!(
        listed["workspaces"][0]["id"], WORKSPACE,
        "a first one again"
    );
    assert_eq!(
        listed["workspaces"].as_array().expect("workspaces").len(),
        1
    );
    let bots = given.server.server().app().store();
    let left = bots.read(parlance::domain::tenancy::agents::list_all);
    assert_eq!(left.expect("agents").len(), 1, "the one of the first start");
    given.server.stop().await;
    assert!(!file_contains(
        &given.server.config.store.path,
        "planted-value"
    ));
}

#[tokio::test]
async fn delete_workspace_goes_in_steps_if_it_is_big() {
    let server = TestServer::start().await;
    let id = open(&server, "big").await;
    for _ in 0..60 {
        make_bot(&server, &id, Default::default()).await;
    }
    let path = format!("{PATH}/{id}");
    Caller::person().delete(&server, &path).await.expect(200);
    let gone = Caller::person().get(&server, &path).await;
    assert_eq!(gone.status, 404, "at once, whatever is left");
    let app = server.server().app();
    parlance::domain::lifecycle::workspace_deletion::purge(app)
        .await
        .expect("the rest");
    let left = app
        .store()
        .read(parlance::domain::tenancy::agents::list_all);
    assert_eq!(left.expect("agents").len(), 1);
}

#[tokio::test]
async fn delete_workspace_waits_for_those_who_use_its_integrations() {
    let given = Given::new().await;
    let id = open(&given.server, "provider").await;
    let integration = make_integration(&given.server, &id, "shared", "1.0.0").await;
    crate::botpress::given::install(&given.server, &given.bot, &integration, json!({})).await;
    let path = format!("{PATH}/{id}");
    let refused = Caller::person().delete(&given.server, &path).await;
    assert_answer!(refused.expect(409));
    // An installation that was removed has a row still, which stands in nobody's way.
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let body = json!({"integrations": {integration.id.as_str(): null}});
    let removed = Caller::member().put(&given.server, &bot, body).await;
    removed.expect(200);
    let deleted = Caller::person().delete(&given.server, &path).await;
    deleted.expect(200);
    let app = given.server.server().app();
    let purged = parlance::domain::lifecycle::workspace_deletion::purge(app).await;
    purged.expect("all of it goes");
    let left = app.store().read(|conn| {
        let sql = "SELECT count(*) FROM integrations WHERE name = 'shared'";
        Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.expect("a count"), 0);
}

#[tokio::test]
async fn delete_workspace_is_for_owners() {
    let server = TestServer::start().await;
    let caller = with_role(&server, "administrator").await;
    assert_answer!(caller.delete(&server, &of_first("")).await.expect(403));
}
