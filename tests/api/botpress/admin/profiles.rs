//! Handles and public profiles of workspaces, and changes of accounts.

use serde_json::json;

use super::{
    people::{of_first, open, with_role},
    stranger, text,
};
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{TestServer, WORKSPACE, assert_answer},
};

const AVAILABILITY: &str = "/v1/admin/workspaces/handle-availability";
const PUBLIC: &str = "/v1/admin/workspaces/public";
const ME: &str = "/v1/admin/account/me";

#[tokio::test]
async fn check_handle_availability_tells_what_update_workspace_would_do() {
    let server = TestServer::start().await;
    let check = async |caller: &Caller, handle: &str| {
        caller
            .put(&server, AVAILABILITY, json!({"handle": handle}))
            .await
    };
    let person = Caller::person();
    let free = check(&person, "acme").await.expect(200).json();
    assert_eq!(free, json!({"available": true, "suggestions": []}));
    let taken = person
        .put(&server, &of_first(""), json!({"handle": "acme"}))
        .await;
    assert_eq!(taken.expect(200).json()["handle"], "acme");
    let answer = check(&person, "acme").await.expect(200);
    assert_answer!("check_handle_availability", answer);
    // Who is no member does not learn whose it is.
    let (workspace, token) = another_workspace(&server).await;
    let other = Caller::with(&token);
    let seen = check(&other, "acme").await.expect(200).json();
    assert_eq!(seen["usedBy"], json!(null));
    let path = format!("/v1/admin/workspaces/{workspace}");
    let refused = other.put(&server, &path, json!({"handle": "acme"})).await;
    assert_answer!("update_workspace_taken_handle", refused.expect(409));
    let suggestion = text(&seen["suggestions"][0]);
    let taken = other
        .put(&server, &path, json!({"handle": suggestion}))
        .await;
    taken.expect(200);
    for bad in ["", "A", "-acme", "a b", &"x".repeat(65)] {
        check(&person, bad).await.expect(400);
    }
    let malformed = check(&person, "Acme").await;
    assert_answer!("check_handle_malformed", malformed.expect(400));
    check(&Caller::with("bp_pat_unknown"), "acme")
        .await
        .expect(401);
}

#[tokio::test]
async fn update_workspace_keeps_its_own_handle_and_lists_by_it() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    for _ in 0..2 {
        let body = json!({"handle": "acme"});
        caller.put(&server, &of_first(""), body).await.expect(200);
    }
    let listed = caller
        .get(&server, "/v1/admin/workspaces?handle=acme")
        .await;
    assert_eq!(listed.expect(200).json()["workspaces"][0]["id"], WORKSPACE);
    let billing = with_role(&server, "billing").await;
    let body = json!({"handle": "other"});
    billing.put(&server, &of_first(""), body).await.expect(403);
}

#[tokio::test]
async fn list_public_workspaces_shows_only_those_that_are_public() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    let second = open(&server, "Second").await;
    let list = async |query: &str| {
        let path = format!("{PUBLIC}{query}");
        let listed = caller.get(&server, &path).await.expect(200);
        listed.json()["workspaces"]
            .as_array()
            .expect("a list")
            .clone()
    };
    assert!(list("").await.is_empty());
    let path = format!("/v1/admin/workspaces/{second}");
    let body = json!({
        "isPublic": true, "about": "Trains", "contactEmail": "a@example.localhost",
        "website": "https://example.localhost", "socialAccounts": ["https://example.localhost/a"],
        "profilePicture": "https://example.localhost/a.png",
    });
    let changed = caller.put(&server, &path, body).await;
    assert_answer!("update_workspace_profile", changed.expect(200));
    assert_eq!(list("").await.len(), 1);
    assert_eq!(list("?search=SECO").await.len(), 1);
    assert_eq!(list("?search=third").await.len(), 0);
    assert_eq!(
        list(&format!("?workspaceIds={second}&workspaceIds=x"))
            .await
            .len(),
        1
    );
    assert_eq!(list(&format!("?workspaceIds={WORKSPACE}")).await.len(), 0);
    let many = "workspaceIds=x&".repeat(101);
    caller
        .get(&server, &format!("{PUBLIC}?{many}"))
        .await
        .expect(400);
    caller
        .put(&server, &path, json!({"isPublic": false}))
        .await
        .expect(200);
    assert!(list("").await.is_empty());
    let six = json!({"socialAccounts": ["a", "b", "c", "d", "e", "f"]});
    caller.put(&server, &path, six).await.expect(400);
    let long = json!({"socialAccounts": ["x".repeat(10_001)]});
    caller.put(&server, &path, long).await.expect(400);
}

