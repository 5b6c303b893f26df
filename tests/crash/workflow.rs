//! SIGKILL in the middle of workflows: each one that was created is told, acknowledged, continued and completed as the
//! table of its rounds says, and no bot is told of one twice at once.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use poem::{
    EndpointExt, Request, Response, Server, endpoint::make, http::StatusCode, listener::TcpAcceptor,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    command::PATIENCE,
    conversation::{Api, PAT},
    database,
    kill::seed,
    process::{Home, Server as Process},
    say,
};

const KILLS: Kills = Kills {
    number: 8,
    clients: 4,
    pause: Duration::from_millis(3),
    life_ms: 50..400,
};
/// Rounds that each workflow has.
const ROUNDS: usize = 3;

/// What the bot knows of a workflow.
#[derive(Default)]
struct Known {
    /// The event that it was told last, and the type of the update.
    told: Option<(String, String)>,
    /// Whether the server has answered the acknowledgement of this event.
    is_acknowledged: bool,
    /// Whether the server may have got it.
    may_be_acknowledged: bool,
    /// Events that it has acknowledged and ended.
    ended: usize,
    is_completed: bool,
    calls: usize,
}

/// What went wrong, and what the bot knows by workflow.
#[derive(Default)]
struct Notes {
    wrong: Vec<String>,
    workflows: HashMap<String, Known>,
    again: usize,
}

impl Notes {
    /// Notes what the bot is told, and whether that may be.
    fn tell(&mut self, (id, event): (&str, &str), kind: &str, status: &str) {
        let known = self.workflows.entry(id.to_owned()).or_default();
        known.calls += 1;
        let is_again = known.told.as_ref().is_some_and(|(told, _)| told == event);
        let before = known.told.as_ref().map(|(_, kind)| kind.as_str());
        let is_right = known.calls == 1
            && !known.is_completed
            && match (is_again, before) {
                (true, Some(before)) => {
                    let was_acknowledged = status == "in_progress" && known.may_be_acknowledged;
                    let is_pending = status == "pending" && !known.is_acknowledged;
                    kind == before && (was_acknowledged || is_pending)
                }
                (_, None) => kind == "workflow_started" && status == "pending",
                (false, Some(before)) => {
                    let goes_on = kind == "workflow_continued" && known.may_be_acknowledged;
                    let repeats = kind == before && !known.is_acknowledged;
                    status == "pending" && (goes_on || repeats)
                }
            };
        if !is_right {
            let calls = known.calls;
            let text = format!(
                "{id}: {kind} {status}, {event}, after {:?}, {calls}",
                known.told
            );
            self.wrong.push(text);
        }
        if is_again {
            self.again += 1;
        } else {
            known.told = Some((event.to_owned(), kind.to_owned()));
            known.is_acknowledged = false;
            known.may_be_acknowledged = false;
        }
    }
}

type Shared = Arc<Mutex<Notes>>;

/// Changes what is known of a workflow.
fn note(notes: &Shared, id: &str, change: impl FnOnce(&mut Known)) {
    let mut notes = notes.lock().expect("the notes");
    change(notes.workflows.entry(id.to_owned()).or_default());
}

/// Acknowledges and, in the last round, completes a workflow. An error means that the server was killed.
async fn handle(api: &Api, notes: &Shared, event: &Value) -> reqwest::Result<()> {
    let workflow = &event["payload"]["workflow"];
    let id = workflow["id"].as_str().expect("an id");
    let path = format!("/v1/chat/workflows/{id}");
    note(notes, id, |known| known.may_be_acknowledged = true);
    let body = json!({"status": "in_progress", "eventId": event["id"]});
    api.call(Method::PUT, &path, &body).await?;
    note(notes, id, |known| known.is_acknowledged = true);
    tokio::time::sleep(Duration::from_millis(2)).await;
    let mut is_last = false;
    note(notes, id, |known| is_last = known.ended + 1 >= ROUNDS);
    if is_last {
        let body = json!({"status": "completed", "output": {"done": true}});
        api.call(Method::PUT, &path, &body).await?;
        note(notes, id, |known| known.is_completed = true);
    }
    note(notes, id, |known| known.ended += 1);
    Ok(())
}

