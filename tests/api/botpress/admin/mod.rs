//! `/v1/admin`.

mod account;
mod audit;
mod billing;
mod bot_extras;
mod bot_issues;
mod bot_plugins;
mod bot_reports;
mod bot_versions;
mod bots;
mod bots_delete;
mod bots_update;
mod definitions;
mod hub;
mod installations;
mod integration_checks;
mod integrations;
mod integrations_search;
mod interfaces;
mod interfaces_hub;
mod members;
pub mod people;
mod plugins;
mod preferences;
mod profiles;
mod program_keys;
mod roles;
mod tokens;
mod usage_activity;
mod usages;
mod workspaces;

use serde_json::Value;

use super::given::Caller;
use crate::support::{Answer, TestServer, WORKSPACE};

/// A member of the first workspace with this role.
async fn role(server: &TestServer, role: &str) -> Caller {
    let token = super::given::member_with(server, role).await;
    Caller::with(&token).header("x-workspace-id", WORKSPACE)
}

/// The owner of another workspace, in it.
async fn stranger(server: &TestServer) -> Caller {
    let (workspace, token) = super::given::another_workspace(server).await;
    Caller::with(&token).header("x-workspace-id", &workspace)
}

/// The answer with the address of the server and these texts redacted.
fn tidy(server: &TestServer, mut answer: Answer, texts: &[(&str, &str)]) -> Answer {
    answer.text = answer.text.replace(&server.server().url(), "http://server");
    for (text, name) in texts {
        answer.text = answer.text.replace(text, name);
    }
    answer
}

/// The text of a member.
fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
