//! The event types that endpoints can subscribe to (ada.md §4), each with an example of its data.

use serde_json::{Value, json};

/// A type of event.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// Name of the event type.
    pub name: &'static str,
    /// Description for people: when the event occurs.
    pub description: &'static str,
    example: fn() -> Value,
}

impl EventType {
    /// Returns the event type with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        EVENT_TYPES.iter().find(|known| known.name == name)
    }

    /// Returns an example of the event's `data`.
    #[must_use]
    pub fn example(&self) -> Value {
        (self.example)()
    }
}

/// All event types.
pub const EVENT_TYPES: &[EventType] = &[
    EventType {
        name: "v1.end_user.created",
        description: "An end user was created.",
        example: sample_end_user,
    },
    EventType {
        name: "v1.end_user.updated",
        description: "The profile of an end user was changed. Changes of system properties and of \
                      Ada's own metavariables do not count.",
        example: sample_end_user,
    },
    EventType {
        name: "v1.conversation.created",
        description: "A conversation was created. Not emitted by this version of the server.",
        example: sample_conversation_created,
    },
    EventType {
        name: "v1.conversation.message",
        description: "A message was added to a conversation. Not emitted by this version of the \
                      server.",
        example: sample_conversation_message,
    },
    EventType {
        name: "v1.conversation.ended",
        description: "A conversation ended. Not emitted by this version of the server.",
        example: sample_conversation_ended,
    },
    EventType {
        name: "v1.conversation.handoff.ended",
        description: "The handoff of a conversation to a person ended. Not emitted by this version \
                      of the server.",
        example: sample_handoff_ended,
    },
    EventType {
        name: "v1.audit_log.emitted",
        description: "Something was recorded in the audit log. Not emitted by this version of the \
                      server.",
        example: sample_audit_log,
    },
];

const END_USER_ID: &str = "66f0c0ffee0000000000b001";
const CONVERSATION_ID: &str = "66f0c0ffee0000000000c001";
const CHANNEL_ID: &str = "66f0c0ffee0000000000d001";
const CREATED_AT: &str = "2026-01-02T03:04:05+00:00";
const AGENT_DOMAIN: &str = "example.ada.support";

fn sample_end_user() -> Value {
    json!({
        "end_user_id": END_USER_ID,
        "external_id": null,
        "profile": {
            "first_name": "Ida",
            "last_name": null,
            "display_name": null,
            "avatar": null,
            "email": "ida@example.test",
            "language": "en-US",
            "metadata": {"plan": "pro"},
            "system_properties": {"sunshine_user_id": null},
        },
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    })
}

fn sample_conversation_created() -> Value {
    json!({
        "conversation_id": CONVERSATION_ID,
        "channel_id": CHANNEL_ID,
        "created_at": CREATED_AT,
        "end_user_id": END_USER_ID,
        "metadata": {"order": "A-1001"},
        "ai_agent_domain": AGENT_DOMAIN,
    })
}

fn sample_conversation_message() -> Value {
    json!({
        "message_id": "66f0c0ffee0000000000e001",
        "conversation_id": CONVERSATION_ID,
        "end_user_id": END_USER_ID,
        "handoff_integration": null,
        "channel": {
            "type": "native",
            "id": CHANNEL_ID,
            "name": "Web chat",
            "description": "The chat on the web site",
            "modality": "messaging",
        },
        "created_at": CREATED_AT,
        "author": {"id": END_USER_ID, "role": "end_user", "avatar": null, "display_name": "Ida"},
        "content": {"type": "text", "body": "Where is my order?"},
        "ai_agent_domain": AGENT_DOMAIN,
    })
}

fn sample_conversation_ended() -> Value {
    json!({
        "conversation_id": CONVERSATION_ID,
        "channel_id": CHANNEL_ID,
        "end_user_id": END_USER_ID,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "ended_by": {"id": null, "role": "system"},
        "metadata": {"order": "A-1001"},
        "ai_agent_domain": AGENT_DOMAIN,
    })
}

fn sample_handoff_ended() -> Value {
    json!({
        "conversation_id": CONVERSATION_ID,
        "end_user_id": END_USER_ID,
        "handoff_integration": "zendesk",
        "ai_agent_domain": AGENT_DOMAIN,
    })
}

fn sample_audit_log() -> Value {
    json!({
        "id": "66f0c0ffee0000000000f001",
        "timestamp": CREATED_AT,
        "actor_email": "owner@example.test",
        "entity_type": "webhook",
        "entity_id": "ep_2b1yUjGQWxN4kPqTnZ0cRfVhLdA",
        "activity": "created",
    })
}
