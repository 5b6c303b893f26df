//! Webhooks: how many deliveries a second one receiver on this machine gets. Each is signed, sent,
//! answered and written down.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    ada,
    client::Connection,
    phase,
    process::Server,
    receiver::Receiver,
    report::{self, Report, Target, median},
    requests::request,
    settings::Settings,
    suite::{Row, Suite},
};

const OPERATOR_KEY: &str = "plop_benchmark_0123456789abcdefghijklmnopqrstuv";
const OPERATOR: &str = "authorization: Bearer plop_benchmark_0123456789abcdefghijklmnopqrstuv";
/// The longest that the deliveries of a round may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Default)]
pub struct Webhooks;

impl Suite for Webhooks {
    const NAME: &'static str = "webhooks";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__ADA_KEY", ada::KEY),
        ("BOOTSTRAP__OPERATOR_KEY", OPERATOR_KEY),
        ("LIMITS__ADA_END_USERS__PER_SECOND", "0"),
        ("LIMITS__ADA_END_USERS__PER_MINUTE", "0"),
    ];

    async fn rows(&mut self, _: &Server, _: &Server) -> Result<Vec<Row>> {
        Ok(Vec::new())
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let people = ada::people(server).await?;
        let changes = ada::patches(people);
        phase::burst(server, &changes, settings.messages, settings).await?;
        let mut rounds = Vec::new();
        for _ in 0..settings.rounds {
            rounds.push(deliver(server, settings.messages).await?);
        }
        let per_second = median(rounds.iter().map(|round| round.per_second));
        report.row(report::Row {
            name: "webhooks: deliveries to one receiver".to_owned(),
            per_second: Some(per_second),
            processor: Some(median(rounds.iter().map(|round| round.processor))),
            p50: None,
            p99: None,
            ratio: None,
        });
        report.target(Target::at_least("deliveries/s", per_second, 3000.0));
        Ok(())
    }
}

struct Round {
    per_second: f64,
    /// The server's processor time for one delivery, in microseconds.
    processor: f64,
}

/// Replays all messages to a new endpoint, and waits until they have arrived and that is written
/// down.
async fn deliver(server: &Server, least: u64) -> Result<Round> {
    let receiver = Receiver::answering().await?;
    let endpoint = ada::subscribe(server, &receiver).await?;
    let path = format!("/console/api/webhooks/{endpoint}/replay");
    let body = r#"{"since":"2020-01-01T00:00:00Z"}"#;
    let replay = request("POST", &path, OPERATOR, Some(body));
    let mut connection = Connection::open(server.address).await?;
    let used = server.processor_time()?;
    let began = Instant::now();
    let replayed: Value = serde_json::from_slice(connection.call(&replay).await?)?;
    let count = replayed["deliveries"].as_u64().context("no count")?;
    ensure!(count >= least, "{count} messages of {least}");
    timeout(PATIENCE, receiver.received(count))
        .await
        .context("the deliveries do not arrive")?;
    while ada::queue(server).await? > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let took = began.elapsed();
    let used = server.processor_time()?.saturating_sub(used);
    Ok(Round {
        per_second: count as f64 / took.as_secs_f64(),
        processor: used.as_secs_f64() * 1e6 / count as f64,
    })
}
