//! Rights are compared in the transaction of the change too, whatever lies between it and the admission.

use parlance::{
    domain::{
        bots::manage::{self, NewBot},
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            audit::Actor,
            members::{self, Role},
            request_auth::AuthScope,
            workspaces,
        },
    },
    kernel::Kind,
};

use super::held::{count, remove_member, revoke, set_role};
use crate::{
    botpress::given::member_with,
    support::{BOTPRESS_PAT, OPERATOR_KEY, TestServer, WORKSPACE},
};

const EMAIL: &str = "administrator@example.localhost";

#[tokio::test]
async fn a_change_is_refused_as_a_new_call_would_be() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let token = member_with(&server, "administrator").await;
    let admit = || {
        let place = AuthScope::Workspace(WORKSPACE);
        app.admit_in_scope(
            &place,
            &token,
            &[KeyKind::BotpressPat],
            ApiClass::BotpressAdmin,
        )
    };
    let invite = async |call: parlance::domain::tenancy::request_auth::RequestContext| {
        let invited = members::invite(&call, "guest@example.localhost".to_owned(), Role::Manager);
        invited.await.expect_err("a refusal").kind()
    };
    let call = admit().expect("a call");
    set_role(&server, EMAIL, Role::Viewer).await;
    assert_eq!(invite(call).await, Kind::Forbidden);
    set_role(&server, EMAIL, Role::Administrator).await;
    let (one, other) = (admit().expect("a call"), admit().expect("a call"));
    remove_member(&server, EMAIL).await;
    assert_eq!(invite(one).await, Kind::Forbidden);
    revoke(&server, &token).await;
    assert_eq!(invite(other).await, Kind::Unauthenticated);
    assert_eq!(count(&server, "members"), 1);
}

#[tokio::test]
async fn a_role_that_is_lost_between_two_checks_does_not_count() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let token = member_with(&server, "administrator").await;
    let place = AuthScope::Workspace(WORKSPACE);
    let call = app.admit_in_scope(
        &place,
        &token,
        &[KeyKind::BotpressPat],
        ApiClass::BotpressAdmin,
    );
    let call = call.expect("a call");
    // The extractor of an operation has asked for the role; the change itself asks for nothing.
    call.require_role(Role::Developer).expect("a developer");
    set_role(&server, EMAIL, Role::Viewer).await;
    let made = manage::create(&call, NewBot::default()).await;
    assert_eq!(made.expect_err("a refusal").kind(), Kind::Forbidden);
    assert_eq!(count(&server, "bots"), 0);
}

#[tokio::test]
async fn a_workspace_that_is_blocked_meanwhile_is_not_changed() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let place = AuthScope::Workspace(WORKSPACE);
    let kinds = [KeyKind::BotpressPat];
    let call = app.admit_in_scope(&place, BOTPRESS_PAT, &kinds, ApiClass::BotpressAdmin);
    let call = call.expect("a call");
    let blocked = app.run_write_tx_as(Actor::Operator, |change| {
        workspaces::set_blocked(change, &WORKSPACE.into(), true)
    });
    blocked.await.expect("it is blocked");
    let made = manage::create(&call, NewBot::default()).await;
    assert_eq!(made.expect_err("a refusal").kind(), Kind::PaymentRequired);
}

#[tokio::test]
async fn calls_outside_of_a_workspace_are_compared_too() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let person = app.admit_account(BOTPRESS_PAT).expect("a person");
    let operator = app.admit_operator(OPERATOR_KEY).expect("the operator");
    revoke(&server, BOTPRESS_PAT).await;
    revoke(&server, OPERATOR_KEY).await;
    let opened = workspaces::create_owned(&person, "Another".to_owned()).await;
    assert_eq!(opened.expect_err("a refusal").kind(), Kind::Unauthenticated);
    let changed = operator.run_write_tx(|_| Ok(())).await;
    assert_eq!(
        changed.expect_err("a refusal").kind(),
        Kind::Unauthenticated
    );
}

#[tokio::test]
async fn what_others_lose_takes_nothing_from_a_call() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let token = member_with(&server, "administrator").await;
    let place = AuthScope::Workspace(WORKSPACE);
    let kinds = [KeyKind::BotpressPat];
    let call = app.admit_in_scope(&place, BOTPRESS_PAT, &kinds, ApiClass::BotpressAdmin);
    let call = call.expect("a call");
    revoke(&server, &token).await;
    manage::create(&call, NewBot::default())
        .await
        .expect("a bot");
}
