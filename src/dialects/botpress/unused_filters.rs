//! Query parameters that the vendor's current documents have and this server does not act on. They are listed,
//! so that clients may send them, and say that they have no effect (botpress-today-operations.json).

use serde_json::{Value, json};

/// Text that is not looked at.
const TEXT: &str = "string";

/// The parameters of an operation that have no effect, with their types.
fn of(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "listConversations" => &[
            ("sortField", TEXT),
            ("sortDirection", TEXT),
            ("afterDate", TEXT),
            ("beforeDate", TEXT),
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

/// These parameters as the document shows them.
pub fn parameters(operation: &str) -> Vec<Value> {
    let parameters = of(operation).iter().map(|(name, kind)| {
        json!({
            "name": name, "in": "query", "required": false,
            "description": "Without effect on this server.",
            "schema": {"type": kind},
        })
    });
    parameters.collect()
}
