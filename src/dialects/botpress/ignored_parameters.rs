//! Query parameters that the vendor's current documents have and this server ignores
//! (botpress-today-operations.json, and those that `@botpress/client` 1.45 adds). The OpenAPI document lists
//! them, so that clients may send them, and says that they have no effect.

use serde_json::{Value, json};

/// Type of a parameter that this server ignores.
const TEXT_TYPE: &str = "string";

/// Returns the ignored parameters of an operation: name and type.
fn list_ignored(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "listConversations" => &[("minMessageCount", "number"), ("maxMessageCount", "number")],
        "listBots" => &[
            ("tags", "object"),
            ("integrationNames", "array"),
            ("pluginNames", "array"),
            ("sortField", TEXT_TYPE),
            ("sortDirection", TEXT_TYPE),
        ],
        "listIntegrations" | "listPublicIntegrations" => &[("limit", "number")],
        "getBotLogs" => &[
            ("level", TEXT_TYPE),
            ("userId", TEXT_TYPE),
            ("workflowId", TEXT_TYPE),
            ("conversationId", TEXT_TYPE),
            ("messageContains", TEXT_TYPE),
        ],
        "getIntegrationLogs" => &[
            ("level", TEXT_TYPE),
            ("userId", TEXT_TYPE),
            ("conversationId", TEXT_TYPE),
            ("messageContains", TEXT_TYPE),
        ],
        // These lists have at most a year of months, and so only one page.
        "listUsageActivity" | "listUsageActivityDaily" => &[("nextToken", TEXT_TYPE)],
        _ => &[],
    }
}

/// Lists with a `pageSize` parameter in current clients. A page has always 20 entries here; clients continue
/// with `nextToken`.
const LISTS_WITH_PAGE_SIZE: [&str; 16] = [
    "getAuditRecords",
    "listBotIssues",
    "listBots",
    "listConversations",
    "listEvents",
    "listIntegrations",
    "listInterfaces",
    "listMessages",
    "listParticipants",
    "listPlugins",
    "listPublicIntegrations",
    "listPublicInterfaces",
    "listPublicPlugins",
    "listUsers",
    "listWorkspaceMembers",
    "listWorkspaces",
];

/// Returns the ignored parameters of an operation for the OpenAPI document.
pub fn openapi_parameters(operation: &str) -> Vec<Value> {
    let size = LISTS_WITH_PAGE_SIZE
        .contains(&operation)
        .then_some(&("pageSize", "number"));
    let parameters = list_ignored(operation)
        .iter()
        .chain(size)
        .map(|(name, kind)| {
            let mut schema = json!({"type": kind});
            if *kind == "array" {
                schema["items"] = json!({"type": "string"});
            }
            json!({
                "name": name, "in": "query", "required": false,
                "description": "Has no effect on this server.",
                "schema": schema,
            })
        });
    parameters.collect()
}
