//! Billing, with payment methods that fail as their names say.

use std::time::Duration;

use parlance::domain::tenancy::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{of_first, with_role};
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{Answer, TestServer, assert_answer, send},
};

const DAY: Duration = Duration::from_secs(86_400);

async fn set(server: &TestServer, id: &str) -> Answer {
    let body = json!({"stripePaymentMethodId": id});
    let path = of_first("/billing/payment-method");
    Caller::person().put(server, &path, body).await
}

/// A workspace that pays with this, from the first of March on.
async fn paying_with(server: &TestServer, id: &str) {
    set(server, id).await.expect(200);
    let path = of_first("/change-plan");
    let body = json!({"plan": "premium"});
    Caller::person().put(server, &path, body).await.expect(200);
}

async fn invoices(server: &TestServer) -> Value {
    let path = of_first("/billing/invoices");
    let answer = Caller::person().get(server, &path).await.expect(200).json();
    answer["invoices"].clone()
}

async fn charge(server: &TestServer, body: Value) -> Answer {
    let path = of_first("/billing/invoices/charge-unpaid");
    Caller::person().post(server, &path, body).await
}

#[tokio::test]
async fn get_workspace_billing_details_shows_the_running_month() {
    let server = TestServer::start().await;
    let path = of_first("/billing/details");
    let before = Caller::person().get(&server, &path).await;
    assert_answer!("billing_details", before.expect(200));
    paying_with(&server, "pm_card_mastercard").await;
    let body = json!({"spendingLimit": 5});
    Caller::person()
        .put(&server, &of_first(""), body)
        .await
        .expect(200);
    let after = Caller::person().get(&server, &path).await;
    assert_answer!("billing_details_premium", after.expect(200));
    let developer = with_role(&server, "developer").await;
    let refused = developer.get(&server, &path).await;
    assert_answer!("billing_details_developer", refused.expect(403));
}

/// Messages of users, written as a bot's integration writes them.
async fn messages(given: &Given, count: u32) {
    let app = given.server.server().app();
    let bot = given.bot.id.clone();
    let written = app.run_write_tx_as(Actor::System, move |change| {
        change
            .conn
            .execute_batch(&format!(
                "INSERT INTO conversations (id, agent_seq, integration, channel, tags, created_at,
                                            updated_at)
                 SELECT lower(hex(randomblob(8))), seq, 'whint', 'direct', '{{}}', {now}, {now}
                 FROM agents WHERE id = '{bot}';
                 WITH RECURSIVE counter (n) AS
                    (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {count})
                 INSERT INTO messages (id, agent_seq, conversation_seq, incoming, type, payload, tags,
                                       created_at)
                 SELECT lower(hex(randomblob(8))), conversations.agent_seq, conversations.seq, 1,
                        'text', '{{}}', '{{}}', {now}
                 FROM counter JOIN conversations
                 WHERE conversations.seq = (SELECT max(seq) FROM conversations);",
                now = change.now.as_micros(),
            ))
            .map_err(Into::into)
    });
    written.await.expect("messages");
}

#[tokio::test]
async fn get_workspace_billing_details_counts_messages_of_users() {
    use parlance::domain::tenancy::{billing, quotas};
    let server = TestServer::with(|config| {
        config.plans.team.included_messages = 10;
        config.plans.team.cents_per_thousand_messages = 100_000;
    })
    .await;
    let given = Given::on(server).await;
    paying_with(&given.server, "pm_card_visa").await;
    let body = json!({"spendingLimit": 20});
    let path = of_first("");
    Caller::person()
        .put(&given.server, &path, body)
        .await
        .expect(200);
    let path = of_first("/billing/details");
    let standing = async || {
        let answer = Caller::person().get(&given.server, &path).await.expect(200);
        let messages = answer.json()["currentPeriod"]["usage"]["userMessages"].clone();
        (messages["status"].clone(), messages["price"].clone())
    };
    messages(&given, 12).await;
    assert_eq!(standing().await, (json!("OK"), json!(2.0)));
    messages(&given, 12).await;
    assert_eq!(standing().await, (json!("Warning"), json!(14.0)));
    let app = given.server.server().app();
    let workspace = crate::support::WORKSPACE.into();
    let may = || {
        let store = app.store();
        store.read(|conn| billing::require_message(conn, app, &workspace))
    };
    may().expect("one more");
    messages(&given, 10).await;
    assert_eq!(standing().await, (json!("LimitReached"), json!(20.0)));
    let refused = may().expect_err("none more");
    assert_eq!(refused.kind(), parlance::kernel::Kind::QuotaExceeded);
    given.server.clock.advance(31 * DAY);
    assert_eq!(standing().await.0, "OK", "a new month");
    may().expect("a new month");
    let billed = invoices(&given.server).await;
    assert_eq!(
        billed[0]["amount"], 70.0,
        "50 for the plan, 20 for messages"
    );
    let month = parlance::kernel::Month::parse("2026-03").expect("a month");
    let counted = app
        .store()
        .read(|conn| quotas::count_user_messages(conn, &workspace, month));
    assert_eq!(counted.expect("a count"), 34);
}

