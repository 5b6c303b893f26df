//! Parameters in the OpenAPI document that poem does not derive.

use serde_json::{Value, json};

use super::{admin::plugins, auth, chat, files, ignored_parameters};

/// Returns the parameters that poem does not derive: the headers that name the bot or the workspace, the tag
/// filters, and the parameters without effect.
pub fn extra_parameters(path: &str, operation: &str) -> Vec<Value> {
    let header = |name: &str, required: bool, description: &str| {
        json!({
            "name": name, "in": "header", "required": required, "description": description,
            "schema": {"type": "string"},
        })
    };
    let mut parameters = Vec::new();
    let of_bots = ["/v1/chat/", "/v1/files", "/v2/cognitive/"];
    if of_bots.iter().any(|start| path.starts_with(start)) {
        parameters.push(header(auth::BOT_ID, true, "The id of the bot."));
        let text = "The id of the calling integration, if an integration calls.";
        parameters.push(header(auth::INTEGRATION_ID, false, text));
    }
    if path.starts_with("/v1/tables") {
        parameters.push(header(auth::BOT_ID, true, "The id of the bot."));
    }
    let in_workspace = [
        "/v1/admin/bots",
        "/v1/admin/integrations",
        "/v1/admin/interfaces",
        "/v1/admin/plugins",
        "/v1/admin/workspace-members",
        "/v1/admin/workspaces/preferences",
        "/v1/admin/quotas",
        "/v1/admin/activities",
    ];
    let is_link = operation == "downloadBotVersion";
    if !is_link && in_workspace.iter().any(|begin| path.starts_with(begin)) {
        parameters.push(header(auth::WORKSPACE_ID, true, "The id of the workspace."));
    }
    // poem-openapi marks every list as required.
    let optional_list = |name: &str, description: &str| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": {"type": "array", "items": {"type": "string"}},
        })
    };
    match operation {
        "listConversations" => parameters.push(optional_list(
            "participantIds",
            "Selects conversations in which all these users participate.",
        )),
        "listWorkflows" => parameters.push(optional_list(
            "statuses",
            "Selects workflows with one of these statuses.",
        )),
        "listTasks" => parameters.push(optional_list(
            "status",
            "Selects tasks with one of these statuses.",
        )),
        "listPublicWorkspaces" => parameters.push(optional_list(
            "workspaceIds",
            "Selects the workspaces with these ids.",
        )),
        "listUploadedFiles" => {
            parameters.push(optional_list("ids", "Selects the files with these ids."));
        }
        "upsertFile" => {
            let text = "The id of the user that owns the file, if a user does.";
            parameters.push(header(files::operations::USER_ID, false, text));
        }
        "copyFile" => {
            let text = "The id of the bot of the copy, if it is another one.";
            parameters.push(header(files::operations::DESTINATION_BOT_ID, false, text));
        }
        _ => {}
    }
    if ["getDereferencedPlugin", "getDereferencedPublicPluginById"].contains(&operation) {
        parameters.push(plugins::operations::interfaces_parameter());
    }
    if ["listUploadedFiles", "searchFiles", "listKnowledgeBases"].contains(&operation) {
        parameters.push(files::filter::filter_parameter());
    }
    let tagged = [
        "listUsers",
        "listConversations",
        "listMessages",
        "listWorkflows",
        "listTasks",
        "listTables",
    ];
    if tagged.contains(&operation) {
        parameters.push(chat::tags::filter_parameter());
    }
    parameters.extend(ignored_parameters::openapi_parameters(operation));
    parameters
}
