//! The whole run: what is measured, in which order.

use std::{path::Path, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    botpress,
    client::Connection,
    disk,
    pages::{self, Pages},
    phase::{self, Phase, Requests},
    process::{API_KEY, Server},
    report::{Report, Row, Target, median},
    settings::Settings,
};

/// How often the server is started on an existing file.
const RESTARTS: usize = 7;
/// How many different integrations are read.
const READ: usize = 1000;
/// How often more rows are made to reach the depth before that is given up.
const SEEDINGS: usize = 30;

/// The documented sample of a new integration (Aloochat's page), secret and all.
const NEW: &str = r#"{"name":"My Shopify Store","type":"shopify","config":{"shop_domain":"mystore.myshopify.com","access_token":"shpat_xxxxxxxxxxxxx","api_version":"2024-01"},"is_active":true,"visibility":"private"}"#;

/// Measures everything.
pub async fn all(settings: &Settings) -> Result<Report> {
    // Beside the build, so that it is a real disk.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut report = Report::default();
    let sync = disk::sync_time(directory.path())?;
    report.fact(
        "fdatasync of the disk, median",
        format!("{:.2} ms", milliseconds(sync)),
    );

    let parlance = Server::parlance(directory.path())?;
    // What the start began may still run; memory is taken when it is at rest.
    thread::sleep(Duration::from_secs(1));
    let idle = parlance.memory("VmRSS")?;

    let (control, requests) = prepare(&parlance).await?;
    let (made, bare) = rounds(settings, &control, &parlance, &requests, &mut report).await?;
    control.stop()?;
    seed(settings, &parlance, &requests.post, made).await?;
    page_rows(
        settings,
        &pages::measure(parlance.address, settings).await?,
        &mut report,
    );
    botpress::measure(directory.path(), &parlance, bare, settings, &mut report).await?;
    let peak = parlance.memory("VmHWM")?;
    parlance.stop()?;

    let ready = restarts(directory.path())?;
    report.fact(
        "memory at rest after the first start",
        format!("{idle:.1} MB"),
    );
    report.fact("memory at its peak under load", format!("{peak:.1} MB"));
    report.fact(
        "ready on the existing file, median",
        format!("{:.0} ms", milliseconds(ready)),
    );
    report.target(Target::at_most("memory at rest", idle, 40.0, "MB"));
    report.target(Target::at_most("ready", milliseconds(ready), 150.0, "ms"));
    Ok(report)
}

/// The requests of the phases.
struct AllRequests {
    get: Requests,
    post: Requests,
}

/// Makes the rows that are read, and a control that answers with the bytes of one of them.
async fn prepare(parlance: &Server) -> Result<(Server, AllRequests)> {
    let mut connection = Connection::open(parlance.address).await?;
    let post = post();
    for _ in 0..READ {
        connection.call(&post).await?;
    }
    let listed = connection.call(&get(&format!("?limit={READ}"))).await?;
    let listed: Vec<Value> = serde_json::from_slice(listed)?;
    let ids: Option<Vec<&str>> = listed.iter().map(|item| item["id"].as_str()).collect();
    let reads: Vec<Vec<u8>> = ids
        .context("an integration without an id")?
        .iter()
        .map(|id| get(&format!("/{id}")))
        .collect();
    let first = reads.first().context("no integration was made")?;
    let answer = connection.call(first).await?.to_vec();
    let control = Server::control(std::str::from_utf8(&answer)?)?;
    let mut other = Connection::open(control.address).await?;
    ensure!(
        other.call(first).await? == answer,
        "the control reads other bytes"
    );
    ensure!(
        other.call(&post).await?.len() == connection.call(&post).await?.len(),
        "the control creates other bytes"
    );
    let requests = AllRequests {
        get: reads.into(),
        post: vec![post].into(),
    };
    Ok((control, requests))
}

