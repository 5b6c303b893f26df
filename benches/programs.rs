//! `cargo bench --bench programs`: what programs cost in the embedded engine: time to load, memory
//! of a hundred that are idle, calls a second.
//!
//! `PARLANCE_BUNDLE` names a bundle, such as those that `tests/clients/botpress-bundles` makes;
//! without it a trivial one is loaded. Each call is a `ping`, which every bundle answers.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement takes the real time; the product's clock can be moved"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use parlance::{
    engine::{Engine, EngineChoice, Program, Request, Settings},
    kernel::{Clock, Secret},
    net::outbound::{self, Outbound},
};

/// That of the server.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How many programs are loaded.
const PROGRAMS: u32 = 100;

/// How many calls are made, and how many of them at once.
const CALLS: u32 = 20_000;
const AT_ONCE: u32 = 64;

/// What the engine waits for before it collects garbage, and some more.
const LULL: Duration = Duration::from_millis(1500);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
    println!("{}", runtime.block_on(measure())?);
    Ok(())
}

async fn measure() -> Result<String> {
    let outbound = Outbound::new(&outbound::Settings::default(), true);
    let settings = Settings {
        executable: Some(env!("CARGO_BIN_EXE_parlance").into()),
        ..Settings::default()
    };
    let engine = Engine::new(settings, true, Clock::system(), outbound);
    let code: Arc<str> = match env::var("PARLANCE_BUNDLE") {
        Ok(file) => fs::read_to_string(&file).context(file)?.into(),
        Err(_) => "exports.handler = () => ({ body: '{}' })".into(),
    };
    let resident_before = resident()?;
    let started = Instant::now();
    for number in 0..PROGRAMS {
        call(&engine, &program(&engine, number, &code)).await?;
    }
    let load = started.elapsed() / PROGRAMS;
    tokio::time::sleep(LULL).await;
    let resident_each = (resident()? - resident_before) / u64::from(PROGRAMS);
    let heap: u64 = engine.stats().warm.iter().map(|warm| warm.memory).sum();

    let one = program(&engine, 0, &code);
    let mut latencies = Vec::new();
    for _ in 0..1000 {
        let started = Instant::now();
        call(&engine, &one).await?;
        latencies.push(started.elapsed());
    }
    latencies.sort_unstable();
    let started = Instant::now();
    let callers = (0..AT_ONCE).map(|_| {
        let (engine, one) = (engine.clone(), one.clone());
        tokio::spawn(async move {
            for _ in 0..CALLS / AT_ONCE {
                call(&engine, &one).await?;
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    let rate = f64::from(CALLS) / started.elapsed().as_secs_f64();
    Ok(format!(
        "bundle of {} KB: {load:.1?} to load and call; {PROGRAMS} idle: {:.1} MB resident each, \
         {:.1} MB of heap each; a call {:.1?} (median); {rate:.0} calls a second by {AT_ONCE} callers",
        code.len() / 1000,
        resident_each as f64 / 1e6,
        heap as f64 / f64::from(PROGRAMS) / 1e6,
        latencies[latencies.len() / 2],
    ))
}

fn program(engine: &Engine, number: u32, code: &Arc<str>) -> Program {
    Program {
        id: format!("bench-{number}"),
        version: "1".to_owned(),
        code: Arc::clone(code).into(),
        env: BTreeMap::from([("BP_TOKEN".to_owned(), Secret::new("t"))]),
        limits: engine.settings().default_limits(),
        engine: Some(EngineChoice::Embedded),
    }
}

async fn call(engine: &Engine, program: &Program) -> Result<()> {
    let headers = [
        ("x-bot-id", "bot"),
        ("x-bot-user-id", "bot"),
        ("x-integration-id", "i"),
        ("x-integration-alias", "i"),
        ("x-webhook-id", "w"),
        ("x-bp-operation", "ping"),
        ("x-bp-type", "ping"),
        ("x-bp-configuration", "e30="),
    ];
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: "{}".to_owned(),
        ..Request::default()
    };
    let answer = engine.call(program, request).await;
    answer.map_err(|failure| anyhow!("{failure}")).map(drop)
}

/// The memory of this process, in bytes.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kilobytes.context("no VmRSS")?.parse::<u64>()? * 1024)
}
