//! A phase: some time in which all connections ask one thing after the other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use super::{
    client::Connection,
    process::Server,
    report::{Report, Row, milliseconds},
    requests::Requests,
    settings::Settings,
};

/// How much longer than planned a phase may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a phase measured.
pub struct Phase {
    pub per_second: f64,
    pub latencies: Latencies,
    /// The server's processor time for one request, in microseconds.
    pub processor: f64,
    /// All answers, those of the warm-up included.
    pub answered: u64,
}

impl Phase {
    /// The time that this share of the requests did not exceed, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        milliseconds(self.latencies.quantile(share))
    }
}

/// The times of single requests.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that this share of the requests did not exceed.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// How often the connections ask.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each asks again as soon as it is answered: how long an answer takes is then what the server can do
    /// at most.
    Full,
    /// So many requests per second, spread over the connections: how long an answer takes is what callers
    /// of a server see that is not at its limit.
    PerSecond(u32),
}

/// Puts a server under full load for the time of a phase.
pub async fn run(server: &Server, requests: &Requests, settings: &Settings) -> Result<Phase> {
    paced(server, requests, Pace::Full, settings).await
}

async fn paced(
    server: &Server,
    requests: &Requests,
    pace: Pace,
    settings: &Settings,
) -> Result<Phase> {
    let planned = settings.warm_up + settings.phase;
    timeout(planned + PATIENCE, load(server, requests, pace, settings))
        .await
        .context("a phase is stuck")?
}

/// The rounds of requests that are compared with nothing, as a row of the report. Gives their 99th
/// percentile, in milliseconds.
pub async fn alone(
    name: &str,
    server: &Server,
    requests: &Requests,
    pace: Pace,
    settings: &Settings,
    report: &mut Report,
) -> Result<f64> {
    let mut rounds = Vec::new();
    for _ in 0..settings.rounds {
        rounds.push(paced(server, requests, pace, settings).await?);
    }
    let row = Row::of(name, rounds.iter());
    let p99 = row.p99.unwrap_or(f64::NAN);
    report.row(row);
    Ok(p99)
}

async fn load(
    server: &Server,
    requests: &Requests,
    pace: Pace,
    settings: &Settings,
) -> Result<Phase> {
    let mut connections = Vec::with_capacity(settings.connections);
    for _ in 0..settings.connections {
        connections.push(Connection::open(server.address).await?);
    }
    let used = server.processor_time()?;
    let from = Instant::now() + settings.warm_up;
    let until = from + settings.phase;
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for (number, connection) in (0..).zip(connections) {
        let turns = match pace {
            Pace::Full => None,
            Pace::PerSecond(rate) => Some(Turns {
                next: begun + Duration::from_secs(1) * number / rate,
                every: Duration::from_secs(1) * settings.connections as u32 / rate,
            }),
        };
        tasks.spawn(ask(connection, requests.clone(), turns, from, until));
    }
    measured(server, settings, used, tasks).await
}

/// What the tasks of a phase have measured, each the times that it took and how many answers it had, on a
/// server that had used this much of the processor before.
pub async fn measured(
    server: &Server,
    settings: &Settings,
    used: Duration,
    mut tasks: JoinSet<Result<(Vec<Duration>, u64)>>,
) -> Result<Phase> {
    let mut times = Vec::new();
    let mut answered = 0;
    while let Some(task) = tasks.join_next().await {
        let (measured, count) = task.context("a task of the load panicked")??;
        times.extend(measured);
        answered += count;
    }
    let used = server.processor_time()?.saturating_sub(used);
    Ok(Phase {
        processor: used.as_secs_f64() * 1e6 / answered as f64,
        per_second: times.len() as f64 / settings.phase.as_secs_f64(),
        latencies: Latencies::new(times),
        answered,
    })
}

/// When a connection is to ask.
struct Turns {
    next: Instant,
    every: Duration,
}

impl Turns {
    /// Waits for the next turn, if it has not passed yet. Gives when it began: for one that has passed,
    /// when it ought to have.
    async fn wait(&mut self) -> Instant {
        let turn = self.next;
        self.next += self.every;
        if Instant::now() >= turn {
            return turn;
        }
        sleep_until(turn.into()).await;
        Instant::now()
    }
}

async fn ask(
    mut connection: Connection,
    requests: Requests,
    mut turns: Option<Turns>,
    from: Instant,
    until: Instant,
) -> Result<(Vec<Duration>, u64)> {
    let mut times = Vec::with_capacity(32 * 1024);
    let mut answered = 0;
    let mut request = Vec::new();
    let mut began = Instant::now();
    loop {
        if let Some(turns) = &mut turns {
            began = turns.wait().await;
        }
        requests.next(&mut request);
        connection.call(&request).await?;
        answered += 1;
        let now = Instant::now();
        if now > until {
            return Ok((times, answered));
        }
        if began >= from {
            times.push(now - began);
        }
        began = now;
    }
}

/// Sends so many requests, over all connections.
pub async fn burst(
    server: &Server,
    requests: &Requests,
    count: u64,
    settings: &Settings,
) -> Result<()> {
    let left = Arc::new(AtomicU64::new(count));
    let mut tasks = JoinSet::new();
    for _ in 0..settings.connections {
        let mut connection = Connection::open(server.address).await?;
        let (requests, left) = (requests.clone(), left.clone());
        tasks.spawn(async move {
            let mut request = Vec::new();
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                requests.next(&mut request);
                connection.call(&request).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.context("a connection's task panicked")??;
    }
    Ok(())
}