/// A bot that acknowledges each round, wherever the server is now.
async fn bot(listener: TcpListener, api: Arc<Mutex<Option<Api>>>, notes: Shared) {
    let endpoint = make(move |mut request: Request| {
        let (api, notes) = (api.lock().expect("an API").clone(), notes.clone());
        async move {
            let body = request.take_body().into_vec().await.expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let event = &body["event"];
            let payload = &event["payload"];
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let id = text(&payload["workflow"]["id"]);
            notes.lock().expect("the notes").tell(
                (&id, &text(&event["id"])),
                &text(&payload["type"]),
                &text(&payload["workflow"]["status"]),
            );
            let api = api.expect("the bot is known");
            let done = handle(&api, &notes, event).await;
            note(&notes, &id, |known| known.calls -= 1);
            let status = match done {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            Ok::<_, poem::Error>(Response::builder().status(status).body("{}"))
        }
    });
    let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
    let _ = Server::new_with_acceptor(acceptor)
        .run(endpoint.boxed())
        .await;
}

/// Creates workflows, with this time between two, until the server is gone. Returns the ids of those that were acknowledged.
async fn create(api: Api, pause: Duration) -> Vec<String> {
    let mut made = Vec::new();
    let body = json!({"name": "job", "status": "pending", "timeoutAt": "2999-01-01T00:00:00Z"});
    while let Ok(answer) = api.call(Method::POST, "/v1/chat/workflows", &body).await {
        made.push(answer["workflow"]["id"].as_str().expect("an id").to_owned());
        tokio::time::sleep(pause).await;
    }
    made
}

/// Kills of a server amid the creation of workflows.
pub struct Kills {
    pub number: usize,
    /// Number of clients that create workflows.
    pub clients: usize,
    /// Time between two creations of a client.
    pub pause: Duration,
    /// Time from a start to the kill, in milliseconds.
    pub life_ms: Range<u64>,
}

impl Kills {
    /// Kills the server and starts it anew as often. Returns the last one, and the ids of the acknowledged workflows.
    pub async fn run(
        &self,
        rng: &mut StdRng,
        home: &Home,
        mut server: Process,
        api: &Api,
    ) -> (Process, Vec<String>) {
        let mut acknowledged = Vec::new();
        for _ in 0..self.number {
            let clients: Vec<_> = (0..self.clients)
                .map(|_| tokio::spawn(create(api.clone(), self.pause)))
                .collect();
            let life = Duration::from_millis(rng.random_range(self.life_ms.clone()));
            tokio::time::sleep(life).await;
            server.kill();
            for client in clients {
                acknowledged.extend(client.await.expect("a client"));
            }
            server = home.serve();
            api.url.write().expect("an address").clone_from(&server.url);
        }
        (server, acknowledged)
    }
}

/// The result of a query that counts.
pub fn count(home: &Home, sql: &str) -> i64 {
    let file = database::open(&home.database());
    file.query_row(sql, [], |row| row.get(0)).expect("a count")
}

/// Waits until these queries count nothing, or patience ends.
pub async fn wait_for_none(home: &Home, queries: [&str; 2]) {
    for _ in 0..PATIENCE.as_millis() / 50 {
        if queries.iter().all(|sql| count(home, sql) == 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const OPEN: &str = "SELECT count(*) FROM workflows WHERE status <> 'completed'";
const DELIVERIES: &str = "SELECT count(*) FROM bot_deliveries";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workflows_are_told_and_acknowledged_as_their_table_says() {
    let mut rng = StdRng::seed_from_u64(seed("workflow"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (notes, known) = (Shared::default(), Arc::<Mutex<Option<Api>>>::default());
    tokio::spawn(bot(listener, Arc::clone(&known), Arc::clone(&notes)));
    let home = Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
        .with("PARLANCE_BOTS__WORKFLOW_PAUSE_SECONDS", "0");
    let server = home.serve();
    let api = Api::new(&server.url);
    let body = json!({"dev": true, "url": url});
    let made = api.call(Method::POST, "/v1/admin/bots", &body).await;
    let made = made.expect("an answer");
    let api = api.as_bot(made["bot"]["id"].as_str().expect("an id"));
    *known.lock().expect("an API") = Some(api.clone());
    let (server, acknowledged) = KILLS.run(&mut rng, &home, server, &api).await;
    wait_for_none(&home, [OPEN, DELIVERIES]).await;
    server.stop();
    let file = database::open(&home.database());
    database::assert_sound(&file);
    let notes = notes.lock().expect("the notes");
    assert_eq!(notes.wrong, Vec::<String>::new());
    assert_eq!(count(&home, OPEN), 0, "some are not completed");
    assert_eq!(count(&home, DELIVERIES), 0);
    let mut find = file
        .prepare("SELECT 1 FROM workflows WHERE id = ?")
        .expect("SQL");
    for id in &acknowledged {
        assert!(find.exists([id]).expect("a row"), "{id} is lost");
    }
    let rounds: usize = notes.workflows.values().map(|known| known.ended).sum();
    say(&format!(
        "workflow: {} kills, {} workflows acknowledged, {rounds} rounds ended, {} told again",
        KILLS.number,
        acknowledged.len(),
        notes.again
    ));
    assert!(!acknowledged.is_empty());
}
