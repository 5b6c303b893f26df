//! Botpress's Files API: uploads, against the disk writing the same bytes, and the search of passages.

use std::{fs::OpenOptions, io::Write, path::Path, time::Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    client::Connection,
    phase::{self, Pace},
    process::Server,
    report::{Report, Target},
    requests::{Requests, request},
    settings::Settings,
    suite::{Row, Suite},
};

const TOKEN: &str = "bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str =
    "authorization: Bearer bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
/// The first workspace, as it is by default.
const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";
/// Size of an upload.
const BYTES: usize = 1_000_000;
/// Number of times that the disk writes as many.
const WRITES: usize = 50;
/// Passages that are searched, and how many of them one file has.
const PASSAGES: usize = 50_000;
const PASSAGES_PER_FILE: usize = 5_000;
/// Words that the passages are made of.
const WORDS: usize = 5_000;

#[derive(Default)]
pub struct Files;

impl Suite for Files {
    const NAME: &'static str = "files";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
        ("LIMITS__BOTPRESS_CHAT__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_MINUTE", "60000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_DAY", "1000000000"),
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
        let mut connection = Connection::open(server.address).await?;
        let bot = bot(&mut connection).await?;
        measure_uploads(&mut connection, server, &bot, report).await?;
        for file in 0..PASSAGES / PASSAGES_PER_FILE {
            fill(&mut connection, &bot, file).await?;
        }
        let queries = (0..200).map(|number| {
            let words = [number * 7 % WORDS, number * 31 % WORDS, number % 40];
            let words = words.map(|word| format!("word{word}")).join("%20");
            request(
                "GET",
                &format!("/v1/files/search?query={words}"),
                &in_bot(&bot),
                None,
            )
        });
        let queries = Requests::cycle(queries.collect());
        let name = format!("files: search {PASSAGES} passages");
        let pace = Pace::PerSecond(50);
        let p99 = phase::alone(&name, server, &queries, pace, settings, report).await?;
        report.target(Target::at_most(format!("{name}, p99"), p99, 50.0, "ms"));
        Ok(())
    }
}

/// The headers of a person who acts as this bot.
fn in_bot(bot: &str) -> String {
    format!("{AUTHORIZATION}\r\nx-bot-id: {bot}")
}

async fn call(
    connection: &mut Connection,
    (method, path): (&str, &str),
    headers: &str,
    body: &Value,
) -> Result<Value> {
    let request = request(method, path, headers, Some(&body.to_string()));
    Ok(serde_json::from_slice(connection.call(&request).await?)?)
}

async fn bot(connection: &mut Connection) -> Result<String> {
    let member = format!("{AUTHORIZATION}\r\nx-workspace-id: {WORKSPACE}");
    let body = json!({"name": "bot"});
    let made = call(connection, ("POST", "/v1/admin/bots"), &member, &body).await?;
    let id = made["bot"]["id"].as_str().context("a bot without an id")?;
    Ok(id.to_owned())
}

/// Makes a file; gives the path of its upload.
async fn upsert(connection: &mut Connection, bot: &str, body: Value) -> Result<String> {
    let made = call(connection, ("PUT", "/v1/files"), &in_bot(bot), &body).await?;
    let url = made["file"]["uploadUrl"]
        .as_str()
        .context("a file without an address")?;
    let at = url.find("/v1/").context("an address without a path")?;
    Ok(url[at..].to_owned())
}

/// One upload after the other, beside the disk appending the same bytes with `fdatasync` each.
async fn measure_uploads(
    connection: &mut Connection,
    server: &Server,
    bot: &str,
    report: &mut Report,
) -> Result<()> {
    let body = "x".repeat(BYTES);
    let mut paths = Vec::new();
    for number in 0..WRITES {
        let new = json!({"key": format!("upload-{number}"), "size": BYTES});
        paths.push(upsert(connection, bot, new).await?);
    }
    let database = server.database.as_deref();
    let directory = database
        .and_then(Path::parent)
        .context("a server without a database")?;
    let disk = write_rate(directory, body.as_bytes())?;
    let began = Instant::now();
    for path in &paths {
        let upload = request("PUT", path, "accept: */*", Some(&body));
        connection.call(&upload).await?;
    }
    let uploads = WRITES as f64 / began.elapsed().as_secs_f64();
    report.fact(
        "files: uploads of 1 MB a second".into(),
        format!("{uploads:.1}"),
    );
    report.fact(
        "files: the disk's writes of 1 MB a second".into(),
        format!("{disk:.1}"),
    );
    let name = "files: uploads of 1 MB to the disk's writes";
    report.target(Target::at_least(name, uploads / disk, 0.3));
    Ok(())
}

fn write_rate(directory: &Path, bytes: &[u8]) -> Result<f64> {
    let path = directory.join("written");
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(path)?;
    let began = Instant::now();
    for _ in 0..WRITES {
        file.write_all(bytes)?;
        file.sync_data()?;
    }
    Ok(WRITES as f64 / began.elapsed().as_secs_f64())
}

/// A file with passages of its own.
async fn fill(connection: &mut Connection, bot: &str, file: usize) -> Result<()> {
    let key = format!("passages-{file}");
    let path = upsert(connection, bot, json!({"key": key, "size": 1})).await?;
    let upload = request("PUT", &path, "accept: */*", Some("x"));
    connection.call(&upload).await?;
    let passage = |index: usize| {
        let first = (file * PASSAGES_PER_FILE + index) * 37;
        let words = (0..60).map(|word| format!("word{}", (first + word * word * 13) % WORDS));
        json!({"content": words.collect::<Vec<_>>().join(" ")})
    };
    let passages: Vec<Value> = (0..PASSAGES_PER_FILE).map(passage).collect();
    let path = format!("/v1/files/{key}/passages");
    let body = json!({"passages": passages});
    let set = call(connection, ("PUT", &path), &in_bot(bot), &body).await?;
    ensure!(set == json!({}), "the passages of a file: {set}");
    Ok(())
}
