//! People with workspaces, for the tests of this folder.

use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, member_with},
    support::{TestServer, WORKSPACE},
};

/// The path of something of the first workspace.
pub fn of_first(rest: &str) -> String {
    format!("/v1/admin/workspaces/{WORKSPACE}{rest}")
}

/// A new workspace of the first account.
pub async fn open(server: &TestServer, name: &str) -> String {
    let body = json!({"name": name});
    let made = Caller::person()
        .post(server, "/v1/admin/workspaces", body)
        .await;
    let made: Value = made.expect(200).json();
    made["id"].as_str().expect("an id").to_owned()
}

/// A member of the first workspace with this role.
pub async fn with_role(server: &TestServer, role: &str) -> Caller {
    Caller::with(&member_with(server, role).await).header("x-workspace-id", WORKSPACE)
}

/// The id of the membership of the account with this address in the first workspace.
pub async fn membership(server: &TestServer, email: &str) -> String {
    let listed = Caller::member()
        .get(server, "/v1/admin/workspace-members")
        .await;
    let listed = listed.expect(200).json();
    let members = listed["members"].as_array().expect("members");
    let found = members.iter().find(|member| member["email"] == email);
    let id = found.expect("a member")["id"].as_str();
    id.expect("an id").to_owned()
}
