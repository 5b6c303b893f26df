//! `/v1/chat` and `/v1/storage`.

mod actions;
mod analytics;
mod conversations;
mod declarations;
mod deliveries;
mod discriminators;
mod event_status;
mod events;
mod every_operation;
mod files;
mod imports;
mod incoming;
mod list_filters;
mod lists;
mod message_index;
mod messages;
mod participants;
mod quotas;
mod state_kinds;
mod states;
mod tag_values;
mod tasks;
mod users;
mod workflows;

use serde_json::{Value, json};

use crate::botpress::given::{Caller, Given};

/// A token as it stands in a query.
fn in_query(token: &str) -> String {
    token
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// The id of what an answer shows as this member.
fn id_of(answer: &crate::support::Answer, member: &str) -> String {
    answer.json()[member]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

impl Given {
    /// A new user of the integration.
    pub async fn user(&self, tag: &str) -> String {
        let body = json!({"tags": {"id": tag}, "name": "Ann"});
        let made = self
            .as_integration()
            .post(&self.server, "/v1/chat/users", body)
            .await;
        id_of(&made.expect(201), "user")
    }

    /// A new conversation of the integration.
    pub async fn conversation(&self, tag: &str) -> String {
        let body = json!({"channel": "direct", "tags": {"id": tag}});
        let path = "/v1/chat/conversations";
        let made = self.as_integration().post(&self.server, path, body).await;
        id_of(&made.expect(201), "conversation")
    }

    /// A new message of a caller.
    pub async fn message(
        &self,
        caller: &Caller,
        user: &str,
        conversation: &str,
        text: &str,
    ) -> String {
        let body = message(user, conversation, text);
        let made = caller.post(&self.server, "/v1/chat/messages", body).await;
        id_of(&made.expect(201), "message")
    }
}

/// The body of a new message.
fn message(user: &str, conversation: &str, text: &str) -> Value {
    json!({
        "userId": user, "conversationId": conversation, "type": "text",
        "payload": {"text": text}, "tags": {},
    })
}