#[tokio::test]
async fn set_workspace_payment_method_does_what_its_name_says() {
    let server = TestServer::start().await;
    assert_answer!(
        "method_visa",
        set(&server, "pm_card_visa").await.expect(200)
    );
    let refused = set(&server, "pm_card_visa_chargeDeclined").await;
    assert_answer!("method_declined", refused.expect(200));
    let unknown = set(&server, "pm_1NXyzRealCard").await;
    assert_answer!("method_unknown", unknown.expect(400));
    let path = of_first("/billing/payment-method");
    let missing = Caller::person().put(&server, &path, json!({})).await;
    assert_answer!("method_missing", missing.expect(400));
    let details = Caller::person()
        .get(&server, &of_first("/billing/details"))
        .await;
    let method = &details.expect(200).json()["paymentMethod"];
    assert_eq!(method["lastDigits"], "4242", "the one before stays");
}

#[tokio::test]
async fn confirm_payment_method_sets_one_that_needs_it() {
    let server = TestServer::start().await;
    let answer = set(&server, "pm_card_authenticationRequired")
        .await
        .expect(200);
    assert_eq!(answer.json()["status"], "requires_action");
    assert!(answer.json()["paymentMethod"].is_null());
    let url = answer.json()["nextAction"]["redirectToUrl"].clone();
    let url = url.as_str().expect("a URL");
    let details = of_first("/billing/details");
    let method = async || {
        let answer = Caller::person().get(&server, &details).await.expect(200);
        answer.json()["paymentMethod"].clone()
    };
    assert!(method().await.is_null(), "not before");
    let broken = send(server.client.get(format!("{url}x"))).await;
    assert_answer!("confirm_broken", broken.expect(404));
    assert_answer!("confirm", send(server.client.get(url)).await.expect(200));
    assert_eq!(method().await["lastDigits"], "3184");
}

#[tokio::test]
async fn list_workspace_invoices_has_one_for_each_month() {
    let server = TestServer::start().await;
    assert_eq!(invoices(&server).await, json!([]));
    paying_with(&server, "pm_card_visa").await;
    server.clock.advance(62 * DAY);
    let mut listed = invoices(&server).await;
    for invoice in listed.as_array_mut().expect("invoices") {
        invoice["id"] = json!("[uuid]");
        invoice["pdfUrl"] = json!("[url]");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&listed).expect("JSON"));
    let free = json!({"plan": "free"});
    let path = of_first("/change-plan");
    Caller::person().put(&server, &path, free).await.expect(200);
    server.clock.advance(365 * DAY);
    let months = invoices(&server).await;
    assert_eq!(
        months.as_array().expect("invoices").len(),
        3,
        "May is the last"
    );
}

#[tokio::test]
async fn download_invoice_is_for_whoever_has_the_link() {
    let server = TestServer::start().await;
    paying_with(&server, "pm_card_visa").await;
    server.clock.advance(31 * DAY);
    let listed = invoices(&server).await;
    let url = listed[0]["pdfUrl"].as_str().expect("a URL");
    let document = send(server.client.get(url)).await.expect(200);
    assert_eq!(document.header("content-type"), Some("application/pdf"));
    assert!(document.text.starts_with("%PDF-1."), "{}", document.text);
    for line in [
        "(Plan team, 2026-03: USD 50.00)",
        "(Total: USD 50.00)",
        "(Paid on 2026-04-01)",
    ] {
        assert!(document.text.contains(line), "{line}: {}", document.text);
    }
    let without = url.split('?').next().expect("a path");
    assert_eq!(send(server.client.get(without)).await.status, 400);
    let id = listed[0]["id"].as_str().expect("an id");
    let other = url.replace(id, "00000000-0000-4000-8000-000000000000");
    let broken = send(server.client.get(other)).await;
    assert_answer!("invoice_of_another_key", broken.expect(404));
}

