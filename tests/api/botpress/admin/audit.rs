//! Audit records.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{membership, of_first, with_role};
use crate::{
    botpress::given::Caller,
    support::{TestServer, assert_answer},
};

async fn actions(server: &TestServer) -> Vec<Value> {
    let path = of_first("/audit-records");
    let answer = Caller::person().get(server, &path).await.expect(200).json();
    let records = answer["records"].as_array().expect("records").clone();
    records
        .into_iter()
        .map(|record| record["action"].clone())
        .collect()
}

#[tokio::test]
async fn get_audit_records_tells_who_changed_what() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    let path = of_first("/audit-records");
    assert_answer!(
        "audit_of_the_start",
        caller.get(&server, &path).await.expect(200)
    );
    let put = async |rest: &str, body: Value| {
        caller.put(&server, &of_first(rest), body).await.expect(200);
    };
    put("", json!({"name": "Ours"})).await;
    put("", json!({"spendingLimit": 10})).await;
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    put("/billing/payment-method", method).await;
    put("/change-plan", json!({"plan": "premium"})).await;
    put("/change-plan", json!({"plan": "free"})).await;
    let members = "/v1/admin/workspace-members";
    let member = Caller::member();
    let body = json!({"email": "a@example.localhost", "role": "viewer"});
    member.post(&server, members, body).await.expect(200);
    let id = membership(&server, "a@example.localhost").await;
    let one = format!("{members}/{id}");
    member
        .put(&server, &one, json!({"role": "manager"}))
        .await
        .expect(200);
    member.delete(&server, &one).await.expect(200);
    member
        .post(&server, "/v1/admin/bots", json!({"name": "b"}))
        .await
        .expect(200);
    let body = json!({"type": "shopify", "name": "shop", "config": {}});
    server
        .aloochat(Method::POST, "/integrations", Some(body))
        .await;
    assert_eq!(
        actions(&server).await[..10],
        [
            "UNKNOWN",
            "CREATE_BOT",
            "REMOVE_WORKSPACE_MEMBER",
            "UPDATE_WORKSPACE_MEMBER",
            "ADD_WORKSPACE_MEMBER",
            "DOWNGRADE_WORKSPACE_PLAN",
            "UPGRADE_WORKSPACE_PLAN",
            "UPDATE_PAYMENT_METHOD",
            "SET_SPENDING_LIMIT",
            "UPDATE_WORKSPACE",
        ]
    );
    let newest = caller.get(&server, &path).await.expect(200).json();
    let made = &newest["records"][1];
    assert_eq!(made["userEmail"], "owner@example.localhost");
    assert!(
        newest["records"][0]["userId"].is_null(),
        "not a person's key"
    );
}

#[tokio::test]
async fn get_audit_records_goes_page_by_page() {
    let server = TestServer::start().await;
    for number in 0..25 {
        let body = json!({"name": format!("name {number}")});
        Caller::person()
            .put(&server, &of_first(""), body)
            .await
            .expect(200);
    }
    let path = of_first("/audit-records");
    let first = Caller::person()
        .get(&server, &path)
        .await
        .expect(200)
        .json();
    assert_eq!(first["records"].as_array().expect("records").len(), 20);
    assert_eq!(first["records"][0]["resourceName"], "name 24");
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::person()
        .get(&server, &format!("{path}?nextToken={token}"))
        .await
        .expect(200)
        .json();
    assert_eq!(second["records"][0]["resourceName"], "name 4");
    assert_eq!(second["meta"], json!({}));
}

#[tokio::test]
async fn get_audit_records_is_for_managers() {
    let server = TestServer::start().await;
    let developer = with_role(&server, "developer").await;
    let answer = developer.get(&server, &of_first("/audit-records")).await;
    assert_answer!(answer.expect(403));
}
