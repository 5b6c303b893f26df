//! Webhooks as wire types of the console.

use poem_openapi::{Object, types::Example};

use crate::{
    domain::webhooks::{Attempt, Endpoint, EndpointAttempts},
    kernel::{Timestamp, ids::WebhookMessageId},
};

/// A webhook endpoint.
#[derive(Object)]
#[oai(rename = "Endpoint")]
struct EndpointItem {
    /// The id of the endpoint.
    id: String,
    /// The agent whose messages it receives.
    agent_id: String,
    /// The URL that messages are sent to.
    url: String,
    /// A description for people.
    description: String,
    /// The types of events to send. An empty list means every event.
    event_filters: Vec<String>,
    /// True if messages are sent to the endpoint.
    enabled: bool,
    /// The time of the first failure since the last success.
    #[oai(nullable)]
    first_failure_at: Option<String>,
    /// The time at which the endpoint was disabled.
    #[oai(nullable)]
    disabled_at: Option<String>,
    /// The reason why the endpoint was disabled.
    #[oai(nullable)]
    disabled_reason: Option<String>,
    /// The time of creation.
    created_at: String,
}

/// The webhook endpoints of every agent.
#[derive(Object)]
#[oai(example)]
pub struct Endpoints {
    /// The endpoints, oldest first.
    data: Vec<EndpointItem>,
}

impl From<Vec<Endpoint>> for Endpoints {
    fn from(endpoints: Vec<Endpoint>) -> Self {
        let items = endpoints.into_iter().map(|endpoint| EndpointItem {
            id: endpoint.id.to_string(),
            agent_id: endpoint.agent_id.to_string(),
            url: endpoint.url,
            description: endpoint.description,
            event_filters: endpoint.event_filters,
            enabled: endpoint.enabled,
            first_failure_at: endpoint.first_failure_at.map(Timestamp::to_rfc3339_millis),
            disabled_at: endpoint.disabled_at.map(Timestamp::to_rfc3339_millis),
            disabled_reason: endpoint.disabled_reason,
            created_at: endpoint.created_at.to_rfc3339_millis(),
        });
        Self {
            data: items.collect(),
        }
    }
}

const ENDPOINT: &str = "ep_2b1yUjGQWxN4kPqTnZ0cRfVhLdA";
const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJekAbC";
const AT: &str = "2026-01-31T09:30:00.000Z";

impl Example for Endpoints {
    fn example() -> Self {
        Self {
            data: vec![EndpointItem {
                id: ENDPOINT.to_owned(),
                agent_id: "456e7890-e89b-12d3-a456-426614174001".to_owned(),
                url: "https://hooks.example.com/parlance".to_owned(),
                description: "Changes of end users".to_owned(),
                event_filters: vec!["v1.end_user.updated".to_owned()],
                enabled: true,
                first_failure_at: None,
                disabled_at: None,
                disabled_reason: None,
                created_at: AT.to_owned(),
            }],
        }
    }
}

/// An attempt to deliver a message.
#[derive(Object)]
#[oai(rename = "Attempt")]
struct AttemptItem {
    /// The id of the attempt.
    id: String,
    /// The id of the message.
    message_id: String,
    /// The type of the event.
    event_type: String,
    /// The URL that was called.
    url: String,
    /// True if the attempt was requested here and not scheduled.
    manual: bool,
    /// True if the endpoint accepted the message.
    succeeded: bool,
    /// The status code of the response; null without a response.
    #[oai(nullable)]
    status: Option<u16>,
    /// The beginning of the response body.
    response: String,
    /// The reason why there was no response.
    #[oai(nullable)]
    error: Option<String>,
    /// The time at which the attempt started.
    started_at: String,
    /// Duration of the attempt, in milliseconds.
    duration_ms: u64,
}

impl From<Attempt> for AttemptItem {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            message_id: attempt.message_id.to_string(),
            event_type: attempt.event_type,
            url: attempt.url,
            manual: attempt.manual,
            succeeded: attempt.succeeded,
            status: attempt.status,
            response: String::from_utf8_lossy(&attempt.response).into_owned(),
            error: attempt.error,
            started_at: attempt.started_at.to_rfc3339_millis(),
            duration_ms: attempt.duration_ms,
        }
    }
}

/// A page of attempts.
#[derive(Object)]
#[oai(example)]
pub struct AttemptPage {
    /// The attempts, newest first.
    data: Vec<AttemptItem>,
    /// The cursor of the next page; null on the last page.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

impl From<EndpointAttempts> for AttemptPage {
    fn from(page: EndpointAttempts) -> Self {
        Self {
            data: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
        }
    }
}

impl Example for AttemptPage {
    fn example() -> Self {
        Self {
            data: vec![AttemptItem {
                id: "atmpt_697dc2e8kP3vQ8sT1wX5zB7cD9f".to_owned(),
                message_id: MESSAGE.to_owned(),
                event_type: "v1.end_user.updated".to_owned(),
                url: "https://hooks.example.com/parlance".to_owned(),
                manual: false,
                succeeded: false,
                status: Some(503),
                response: "try again later".to_owned(),
                error: None,
                started_at: AT.to_owned(),
                duration_ms: 12,
            }],
            next_cursor: None,
        }
    }
}

/// The message to send again.
#[derive(Object)]
#[oai(example, rename = "ResendMessage")]
pub struct ResendMessageRequest {
    /// The id of the message: `svix-id` of its deliveries.
    pub message_id: String,
}

impl Example for ResendMessageRequest {
    fn example() -> Self {
        Self {
            message_id: MESSAGE.to_owned(),
        }
    }
}

/// The start of the period to send again.
#[derive(Object)]
#[oai(example, rename = "Since")]
pub struct ResendSinceRequest {
    /// RFC 3339 date and time.
    pub since: String,
}

impl Example for ResendSinceRequest {
    fn example() -> Self {
        Self {
            since: AT.to_owned(),
        }
    }
}

/// The result of a redelivery.
#[derive(Object)]
#[oai(example, rename = "Resent")]
pub struct ResendResult {
    /// Number of messages.
    pub deliveries: u64,
}

impl Example for ResendResult {
    fn example() -> Self {
        Self { deliveries: 1 }
    }
}

/// The example to send.
#[derive(Object)]
#[oai(example, rename = "SendExample")]
pub struct SendExampleRequest {
    /// The type of the event.
    pub event_type: String,
}

impl Example for SendExampleRequest {
    fn example() -> Self {
        Self {
            event_type: "v1.end_user.created".to_owned(),
        }
    }
}

/// The example that is being sent.
#[derive(Object)]
#[oai(example)]
pub struct ExampleMessage {
    /// The id of the message: `svix-id` of its delivery.
    message_id: String,
}

impl From<WebhookMessageId> for ExampleMessage {
    fn from(id: WebhookMessageId) -> Self {
        Self {
            message_id: id.to_string(),
        }
    }
}

impl Example for ExampleMessage {
    fn example() -> Self {
        Self {
            message_id: MESSAGE.to_owned(),
        }
    }
}
