//! Workflows of Botpress: how many are started, told to the bot and acknowledged by it in a second.
//!
//! The bot is in this process, at a url. It acknowledges each workflow through the API, then completes it, and then says
//! that it is done, as a handler of the SDK does that needs one round.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    admin::{AUTHORIZATION, Admin, TOKEN},
    client::Connection,
    phase::{self, Phase},
    process::Server,
    report::{self, Report, Target},
    requests::write_request,
    runtime::{DONE, Waiting, listener, lock, serve, talk, url},
    settings::Settings,
    suite::{Row, Suite},
};

/// How many clients start workflows, each one after the other.
const CLIENTS: usize = 64;
const COMPLETED: &str = r#"{"status": "completed"}"#;

#[derive(Default)]
pub struct Workflows;

impl Suite for Workflows {
    const NAME: &'static str = "workflows";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
        ("LIMITS__BOTPRESS_CHAT__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_MINUTE", "60000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_DAY", "1000000000"),
        ("LIMITS__BOTPRESS_ADMIN__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_ADMIN__PER_MINUTE", "60000000"),
    ];

    async fn rows(&mut self, _: &Server, _: &Server, _: &Settings) -> Result<Vec<Row>> {
        Ok(Vec::new())
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let world = World::make(server).await?;
        let mut rounds = Vec::new();
        for _ in 0..settings.rounds {
            rounds.push(world.round(server, settings).await?);
        }
        let row = report::Row::of("workflows: started, told, acknowledged", rounds.iter());
        let rate = row.per_second.unwrap_or(f64::NAN);
        report.row(row);
        report.target(Target::at_least("workflows: acknowledged/s", rate, 500.0));
        Ok(())
    }
}

/// A bot that runs.
struct World {
    caller: String,
    waiting: Waiting,
    // It ends with this.
    _running: JoinSet<()>,
}

impl World {
    async fn make(server: &Server) -> Result<Self> {
        let (mut running, waiting) = (JoinSet::new(), Waiting::default());
        let listener = listener().await?;
        let mut admin = Admin::open(server).await?;
        let bot = json!({"name": "bot", "dev": true, "url": url(&listener)?});
        let bot = admin.make("/v1/admin/bots", bot, "bot").await?;
        let caller = format!("{AUTHORIZATION}\r\nx-bot-id: {bot}");
        let (address, told, headers) = (server.address, Arc::clone(&waiting), caller.clone());
        running.spawn(serve(listener, move || {
            let (told, headers) = (Arc::clone(&told), headers.clone());
            async move |connection: Connection| handle(connection, address, headers, told).await
        }));
        Ok(Self {
            caller,
            waiting,
            _running: running,
        })
    }

    /// Each client starts one workflow after the other, each after the acknowledgement of the one before.
    async fn round(&self, server: &Server, settings: &Settings) -> Result<Phase> {
        let used = server.processor_time()?;
        let from = Instant::now() + settings.warm_up;
        let until = from + settings.phase;
        let mut tasks = JoinSet::new();
        for client in 0..CLIENTS {
            let name = format!("client-{client}");
            let (sender, receiver) = mpsc::unbounded_channel();
            let body = json!({"name": name, "status": "pending", "input": {"n": 1}}).to_string();
            lock(&self.waiting).insert(name, sender);
            let mut start = Vec::new();
            let path = "/v1/chat/workflows";
            write_request(&mut start, "POST", path, &self.caller, Some(&body));
            let connection = Connection::open(server.address).await?;
            tasks.spawn(talk(connection, start, receiver, from, until));
        }
        phase::measured(server, settings, used, tasks).await
    }
}

/// The bot: acknowledges and completes each workflow.
async fn handle(
    mut connection: Connection,
    server: SocketAddr,
    headers: String,
    waiting: Waiting,
) -> Result<()> {
    let mut api = Connection::open(server).await?;
    let mut request = Vec::new();
    while let Some(asked) = connection.called().await? {
        let head = asked.windows(4).position(|part| part == b"\r\n\r\n");
        let body: Value = serde_json::from_slice(&asked[head.context("no head")? + 4..])?;
        let workflow = &body["event"]["payload"]["workflow"];
        if let (Some(id), Some(name)) = (workflow["id"].as_str(), workflow["name"].as_str()) {
            let path = format!("/v1/chat/workflows/{id}");
            let acknowledge = json!({"status": "in_progress", "eventId": body["event"]["id"]});
            let body = acknowledge.to_string();
            request.clear();
            write_request(&mut request, "PUT", &path, &headers, Some(&body));
            api.call(&request).await?;
            if let Some(waits) = lock(&waiting).get(name) {
                // Whoever has waited may be gone.
                let _ = waits.send(());
            }
            request.clear();
            write_request(&mut request, "PUT", &path, &headers, Some(COMPLETED));
            api.call(&request).await?;
        }
        connection.send(DONE).await?;
    }
    Ok(())
}
