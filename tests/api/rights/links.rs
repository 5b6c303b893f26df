//! Links and tokens that are made from a right end with it.

use reqwest::Method;
use serde_json::{Value, json};

use super::held::{count, remove_member, revoke, set_role};
use crate::{
    botpress::{
        admin::people::of_first,
        given::{Caller, Given, member_with},
    },
    support::{BOTPRESS_PAT, TestServer, send},
};
use parlance::domain::tenancy::members::Role;

const EMAIL: &str = "billing@example.localhost";

/// The link on which a payment method of the workspace is confirmed.
async fn confirmation(server: &TestServer, caller: &Caller) -> String {
    let body = json!({"stripePaymentMethodId": "pm_card_authenticationRequired"});
    let path = of_first("/billing/payment-method");
    let answer = caller.put(server, &path, body).await.expect(200).json();
    let url = answer["nextAction"]["redirectToUrl"].as_str();
    url.expect("a link").to_owned()
}

async fn status(server: &TestServer, url: &str) -> u16 {
    send(server.client.get(url)).await.status.as_u16()
}

#[tokio::test]
async fn a_confirmation_ends_with_key_role_and_membership_of_its_maker() {
    let server = TestServer::start().await;
    let token = member_with(&server, "billing").await;
    let caller = Caller::with(&token);
    let link = confirmation(&server, &caller).await;
    set_role(&server, EMAIL, Role::Viewer).await;
    assert_eq!(status(&server, &link).await, 404);
    set_role(&server, EMAIL, Role::Billing).await;
    remove_member(&server, EMAIL).await;
    assert_eq!(status(&server, &link).await, 404);
    let link = confirmation(&server, &Caller::person()).await;
    assert_eq!(status(&server, &link).await, 200);
    revoke(&server, BOTPRESS_PAT).await;
    assert_eq!(status(&server, &link).await, 404);
}

#[tokio::test]
async fn the_document_of_an_invoice_ends_with_them_too() {
    let server = TestServer::start().await;
    let person = Caller::person();
    let body = json!({"stripePaymentMethodId": "pm_card_visa"});
    let path = of_first("/billing/payment-method");
    person.put(&server, &path, body).await.expect(200);
    let path = of_first("/change-plan");
    let premium = json!({"plan": "premium"});
    person.put(&server, &path, premium).await.expect(200);
    server
        .clock
        .advance(std::time::Duration::from_secs(32 * 86_400));
    let token = member_with(&server, "billing").await;
    let path = of_first("/billing/invoices");
    let listed = Caller::with(&token).get(&server, &path).await.expect(200);
    let url: Value = listed.json()["invoices"][0]["pdfUrl"].clone();
    let url = url.as_str().expect("a link");
    assert_eq!(status(&server, url).await, 200);
    remove_member(&server, EMAIL).await;
    assert_eq!(status(&server, url).await, 404);
}

#[tokio::test]
async fn a_viewer_reads_a_chat_and_switches_none_on() {
    let given = Given::new().await;
    let server = &given.server;
    let viewer = member_with(server, "viewer").await;
    let viewer = Caller::with(&viewer).header("x-workspace-id", crate::support::WORKSPACE);
    let path = format!("/v1/admin/bots/{}/webchat?type=sharableUrl", given.bot.id);
    let installed = count(server, "bot_integrations");
    viewer.get(server, &path).await.expect(403);
    assert_eq!(count(server, "bot_integrations"), installed);
    Caller::member().get(server, &path).await.expect(200);
    let page = format!("/chat/{}", given.bot.id);
    send(server.request(Method::GET, &page)).await.expect(200);
    viewer.get(server, &path).await.expect(200);
}
