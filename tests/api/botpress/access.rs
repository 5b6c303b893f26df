//! Who may act where: tokens, and the headers that name a bot, an integration or a workspace.

use reqwest::Method;
use serde_json::json;

use super::given::{Caller, Given, another_workspace, make_bot, make_integration};
use crate::support::{WORKSPACE, assert_answer};

#[tokio::test]
async fn a_bot_must_be_named_and_the_tokens_own() {
    let given = Given::new().await;
    let server = &given.server;
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let (path, own, bot) = ("/v1/chat/users/x", &given.bot_token, given.bot.id.as_str());
    let missing = Caller::with(own).get(server, path).await;
    assert_answer!("no_bot", missing.expect(400));
    let foreign = Caller::with(own).header("x-bot-id", other.id.as_str());
    assert_answer!("foreign_bot", foreign.get(server, path).await.expect(403));
    let unknown = Caller::person().header("x-bot-id", "none");
    assert_answer!("unknown_bot", unknown.get(server, path).await.expect(403));
    let nobody = server.request(Method::GET, path).header("x-bot-id", bot);
    assert_answer!("no_token", crate::support::send(nobody).await.expect(401));
}

#[tokio::test]
async fn an_integration_must_be_named_and_installed() {
    let given = Given::new().await;
    let server = &given.server;
    let other = make_integration(server, WORKSPACE, "other", "0.1.0").await;
    let (path, token, bot) = (
        "/v1/chat/users/x",
        &given.integration_token,
        given.bot.id.as_str(),
    );
    let unnamed = Caller::with(token).header("x-bot-id", bot);
    assert_answer!(
        "no_integration",
        unnamed.get(server, path).await.expect(400)
    );
    let wrong = unnamed
        .clone()
        .header("x-integration-id", other.id.as_str());
    assert_eq!(wrong.get(server, path).await.status, 403);
    let not_installed = Caller::person()
        .header("x-bot-id", bot)
        .header("x-integration-id", other.id.as_str());
    assert_eq!(not_installed.get(server, path).await.status, 403);
    let elsewhere = make_bot(server, WORKSPACE, Default::default()).await;
    let elsewhere = Caller::with(token)
        .header("x-bot-id", elsewhere.id.as_str())
        .header("x-integration-id", given.integration.id.as_str());
    assert_eq!(elsewhere.get(server, path).await.status, 403);
    let bot = given
        .as_bot()
        .header("x-integration-id", given.integration.id.as_str());
    assert_eq!(bot.get(server, path).await.status, 403);
    let person = given
        .as_person()
        .header("x-integration-id", given.integration.id.as_str());
    assert_eq!(person.get(server, path).await.status, 404);
}

#[tokio::test]
async fn another_workspace_does_not_reach_a_bot() {
    let given = Given::new().await;
    let (_, token) = another_workspace(&given.server).await;
    let other = Caller::with(&token).header("x-bot-id", given.bot.id.as_str());
    let body = json!({"tags": {}});
    let answer = other.post(&given.server, "/v1/chat/users", body).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn what_is_no_operation_is_no_method() {
    let given = Given::new().await;
    let server = &given.server;
    let caller = given.as_bot();
    for (method, path) in [
        (Method::GET, "/v1/chat/nothing"),
        (Method::DELETE, "/v1/chat/users"),
        (Method::GET, "/v1/admin/nothing"),
        (Method::GET, "/v1/storage/nothing/at/all"),
    ] {
        let answer = caller.call(server, method, path, None).await;
        assert_eq!(answer.json()["type"], "MethodNotFound", "{path}");
        assert_eq!(answer.status, 405);
    }
}

#[tokio::test]
async fn a_get_may_have_a_body() {
    let given = Given::new().await;
    let path = format!("/v1/chat/users/{}", given.bot.id);
    let request = given
        .server
        .request(Method::GET, &path)
        .header("authorization", format!("Bearer {}", given.bot_token))
        .header("x-bot-id", given.bot.id.as_str());
    let with_body = request.try_clone().expect("a copy").json(&json!({}));
    assert_eq!(crate::support::send(with_body).await.status, 200);
    let of_another_type = request.header("content-type", "text/plain").body("x");
    assert_eq!(crate::support::send(of_another_type).await.status, 200);
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let given = Given::new().await;
    let request = given
        .server
        .request(Method::POST, "/v1/chat/users")
        .header("authorization", format!("Bearer {}", given.bot_token))
        .header("x-bot-id", given.bot.id.as_str())
        .header("content-type", "text/plain")
        .body("tags");
    assert_answer!(crate::support::send(request).await.expect(415));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let given = Given::new().await;
    let long = "x".repeat(given.server.config.server.body_limit_bytes);
    let body = json!({"tags": {}, "name": long});
    let answer = given
        .as_bot()
        .post(&given.server, "/v1/chat/users", body)
        .await;
    assert_answer!(answer.expect(413));
}

#[tokio::test]
async fn what_takes_an_access_away_counts_at_once() {
    use parlance::domain::tenancy::{
        audit::Actor,
        members::{self, Role},
    };
    let given = Given::new().await;
    let server = &given.server;
    let token = super::given::member_with(server, "developer").await;
    let person = Caller::with(&token).header("x-bot-id", given.bot.id.as_str());
    let new_user = || person.post(server, "/v1/chat/users", json!({"tags": {}}));
    assert_eq!(new_user().await.status, 201);
    let account = server.server().app().store().read(|conn| {
        parlance::domain::tenancy::accounts::find_by_email(conn, "developer@example.localhost")
    });
    let account = account.expect("an account").id;
    let id = account.clone();
    let demoted = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            members::set_role(change, &WORKSPACE.into(), &id, Role::Viewer)
        });
    demoted.await.expect("a viewer");
    assert_eq!(new_user().await.json()["type"], "Forbidden");
    let removed = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            members::remove(change, &WORKSPACE.into(), &account)
        });
    removed.await.expect("no member");
    let path = format!("/v1/chat/users/{}", given.bot.id);
    assert_eq!(person.get(server, &path).await.status, 403);
}
