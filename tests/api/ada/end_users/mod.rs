//! `/api/v2/end-users`, `/api/v2/jobs` and `/api/end-users/v1`.

mod access;
mod create;
pub mod deletion;
mod documents;
mod events;
mod first_version;
mod limits;
mod patch;
mod properties;
mod read;
mod sensitive;
mod time;

use parlance::{
    config::Config,
    domain::{
        end_users::AgentScope,
        tenancy::{
            agents::{self, NewAgent},
            api_keys::{self, KeyKind, KeyOwner},
            audit::Actor,
        },
    },
    kernel::ids::AgentId,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ADA_END_USERS_KEY, ADA_KEY, Answer, TestServer, WORKSPACE, send};

/// An id that no end user has.
const UNKNOWN: &str = "000000000000000000000000";

/// A server without limits, for tests that are not about them: its clock stands still.
async fn unlimited() -> TestServer {
    unlimited_with(|_| {}).await
}

/// The same, and end users stay although no conversation comes of them.
async fn unpurged() -> TestServer {
    unlimited_with(|config| config.ada.purge_unused_end_users_after_hours = 0).await
}

async fn unlimited_with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with(|config| {
        config.limits.ada = Default::default();
        config.limits.ada_end_users = Default::default();
        config.limits.ada_end_users_v1 = Default::default();
        change(config);
    })
    .await
}

async fn call(
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

/// A call of v2 below `/api/v2`.
async fn v2(server: &TestServer, method: Method, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/api/v2{path}");
    call(server, ADA_KEY, method, &path, body).await
}

/// A call of v1 below its base path.
async fn v1(server: &TestServer, method: Method, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/api/end-users/v1{path}");
    call(server, ADA_END_USERS_KEY, method, &path, body).await
}

async fn get(server: &TestServer, path: &str) -> Answer {
    v2(server, Method::GET, path, None).await
}

/// A new end user's id.
async fn created(server: &TestServer, body: Value) -> String {
    let made = v2(server, Method::POST, "/end-users", Some(body)).await;
    id_of(&made.expect(201).json())
}

fn id_of(end_user: &Value) -> String {
    end_user["end_user_id"].as_str().expect("an id").to_owned()
}

async fn patched(server: &TestServer, id: &str, body: Value) -> Answer {
    let path = format!("/end-users/{id}");
    v2(server, Method::PATCH, &path, Some(body)).await
}

/// The first agent.
fn scope(server: &TestServer) -> AgentScope {
    let workspace = WORKSPACE.into();
    let store = server.server().app().store();
    let agent = store.read(|conn| agents::find(conn, &workspace, "example"));
    AgentScope {
        agent: agent.expect("the first agent").id,
        workspace,
    }
}

/// The keys of another agent, for v2 and for v1.
async fn other_agent(server: &TestServer) -> (String, String) {
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let workspace = WORKSPACE.into();
            let agent = NewAgent {
                id: AgentId::new_uuid(),
                handle: "other".to_owned(),
                name: "Other".to_owned(),
            };
            let agent = agents::create(change, &workspace, agent)?;
            let owner = KeyOwner::Agent(workspace, agent.id);
            let (_, platform) = api_keys::create(change, KeyKind::Ada, &owner, "test")?;
            let (_, end_users) = api_keys::create(change, KeyKind::AdaEndUsers, &owner, "test")?;
            Ok((platform, end_users))
        });
    let (platform, end_users) = made.await.expect("an agent with keys");
    (platform.expose().to_owned(), end_users.expose().to_owned())
}

/// The events that webhook endpoints would be told of, oldest first.
fn events(server: &TestServer) -> Vec<Value> {
    let store = server.server().app().store();
    let payloads = store.read(|conn| {
        let mut statement = conn.prepare("SELECT payload FROM webhook_messages ORDER BY seq")?;
        let payloads = statement.query_map([], |row| row.get::<_, Value>(0))?;
        Ok(payloads.collect::<Result<Vec<_>, _>>()?)
    });
    payloads.expect("messages")
}

/// Every operation, on what is there: its id, and how to call it.
async fn operations(server: &TestServer) -> Vec<(&'static str, Method, String, Option<Value>)> {
    let id = created(server, json!({"profile": {"first_name": "Ada"}})).await;
    let identifiers = json!({"identifiers": [{"type": "end_user_id", "value": UNKNOWN}]});
    let submitted = v2(
        server,
        Method::POST,
        "/end-users/delete",
        Some(identifiers.clone()),
    );
    let job = submitted.await.expect(202).json()["job_id"].clone();
    let job = job.as_str().expect("an id");
    let (list, one) = ("/api/v2/end-users/", format!("/api/v2/end-users/{id}"));
    let (list_v1, one_v1) = ("/api/end-users/v1/", format!("/api/end-users/v1/{id}"));
    let profile = || Some(json!({"profile": {"last_name": "Lovelace"}}));
    vec![
        ("getEndUsers", Method::GET, list.to_owned(), None),
        (
            "createEndUser",
            Method::POST,
            list.to_owned(),
            Some(json!({})),
        ),
        ("getEndUserById", Method::GET, one.clone(), None),
        ("patchEndUserById", Method::PATCH, one, profile()),
        (
            "submitABulkEndUserDeletionRequest",
            Method::POST,
            format!("{list}delete"),
            Some(identifiers),
        ),
        (
            "getADeletionJob",
            Method::GET,
            format!("/api/v2/jobs/{job}"),
            None,
        ),
        ("v1GetEndUsers", Method::GET, list_v1.to_owned(), None),
        ("v1GetEndUserById", Method::GET, one_v1.clone(), None),
        ("updateEndUserById", Method::PATCH, one_v1, profile()),
    ]
}

/// The key that a path takes.
fn key_for(path: &str) -> &'static str {
    if path.starts_with("/api/end-users/v1") {
        ADA_END_USERS_KEY
    } else {
        ADA_KEY
    }
}