#[tokio::test]
async fn get_public_workspace_is_for_everyone_with_an_account() {
    let server = TestServer::start().await;
    let (_, token) = another_workspace(&server).await;
    let other = Caller::with(&token);
    let hidden = other.get(&server, &of_first("/public")).await;
    assert_answer!("get_public_workspace_hidden", hidden.expect(404));
    let body = json!({"isPublic": true, "about": "Trains"});
    Caller::person()
        .put(&server, &of_first(""), body)
        .await
        .expect(200);
    let shown = other.get(&server, &of_first("/public")).await;
    assert_answer!("get_public_workspace", shown.expect(200));
    let unknown = Caller::with("bp_pat_unknown");
    unknown.get(&server, &of_first("/public")).await.expect(401);
}

#[tokio::test]
async fn get_workspace_member_shows_who_calls() {
    let server = TestServer::start().await;
    let path = "/v1/admin/workspace-members/me";
    let own = Caller::member().get(&server, path).await;
    assert_answer!("get_workspace_member", own.expect(200));
    let viewer = with_role(&server, "viewer").await;
    let own = viewer.get(&server, path).await.expect(200).json();
    assert_eq!(own["role"], "viewer");
    let stranger = stranger(&server).await;
    let intruder = Caller::with(&stranger.token).header("x-workspace-id", WORKSPACE);
    intruder.get(&server, path).await.expect(403);
    Caller::person().get(&server, path).await.expect(400);
}

#[tokio::test]
async fn update_account_changes_what_others_see() {
    let server = TestServer::start().await;
    let caller = Caller::person();
    let body = json!({"displayName": "Ann", "profilePicture": "https://a.localhost/a.png", "refresh": true});
    let changed = caller.put(&server, ME, body).await;
    assert_answer!("update_account", changed.expect(200));
    let kept = caller.put(&server, ME, json!({})).await.expect(200).json();
    assert_eq!(kept["account"]["displayName"], "Ann");
    let found = caller.get(&server, ME).await.expect(200).json();
    assert_eq!(found, kept);
    let member = Caller::member()
        .get(&server, "/v1/admin/workspace-members/me")
        .await;
    assert_eq!(member.expect(200).json()["displayName"], "Ann");
    let long = caller
        .put(&server, ME, json!({"displayName": "x".repeat(101)}))
        .await;
    assert_answer!("update_account_long", long.expect(400));
    let given = Given::on(server).await;
    let bot = Caller::with(&given.bot_token);
    bot.put(&given.server, ME, json!({})).await.expect(403);
    let unknown = Caller::with("bp_pat_unknown");
    unknown.put(&given.server, ME, json!({})).await.expect(401);
}

#[tokio::test]
async fn delete_account_ends_its_tokens_and_memberships() {
    let server = TestServer::start().await;
    let member = with_role(&server, "developer").await;
    let deleted = member.post(&server, ME, json!({})).await;
    assert_eq!(deleted.expect(200).json(), json!({}));
    member.get(&server, ME).await.expect(401);
    let members = Caller::member()
        .get(&server, "/v1/admin/workspace-members")
        .await;
    assert_eq!(
        members.expect(200).json()["members"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    // The only owner would leave a workspace behind.
    let (_, token) = another_workspace(&server).await;
    let owner = Caller::with(&token);
    let refused = owner.post(&server, ME, json!({})).await;
    assert_answer!("delete_account_only_owner", refused.expect(409));
    owner.get(&server, ME).await.expect(200);
    let first = Caller::person().post(&server, ME, json!({})).await;
    assert_answer!("delete_account_first", first.expect(403));
}