/// Control and parlance in turns. Gives the number of rows that were made, and how many requests a
/// second the control answered: GET and POST.
async fn rounds(
    settings: &Settings,
    control: &Server,
    parlance: &Server,
    requests: &AllRequests,
    report: &mut Report,
) -> Result<(u64, (f64, f64))> {
    let (mut gets, mut posts) = (Vec::new(), Vec::new());
    for _ in 0..settings.rounds {
        for (requests, pairs) in [(&requests.get, &mut gets), (&requests.post, &mut posts)] {
            pairs.push((
                phase::run(control, requests, settings).await?,
                phase::run(parlance, requests, settings).await?,
            ));
        }
    }
    let get = compare("GET", "GET by id, key and limits checked", &gets, report);
    let post = compare("POST", "POST create, durable", &posts, report);
    let slowest = median(posts.iter().map(|(_, ours)| p99(ours)));
    report.target(Target::at_least("GET to control", get, 0.7));
    report.target(Target::at_least("POST to control", post, 0.5));
    report.target(Target::at_most("POST p99", slowest, 20.0, "ms"));
    let made = posts.iter().map(|(_, ours)| ours.answered).sum();
    let bare =
        |rounds: &[(Phase, Phase)]| median(rounds.iter().map(|(control, _)| control.per_second));
    Ok((made, (bare(&gets), bare(&posts))))
}

/// Two rows, and the ratio of the second to the first: the median of those of the rounds.
fn compare(method: &str, name: &str, rounds: &[(Phase, Phase)], report: &mut Report) -> f64 {
    let row = |name: String, of: fn(&(Phase, Phase)) -> &Phase, ratio| Row {
        name,
        per_second: Some(median(rounds.iter().map(|round| of(round).per_second))),
        processor: Some(median(rounds.iter().map(|round| of(round).processor))),
        p50: median(rounds.iter().map(|round| p50(of(round)))),
        p99: median(rounds.iter().map(|round| p99(of(round)))),
        ratio,
    };
    let ratio = median(
        rounds
            .iter()
            .map(|(control, ours)| ours.per_second / control.per_second),
    );
    report.row(row(format!("control {method}"), |round| &round.0, None));
    report.row(row(
        format!("parlance {name}"),
        |round| &round.1,
        Some(ratio),
    ));
    ratio
}

/// Makes rows until there is a page after the depth.
async fn seed(
    settings: &Settings,
    parlance: &Server,
    post: &Requests,
    mut made: u64,
) -> Result<()> {
    for _ in 0..SEEDINGS {
        if made >= settings.depth {
            return Ok(());
        }
        made += phase::run(parlance, post, settings).await?.answered;
    }
    ensure!(
        made >= settings.depth,
        "the depth cannot be reached in time"
    );
    Ok(())
}

fn page_rows(settings: &Settings, pages: &Pages, report: &mut Report) {
    let first = milliseconds(pages.first.quantile(0.5));
    let mut row = |name: String, latencies: &phase::Latencies| {
        let p50 = milliseconds(latencies.quantile(0.5));
        report.row(Row {
            name,
            per_second: None,
            processor: None,
            p50,
            p99: milliseconds(latencies.quantile(0.99)),
            ratio: Some(p50 / first),
        });
        p50 / first
    };
    let depth = settings.depth;
    row("parlance page of 20, the first".to_owned(), &pages.first);
    let after = row(format!("parlance page of 20, after {depth}"), &pages.after);
    row(format!("parlance page of 20, skip {depth}"), &pages.skip);
    report.target(Target::at_most("deep page to the first", after, 1.3, ""));
}

fn restarts(directory: &Path) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..RESTARTS {
        let server = Server::parlance(directory)?;
        times.push(server.ready_after);
        server.stop()?;
    }
    Ok(phase::Latencies::new(times).quantile(0.5))
}

fn p50(phase: &Phase) -> f64 {
    milliseconds(phase.latencies.quantile(0.5))
}

fn p99(phase: &Phase) -> f64 {
    milliseconds(phase.latencies.quantile(0.99))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A read of what `rest` names of the integrations.
pub fn get(rest: &str) -> Vec<u8> {
    format!(
        "GET /api/public/integrations{rest} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {API_KEY}\r\n\r\n"
    )
    .into_bytes()
}

fn post() -> Vec<u8> {
    format!(
        "POST /api/public/integrations HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {API_KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{NEW}",
        NEW.len()
    )
    .into_bytes()
}
