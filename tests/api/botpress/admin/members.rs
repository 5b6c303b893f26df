//! Members of workspaces.

use serde_json::{Value, json};

use super::people::{membership, with_role};
use crate::{
    botpress::given::{Caller, another_workspace},
    support::{TestServer, WORKSPACE, assert_answer},
};

const PATH: &str = "/v1/admin/workspace-members";

fn one(id: &str) -> String {
    format!("{PATH}/{id}")
}

#[tokio::test]
async fn create_workspace_member_finds_the_account() {
    let server = TestServer::start().await;
    let (_, token) = another_workspace(&server).await;
    let body = json!({"email": "Other@example.localhost", "role": "developer"});
    let made = Caller::member().post(&server, PATH, body).await.expect(200);
    assert_answer!("create_member", made);
    let member = Caller::with(&token).header("x-workspace-id", WORKSPACE);
    member.get(&server, PATH).await.expect(200);
}

#[tokio::test]
async fn create_workspace_member_makes_an_account_if_there_is_none() {
    use parlance::domain::tenancy::{
        accounts,
        api_keys::{KeyKind, KeyOwner},
    };
    let server = TestServer::start().await;
    let body = json!({"email": "new@example.localhost", "role": "viewer"});
    let made = Caller::member().post(&server, PATH, body).await.expect(200);
    let app = server.server().app();
    let account = app
        .store()
        .read(|conn| accounts::find_by_email(conn, "new@example.localhost"))
        .expect("an account");
    assert_eq!(made.json()["userId"], account.id.as_str());
    // What the operator does: `parlance key create --api botpress-pat --account new@example.localhost`.
    let kind = KeyKind::BotpressPat;
    let token = crate::botpress::given::token(&server, kind, KeyOwner::Account(account.id)).await;
    let member = Caller::with(&token).header("x-workspace-id", WORKSPACE);
    member.get(&server, PATH).await.expect(200);
}

#[tokio::test]
async fn create_workspace_member_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    for (name, status, body) in [
        ("missing", 400, json!({"email": "a@example.localhost"})),
        ("email", 400, json!({"email": "nobody", "role": "viewer"})),
        (
            "role",
            400,
            json!({"email": "a@example.localhost", "role": "king"}),
        ),
        (
            "twice",
            409,
            json!({"email": "owner@example.localhost", "role": "viewer"}),
        ),
    ] {
        let answer = Caller::member().post(&server, PATH, body).await;
        insta::assert_snapshot!(
            format!("create_member_{name}"),
            answer.expect(status).shown()
        );
    }
}

#[tokio::test]
async fn create_workspace_member_gives_no_role_above_ones_own() {
    let server = TestServer::start().await;
    let manager = with_role(&server, "manager").await;
    let body = |role| json!({"email": "a@example.localhost", "role": role});
    let above = manager.post(&server, PATH, body("owner")).await;
    assert_answer!("create_member_above", above.expect(403));
    manager
        .post(&server, PATH, body("manager"))
        .await
        .expect(200);
    let developer = with_role(&server, "developer").await;
    let refused = developer.post(&server, PATH, body("viewer")).await;
    assert_answer!("create_member_by_developer", refused.expect(403));
}

#[tokio::test]
async fn create_workspace_member_stops_at_the_quota() {
    let server = TestServer::with(|config| config.plans.community.members = 1).await;
    let body = json!({"email": "a@example.localhost", "role": "viewer"});
    let answer = Caller::member().post(&server, PATH, body).await;
    assert_answer!(answer.expect(403));
}

#[tokio::test]
async fn list_workspace_members_goes_page_by_page() {
    let server = TestServer::start().await;
    for number in 0..21 {
        let email = format!("member-{number:02}@example.localhost");
        let body = json!({"email": email, "role": "viewer"});
        Caller::member().post(&server, PATH, body).await.expect(200);
    }
    let first = Caller::member().get(&server, PATH).await.expect(200).json();
    let emails = |page: &Value| -> Vec<String> {
        let members = page["members"].as_array().expect("members").iter();
        members.map(|one| one["email"].to_string()).collect()
    };
    assert_eq!(emails(&first).len(), 20);
    assert_eq!(emails(&first)[0], "\"member-20@example.localhost\"");
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::member()
        .get(&server, &format!("{PATH}?nextToken={token}"))
        .await;
    assert_answer!(second.expect(200));
}

#[tokio::test]
async fn update_workspace_member_gives_another_role() {
    let server = TestServer::start().await;
    let viewer = with_role(&server, "viewer").await;
    let id = membership(&server, "viewer@example.localhost").await;
    let body = json!({"role": "manager"});
    let refused = viewer.put(&server, &one(&id), body.clone()).await;
    assert_eq!(refused.status, 403, "oneself");
    let changed = Caller::member().put(&server, &one(&id), body).await;
    assert_answer!("update_member", changed.expect(200));
    let same = Caller::member().put(&server, &one(&id), json!({})).await;
    assert_eq!(same.expect(200).json()["role"], "manager");
    let body = json!({"email": "a@example.localhost", "role": "viewer"});
    viewer.post(&server, PATH, body).await.expect(200);
    let owner = membership(&server, "owner@example.localhost").await;
    let above = viewer
        .put(&server, &one(&owner), json!({"role": "viewer"}))
        .await;
    assert_answer!("update_member_above", above.expect(403));
    let last = Caller::member()
        .put(&server, &one(&owner), json!({"role": "viewer"}))
        .await;
    assert_answer!("update_member_last_owner", last.expect(403));
    let missing = Caller::member()
        .put(&server, &one("none"), json!({"role": "viewer"}))
        .await;
    assert_answer!("update_member_missing", missing.expect(404));
}

#[tokio::test]
async fn delete_workspace_member_takes_the_rights_at_once() {
    let server = TestServer::start().await;
    let developer = with_role(&server, "developer").await;
    developer.get(&server, PATH).await.expect(200);
    let id = membership(&server, "developer@example.localhost").await;
    let (workspace, token) = another_workspace(&server).await;
    let other = Caller::with(&token).header("x-workspace-id", &workspace);
    let foreign = other.delete(&server, &one(&id)).await;
    assert_eq!(foreign.status, 404, "another workspace's member");
    let removed = Caller::member().delete(&server, &one(&id)).await;
    assert_eq!(removed.expect(200).text, "{}");
    assert_eq!(developer.get(&server, PATH).await.status, 403);
    let again = Caller::member().delete(&server, &one(&id)).await;
    assert_answer!(again.expect(404));
}

#[tokio::test]
async fn delete_workspace_member_lets_everyone_leave_but_the_last_owner() {
    let server = TestServer::start().await;
    let viewer = with_role(&server, "viewer").await;
    let other = membership(&server, "owner@example.localhost").await;
    assert_eq!(viewer.delete(&server, &one(&other)).await.status, 403);
    let own = membership(&server, "viewer@example.localhost").await;
    viewer.delete(&server, &one(&own)).await.expect(200);
    let last = Caller::member().delete(&server, &one(&other)).await;
    assert_answer!("delete_member_last_owner", last.expect(403));
}
