//! Query parameters that the vendor's current documents have and this server ignores
//! (botpress-today-operations.json, and those that `@botpress/client` 1.45 adds). The OpenAPI document lists
//! them, so that clients may send them, and says that they have no effect.

use serde_json::{Value, json};

/// Type of a parameter that this server ignores.
const TEXT: &str = "string";

/// Returns the ignored parameters of an operation: name and type.
fn of(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "listConversations" => &[
            ("sortField", TEXT),
            ("sortDirection", TEXT),
            ("afterDate", TEXT),
            ("beforeDate", TEXT),
            ("minMessageCount", "number"),
            ("maxMessageCount", "number"),
        ],
        "listEvents" => &[("workflowId", TEXT), ("status", TEXT)],
        "listMessages" => &[("afterDate", TEXT), ("beforeDate", TEXT)],
        "listUsers" => &[
            ("afterDate", TEXT),
            ("beforeDate", TEXT),
            ("rangeField", TEXT),
            ("sortField", TEXT),
            ("sortDirection", TEXT),
        ],
        "listBots" => &[
            ("tags", "object"),
            ("integrationNames", "array"),
            ("pluginNames", "array"),
            ("sortField", TEXT),
            ("sortDirection", TEXT),
        ],
        "listIntegrations" => &[
            ("limit", "number"),
            ("interfaceId", TEXT),
            ("interfaceName", TEXT),
            ("installedByBotId", TEXT),
            ("verificationStatus", TEXT),
            ("search", TEXT),
            ("sortBy", TEXT),
            ("direction", TEXT),
            ("visibility", TEXT),
        ],
        "listPublicIntegrations" => &[
            ("limit", "number"),
            ("interfaceId", TEXT),
            ("interfaceName", TEXT),
            ("installedByBotId", TEXT),
            ("verificationStatus", TEXT),
            ("search", TEXT),
            ("sortBy", TEXT),
            ("direction", TEXT),
        ],
        "getBotLogs" => &[
            ("level", TEXT),
            ("userId", TEXT),
            ("workflowId", TEXT),
            ("conversationId", TEXT),
            ("messageContains", TEXT),
        ],
        "getIntegrationLogs" => &[
            ("level", TEXT),
            ("userId", TEXT),
            ("conversationId", TEXT),
            ("messageContains", TEXT),
        ],
        _ => &[],
    }
}

/// Lists with a `pageSize` parameter in current clients. A page has always 20 entries here; clients continue
/// with `nextToken`.
const PAGED: [&str; 12] = [
    "getAuditRecords",
    "listBotIssues",
    "listBots",
    "listConversations",
    "listEvents",
    "listIntegrations",
    "listMessages",
    "listParticipants",
    "listPublicIntegrations",
    "listUsers",
    "listWorkspaceMembers",
    "listWorkspaces",
];

/// Returns the ignored parameters of an operation for the OpenAPI document.
pub fn parameters(operation: &str) -> Vec<Value> {
    let size = PAGED
        .contains(&operation)
        .then_some(&("pageSize", "number"));
    let parameters = of(operation).iter().chain(size).map(|(name, kind)| {
        let mut schema = json!({"type": kind});
        if *kind == "array" {
            schema["items"] = json!({"type": "string"});
        }
        json!({
            "name": name, "in": "query", "required": false,
            "description": "Without effect on this server.",
            "schema": schema,
        })
    });
    parameters.collect()
}
