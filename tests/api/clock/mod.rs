//! A clock that goes back: nothing that was put off before waits until it has caught up.

mod back;
mod properties;

use std::time::Duration;

use parlance::{
    domain::{
        tenancy::{agents, audit::Actor},
        webhooks::{self, WebhookEvent},
    },
    kernel::{Timestamp, ids::AgentId},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ADA_KEY, Answer, TestServer, WORKSPACE, send};

/// 333 days: as far as the clock was once ahead.
const FAR: Duration = Duration::from_secs(333 * 86_400);

/// The time at which test servers begin.
fn noon() -> Option<Timestamp> {
    Timestamp::parse_rfc3339("2026-03-01T12:00:00Z")
}

async fn ada(server: &TestServer, method: Method, path: &str, body: Value) -> Answer {
    let request = server.request(method, path).bearer_auth(ADA_KEY);
    send(request.json(&body)).await
}

/// Makes an event of the first agent happen, which endpoints receive.
async fn happen(server: &TestServer) {
    let app = server.server().app();
    let agent: AgentId = app
        .store()
        .read(|conn| agents::find(conn, &WORKSPACE.into(), "example"))
        .expect("the first agent")
        .id;
    let emitted = app.run_write_tx_as(Actor::System, move |change| {
        let event = WebhookEvent {
            event_type: "v1.end_user.created",
            data: json!({"end_user_id": "x"}),
            tags: &["66f0c0ffee0000000000b001"],
            previous_seq: None,
        };
        webhooks::publish_event(change, &agent, &event).map(drop)
    });
    emitted.await.expect("it is emitted");
}
