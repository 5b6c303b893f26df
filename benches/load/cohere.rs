//! Cohere: reading connectors, and chats that are answered from what a connector finds.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    client::Connection,
    phase::{self, Pace},
    process::Server,
    receiver::Receiver,
    report::{Report, Target},
    requests::{Requests, request},
    settings::Settings,
    suite::{Against, Row, Suite},
};

const KEY: &str = "co_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str = "authorization: Bearer co_benchmark_0123456789abcdefghijklmnopqrstuv";
const CONNECTORS: &str = "/v1/connectors";
/// How many connectors there are.
const COUNT: usize = 100;
/// How many are on the page that is listed.
const PAGE: usize = 20;
/// The connections that chat at the same time.
const CHATS: usize = 16;

#[derive(Default)]
pub struct Cohere {
    connector: Option<Receiver>,
    /// The id of one of the connectors.
    id: String,
}

impl Suite for Cohere {
    const NAME: &'static str = "cohere";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__COHERE_KEY", KEY),
        ("LIMITS__COHERE__PER_SECOND", "1000000"),
        ("LIMITS__COHERE__PER_MINUTE", "60000000"),
        ("LIMITS__COHERE__PER_DAY", "1000000000"),
    ];

    async fn rows(&mut self, server: &Server, _: &Server, _: &Settings) -> Result<Vec<Row>> {
        let connector = Receiver::answering(&found().to_string()).await?;
        let mut connection = Connection::open(server.address).await?;
        let mut ids = Vec::with_capacity(COUNT);
        for number in 0..COUNT {
            let new = json!({
                "name": format!("Handbook {number}"),
                "description": "What everybody must know",
                "url": connector.url(),
                "excludes": ["internal"],
            });
            let new = request("POST", CONNECTORS, AUTHORIZATION, Some(&new.to_string()));
            let made: Value = serde_json::from_slice(connection.call(&new).await?)?;
            let id = made["connector"]["id"].as_str();
            ids.push(id.context("a connector without an id")?.to_owned());
        }
        let path = format!("{CONNECTORS}?limit={PAGE}");
        let list = request("GET", &path, AUTHORIZATION, None);
        let listed: Value = serde_json::from_slice(connection.call(&list).await?)?;
        let listed = listed["connectors"].as_array().map_or(0, Vec::len);
        ensure!(listed == PAGE, "a page of {listed} connectors");
        let reads = ids.iter().map(|id| {
            let path = format!("{CONNECTORS}/{id}");
            request("GET", &path, AUTHORIZATION, None)
        });
        let reads = Requests::cycle(reads.collect());
        self.connector = Some(connector);
        self.id = ids.swap_remove(0);
        Ok(vec![
            Row {
                name: "GET a connector",
                control: Against::Get,
                requests: reads,
                ratio: None,
                p99: None,
            },
            Row {
                name: "GET 20 of 100 connectors",
                control: Against::Get,
                requests: Requests::cycle(vec![list]),
                ratio: None,
                p99: None,
            },
        ])
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let connector = self.connector.as_ref().context("no connector was made")?;
        let asked = json!({
            "message": "How long are backups kept?",
            "connectors": [{"id": self.id}],
        });
        let chat = request("POST", "/v1/chat", AUTHORIZATION, Some(&asked.to_string()));
        let mut connection = Connection::open(server.address).await?;
        let calls = connector.count();
        let answer: Value = serde_json::from_slice(connection.call(&chat).await?)?;
        let cited = answer["citations"].as_array().map_or(0, Vec::len);
        ensure!(
            cited > 0 && connector.count() > calls,
            "not answered from the connector: {answer}"
        );
        let settings = Settings {
            connections: CHATS,
            ..settings.clone()
        };
        let name = format!("cohere: POST chat over one connector, {CHATS} at once");
        let chats = Requests::cycle(vec![chat]);
        let p99 = phase::alone(&name, server, &chats, Pace::Full, &settings, report).await?;
        report.target(Target::at_most("cohere: chat, p99", p99, 30.0, "ms"));
        Ok(())
    }
}

/// What the connector answers, whatever it is asked: as much as a page of a search.
fn found() -> Value {
    json!({"results": [
        {"id": "1", "title": "Backups", "url": "https://example.com/backups",
         "text": "Backups are made every night at two. They are kept for 30 days on another site. \
                  Whoever needs a file from one asks the desk, which restores it within a day."},
        {"id": "2", "title": "Lunch", "url": "https://example.com/lunch",
         "text": "Lunch is at noon. On Fridays there is fish. The menu hangs at the door."},
        {"id": "3", "title": "Laptops", "url": "https://example.com/laptops",
         "text": "A laptop is kept for four years. Its disk is encrypted, and backed up over night.",
         "internal": "Ordered in March."},
        {"id": "4", "title": "Visitors", "url": "https://example.com/visitors",
         "text": "Visitors sign in at the desk. Their badges are kept for a week."},
        {"id": "5", "title": "Holidays", "url": "https://example.com/holidays",
         "text": "Whoever goes on holiday tells the team a month before."},
    ]})
}
