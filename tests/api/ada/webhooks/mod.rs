//! `/api/v2/webhooks`: managing endpoints, and what they receive.

mod access;
mod crash;
mod deliver;
mod inbox;
mod manage;
mod metrics;
mod production;
mod queue;
pub mod receiver;
mod recover;
mod remove;
mod retry;
mod rotate;
mod secrets;

use parlance::{
    config::Config,
    domain::{
        shared::rate_limits::Rates,
        tenancy::{agents, audit::Actor},
        webhooks::{self, WebhookEvent},
    },
    kernel::{Secret, ids::AgentId},
};
use receiver::{Receiver, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, OPERATOR_KEY, TestServer, WORKSPACE, send};

/// The Ada key of the first agent.
pub const ADA_KEY: &str = "ada_test_key";
/// The path of the list.
pub const PATH: &str = "/api/v2/webhooks/";

/// A server with an Ada key, without limits and without jitter.
pub async fn start() -> TestServer {
    start_with(|_| {}).await
}

/// Such a server with other settings.
pub async fn start_with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with(|config| {
        config.bootstrap.ada_key = Some(Secret::new(ADA_KEY));
        config.limits.ada = Rates::default();
        config.webhooks.jitter_percent = 0;
        change(config);
    })
    .await
}

/// A call with the first agent's key.
pub async fn ada(server: &TestServer, method: Method, path: &str, body: Option<Value>) -> Answer {
    ada_as(server, ADA_KEY, method, path, body).await
}

/// A call with another key.
pub async fn ada_as(
    server: &TestServer,
    key: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = server.request(method, path).bearer_auth(key);
    if let Some(body) = body {
        request = request.json(&body);
    }
    send(request).await
}

/// A call of the operator.
pub async fn console(
    server: &TestServer,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let path = format!("/console/api/webhooks{path}");
    ada_as(server, OPERATOR_KEY, method, &path, body).await
}

/// Creates an endpoint for every event and returns its id.
pub async fn create(server: &TestServer, url: &str) -> String {
    let body = json!({"url": url});
    let created = ada(server, Method::POST, PATH, Some(body)).await;
    let created = created.expect(201).json();
    created["id"].as_str().expect("an id").to_owned()
}

/// A server, a receiver, and the id of its endpoint for every event.
pub async fn receiving() -> (TestServer, Receiver, String) {
    let server = start().await;
    let receiver = Receiver::start().await;
    let id = create(&server, receiver.url()).await;
    (server, receiver, id)
}

/// The same with a receiver that does not answer, which one attempt at a time waits for.
pub async fn hanging() -> (TestServer, Receiver, String) {
    let server = start_with(|config| {
        config.webhooks.concurrency_per_endpoint = 1;
        config.webhooks.timeout_seconds = 1;
    })
    .await;
    let receiver = Receiver::start().await;
    receiver.reply(Reply::Never);
    let id = create(&server, receiver.url()).await;
    (server, receiver, id)
}

/// The path of an endpoint.
pub fn one(id: &str) -> String {
    format!("{PATH}{id}")
}

/// The endpoint as its owner sees it.
pub async fn shown(server: &TestServer, id: &str) -> Value {
    ada(server, Method::GET, &one(id), None)
        .await
        .expect(200)
        .json()
}

/// How an endpoint stands, as the operator sees it.
pub async fn standing(server: &TestServer, id: &str) -> Value {
    let all = console(server, Method::GET, "", None).await.expect(200);
    let all = all.json()["data"].as_array().expect("a list").clone();
    let found = all.into_iter().find(|endpoint| endpoint["id"] == id);
    found.expect("the endpoint is listed")
}

/// The attempts at an endpoint, newest first.
pub async fn attempts(server: &TestServer, id: &str) -> Vec<Value> {
    let path = format!("/{id}/attempts?limit=1000");
    let page = console(server, Method::GET, &path, None).await.expect(200);
    page.json()["data"].as_array().expect("a list").clone()
}

/// The first agent.
pub fn agent(server: &TestServer) -> AgentId {
    let store = server.server().app().store();
    let found = store.read(|conn| agents::find(conn, &WORKSPACE.into(), "example"));
    found.expect("the first agent").id
}

/// Makes an event of the first agent happen.
pub async fn emit(server: &TestServer, event_type: &'static str, data: Value) {
    emit_times(server, 1, event_type, data).await;
}

/// The same so many times, in one change.
pub async fn emit_times(server: &TestServer, times: usize, event_type: &'static str, data: Value) {
    let agent = agent(server);
    let emitted = server
        .server()
        .app()
        .run_write_tx_as(Actor::System, move |change| {
            let event = WebhookEvent {
                event_type,
                data,
                tags: &["66f0c0ffee0000000000b001"],
                previous_seq: None,
            };
            (0..times).try_for_each(|_| webhooks::publish_event(change, &agent, &event).map(drop))
        });
    emitted.await.expect("it is emitted");
}

/// An event that endpoints receive.
pub async fn happen(server: &TestServer) {
    emit(server, "v1.end_user.created", json!({"end_user_id": "x"})).await;
}

/// An event, and waits until whoever receives it has.
pub async fn deliver(server: &TestServer) {
    happen(server).await;
    settled(server).await;
}

/// Waits until everything that is due has been attempted and written down.
pub async fn settled(server: &TestServer) {
    server.server().app().webhook_doorbell().wait_idle().await;
}

/// Moves the clock and waits until everything that became due has been attempted.
pub async fn advance(server: &TestServer, seconds: u64) {
    server
        .clock
        .advance(std::time::Duration::from_secs(seconds));
    settled(server).await;
}
