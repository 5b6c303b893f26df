//! Aloochat: reading and creating integrations, and pages of a long list.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    client::Connection,
    control, pages,
    phase::{self, Latencies},
    process::Server,
    report::{self, Report, Target, milliseconds},
    requests::{Requests, request},
    settings::Settings,
    suite::{Against, Row, Suite},
};

const KEY: &str = "aloo_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str = "x-api-key: aloo_benchmark_0123456789abcdefghijklmnopqrstuv";
const PATH: &str = "/api/public/integrations";
/// How many different integrations are read.
const READ: usize = 1000;
/// How often more rows are made to reach the depth before that is given up.
const SEEDINGS: usize = 30;

/// The documented sample of a new integration (Aloochat's page), secret and all.
const NEW: &str = r#"{"name":"My Shopify Store","type":"shopify","config":{"shop_domain":"mystore.myshopify.com","access_token":"shpat_xxxxxxxxxxxxx","api_version":"2024-01"},"is_active":true,"visibility":"private"}"#;

#[derive(Default)]
pub struct Aloochat {
    /// Makes an integration.
    post: Option<Requests>,
}

impl Suite for Aloochat {
    const NAME: &'static str = "aloochat";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__ALOOCHAT_KEY", KEY),
        ("BOUNDS__SERVICE_INTEGRATIONS", "1000000000"),
        ("LIMITS__ALOOCHAT__PER_SECOND", "1000000"),
        ("LIMITS__ALOOCHAT__PER_MINUTE", "60000000"),
        ("LIMITS__ALOOCHAT__PER_DAY", "1000000000"),
    ];

    async fn rows(&mut self, server: &Server, control: &Server, _: &Settings) -> Result<Vec<Row>> {
        let mut connection = Connection::open(server.address).await?;
        let new = new();
        for _ in 0..READ {
            connection.call(&new).await?;
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
        same_answers(&mut connection, control, first, &new).await?;
        let post = Requests::cycle(vec![new]);
        self.post = Some(post.clone());
        Ok(vec![
            Row {
                name: "GET by id, key and limits checked",
                control: Against::Get,
                requests: Requests::cycle(reads),
                ratio: Some(0.7),
                p99: None,
            },
            Row {
                name: "POST create, durable",
                control: Against::Post,
                requests: post,
                ratio: Some(0.5),
                p99: Some(20.0),
            },
        ])
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        answered: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let post = self.post.as_ref().context("no rows were measured")?;
        // The second row makes integrations.
        let made = answered.get(1).copied().unwrap_or_default();
        seed(settings, server, post, made).await?;
        let pages = pages::measure(server.address, settings).await?;
        page_rows(settings, &pages, report);
        Ok(())
    }
}

/// The control is one only if it answers the same bytes.
async fn same_answers(
    connection: &mut Connection,
    control: &Server,
    read: &[u8],
    new: &[u8],
) -> Result<()> {
    let mut other = Connection::open(control.address).await?;
    ensure!(
        other.call(read).await? == connection.call(read).await?,
        "the control reads other bytes than {:?}",
        String::from_utf8_lossy(connection.call(read).await?)
    );
    ensure!(
        other.call(new).await?.len() == connection.call(new).await?.len(),
        "the control creates other bytes"
    );
    Ok(())
}

/// Makes rows until there is a page after the depth.
async fn seed(settings: &Settings, server: &Server, post: &Requests, mut made: u64) -> Result<()> {
    for _ in 0..SEEDINGS {
        if made >= settings.depth {
            return Ok(());
        }
        made += phase::run(server, post, settings).await?.answered;
    }
    ensure!(
        made >= settings.depth,
        "the depth cannot be reached in time"
    );
    Ok(())
}

fn page_rows(settings: &Settings, pages: &pages::Pages, report: &mut Report) {
    let first = milliseconds(pages.first.quantile(0.5));
    let mut row = |name: String, latencies: &Latencies| {
        let p50 = milliseconds(latencies.quantile(0.5));
        report.row(report::Row {
            name,
            per_second: None,
            processor: None,
            p50: Some(p50),
            p99: Some(milliseconds(latencies.quantile(0.99))),
            ratio: Some(p50 / first),
        });
        p50 / first
    };
    let depth = settings.depth;
    row("aloochat page of 20, the first".to_owned(), &pages.first);
    let after = row(format!("aloochat page of 20, after {depth}"), &pages.after);
    row(format!("aloochat page of 20, skip {depth}"), &pages.skip);
    report.target(Target::at_most("deep page to the first", after, 1.3, ""));
}

/// A read of what `rest` names of the integrations.
pub fn get(rest: &str) -> Vec<u8> {
    request("GET", &format!("{PATH}{rest}"), AUTHORIZATION, None)
}

/// Makes an integration.
pub fn new() -> Vec<u8> {
    request("POST", PATH, AUTHORIZATION, Some(NEW))
}

/// The control's requests: the same as of the server.
pub fn of_control(operation: Against) -> Requests {
    Requests::cycle(vec![match operation {
        Against::Get => get(&format!("/{}", control::ID)),
        Against::Post => new(),
    }])
}
