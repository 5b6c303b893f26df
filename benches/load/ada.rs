//! Ada: reading an end user, and changing one while a webhook endpoint wants to know.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    client::Connection,
    process::Server,
    receiver::Receiver,
    report::Report,
    requests::{Requests, request, write_request},
    settings::Settings,
    suite::{Against, Row, Suite},
};

/// The key of the agent.
pub const KEY: &str = "ada_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str = "authorization: Bearer ada_benchmark_0123456789abcdefghijklmnopqrstuv";
const END_USERS: &str = "/api/v2/end-users";
/// How many end users there are.
const PEOPLE: usize = 1000;

/// A new end user, as large as people's are.
const NEW: &str = r#"{"profile":{"first_name":"Ada","last_name":"Lovelace","display_name":"Ada L.","email":"ada@example.com","language":"en-US","metadata":{"plan":"pro","orders":17}}}"#;

#[derive(Default)]
pub struct Ada {
    /// It never answers: what is measured is the change with its rows, not deliveries.
    receiver: Option<Receiver>,
}

impl Suite for Ada {
    const NAME: &'static str = "ada";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__ADA_KEY", KEY),
        ("LIMITS__ADA_END_USERS__PER_SECOND", "1000000"),
        ("LIMITS__ADA_END_USERS__PER_MINUTE", "60000000"),
        ("LIMITS__ADA_END_USERS__PER_DAY", "1000000000"),
    ];

    async fn rows(&mut self, server: &Server, _: &Server) -> Result<Vec<Row>> {
        let people = people(server).await?;
        let receiver = Receiver::silent().await?;
        subscribe(server, &receiver).await?;
        self.receiver = Some(receiver);
        let reads = people.iter().map(|id| {
            let path = format!("{END_USERS}/{id}");
            request("GET", &path, AUTHORIZATION, None)
        });
        Ok(vec![
            Row {
                name: "GET an end user",
                control: Against::Get,
                requests: Requests::cycle(reads.collect()),
                ratio: None,
                p99: None,
            },
            Row {
                name: "PATCH an end user, with its event",
                control: Against::Post,
                requests: patches(people),
                ratio: Some(0.4),
                p99: None,
            },
        ])
    }

    async fn more(
        &mut self,
        server: &Server,
        _: &Settings,
        answered: &[u64],
        _: &mut Report,
    ) -> Result<()> {
        // The second row's changes were measured with their events, or not at all.
        let changes = answered.get(1).copied().unwrap_or_default();
        let deliveries = queue(server).await?;
        ensure!(
            deliveries >= changes,
            "{changes} changes made {deliveries} deliveries"
        );
        Ok(())
    }
}

/// How many deliveries are in the server's queue, in memory or not.
pub async fn queue(server: &Server) -> Result<u64> {
    let metrics = request("GET", "/metrics", AUTHORIZATION, None);
    let mut connection = Connection::open(server.address).await?;
    let shown = String::from_utf8(connection.call(&metrics).await?.to_vec())?;
    let queued = shown
        .lines()
        .filter_map(|line| line.strip_prefix("parlance_webhook_deliveries"))
        .filter_map(|rest| rest.rsplit_once(' ')?.1.parse::<u64>().ok());
    Ok(queued.sum())
}

/// Makes end users; gives their ids.
pub async fn people(server: &Server) -> Result<Vec<String>> {
    let mut connection = Connection::open(server.address).await?;
    let new = request("POST", &format!("{END_USERS}/"), AUTHORIZATION, Some(NEW));
    let mut ids = Vec::with_capacity(PEOPLE);
    for _ in 0..PEOPLE {
        let made: Value = serde_json::from_slice(connection.call(&new).await?)?;
        let id = made["end_user_id"].as_str();
        ids.push(id.context("an end user without an id")?.to_owned());
    }
    Ok(ids)
}

/// Changes of end users in turn, each to another value: a change that changes nothing is no event.
pub fn patches(people: Vec<String>) -> Requests {
    Requests::new(move |number, buffer| {
        let id = &people[number as usize % people.len()];
        let path = format!("{END_USERS}/{id}");
        let body = format!(r#"{{"profile":{{"last_name":"{number:012}"}}}}"#);
        write_request(buffer, "PATCH", &path, AUTHORIZATION, Some(&body));
    })
}

/// Makes a webhook endpoint for every event; gives its id.
pub async fn subscribe(server: &Server, receiver: &Receiver) -> Result<String> {
    let body = format!(r#"{{"url":"{}"}}"#, receiver.url());
    let new = request("POST", "/api/v2/webhooks/", AUTHORIZATION, Some(&body));
    let mut connection = Connection::open(server.address).await?;
    let made: Value = serde_json::from_slice(connection.call(&new).await?)?;
    let id = made["id"].as_str().context("an endpoint without an id")?;
    Ok(id.to_owned())
}