#[tokio::test]
async fn charge_workspace_unpaid_invoices_tries_again() {
    let server = TestServer::start().await;
    paying_with(&server, "pm_card_visa_chargeDeclinedInsufficientFunds").await;
    server.clock.advance(32 * DAY);
    let unpaid = invoices(&server).await;
    assert_eq!(unpaid[0]["paymentStatus"], "unpaid");
    assert_eq!(unpaid[0]["paymentAttemptCount"], 1);
    let next = unpaid[0]["nextPaymentAttemptDate"]
        .as_str()
        .expect("a date");
    assert!(next.starts_with("2026-04-0"), "{next}");
    let id = unpaid[0]["id"].clone();
    let failed = charge(&server, json!({"invoiceIds": [id]})).await;
    assert_answer!("charge_failed", failed.expect(200));
    set(&server, "pm_card_visa").await.expect(200);
    let charged = charge(&server, json!({})).await;
    assert_answer!("charge_paid", charged.expect(200));
    assert_eq!(invoices(&server).await[0]["paymentStatus"], "paid");
    let again = charge(&server, json!({"invoiceIds": [id]})).await;
    assert_eq!(again.expect(400).json()["type"], "ReferenceNotFound");
    let empty = charge(&server, json!({"invoiceIds": []})).await;
    assert_answer!("charge_empty", empty.expect(400));
    let (_, other) = another_workspace(&server).await;
    let path = of_first("/billing/invoices/charge-unpaid");
    let foreign = Caller::with(&other).post(&server, &path, json!({})).await;
    assert_eq!(foreign.status, 404);
}

#[tokio::test]
async fn charge_workspace_unpaid_invoices_opens_a_blocked_workspace() {
    let server = TestServer::start().await;
    paying_with(&server, "pm_card_chargeCustomerFail").await;
    server.clock.advance(31 * DAY);
    assert_eq!(invoices(&server).await[0]["paymentStatus"], "unpaid");
    for days in [3, 5, 7, 15] {
        server.clock.advance(days * DAY);
        invoices(&server).await;
    }
    let listed = invoices(&server).await;
    assert_eq!(listed[1]["paymentAttemptCount"], 4, "one and three more");
    assert!(listed[1]["nextPaymentAttemptDate"].is_null());
    let path = of_first("");
    let blocked = Caller::person().get(&server, &path).await.expect(200);
    assert_eq!(blocked.json()["blocked"], true);
    let bots = "/v1/admin/bots";
    let refused = Caller::member().post(&server, bots, json!({})).await;
    assert_answer!("blocked", refused.expect(402));
    let body = json!({"type": "shopify", "name": "shop", "config": {}});
    let aloochat = server
        .aloochat(Method::POST, "/integrations", Some(body))
        .await;
    assert_eq!(aloochat.status, 403, "in every dialect, as each says it");
    assert!(aloochat.text.contains("blocked"), "{}", aloochat.text);
    set(&server, "pm_card_visa").await.expect(200);
    charge(&server, json!({})).await.expect(200);
    let open = Caller::person().get(&server, &path).await.expect(200);
    assert_eq!(open.json()["blocked"], false);
    Caller::member()
        .post(&server, bots, json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn invoices_come_without_anyone_asking() {
    use parlance::domain::tenancy::workspaces;
    let server = TestServer::start().await;
    paying_with(&server, "pm_card_chargeCustomerFail").await;
    server.clock.advance(31 * DAY + 31 * DAY);
    let app = server.server().app();
    let workspace = crate::support::WORKSPACE.into();
    for _ in 0..1000 {
        let blocked = app
            .store()
            .read(|conn| workspaces::is_blocked(conn, &workspace));
        if blocked.expect("a workspace") {
            return;
        }
        server.clock.advance(Duration::from_secs(60));
        // It asks for nothing that is billed; it gives the server its turn.
        let path = "/v1/admin/account/me";
        Caller::person().get(&server, path).await.expect(200);
    }
    panic!("it is never blocked");
}
