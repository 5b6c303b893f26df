//! How long and how hard to measure.

use std::{env, str::FromStr, time::Duration};

use anyhow::{Result, anyhow};

/// Settings, each from one environment variable.
#[derive(Clone)]
pub struct Settings {
    /// `LOAD_SECONDS`: the measured time of a phase. Default: 5.
    pub phase: Duration,
    /// `LOAD_WARM_UP_SECONDS`: the unmeasured time before it. Default: 1.
    pub warm_up: Duration,
    /// `LOAD_ROUNDS`: how often control and parlance take turns. Default: 3.
    pub rounds: usize,
    /// `LOAD_CONNECTIONS`: connections that are kept alive. Default: 64.
    pub connections: usize,
    /// `LOAD_DEPTH`: the row after which the deep page begins. Default: 100000.
    pub depth: u64,
    /// `LOAD_MESSAGES`: the messages of which the deliveries are counted. Default: 20000.
    pub messages: u64,
    /// `LOAD_LISTED`: the messages of the conversation that is listed. Default: 1000000.
    pub listed: u64,
    /// `LOAD_BOTS`: the bots, where there are many. Default: 1000.
    pub bots: u64,
    /// `LOAD_CONVERSATIONS`: the conversations that each of them has. Default: 1000.
    pub conversations: u64,
    /// `LOAD_RATE`: the requests per second where servers or tenants are compared under the same load,
    /// which all of them can bear. Default: 5000.
    pub rate: u32,
    /// `LOAD_ONLY`: the suites to run, with commas between: `ada,webhooks`. Default: all.
    pub only: Option<Vec<String>>,
}

impl Settings {
    pub fn from_environment() -> Result<Self> {
        Ok(Self {
            phase: Duration::from_secs_f64(variable("LOAD_SECONDS", 5.0)?),
            warm_up: Duration::from_secs_f64(variable("LOAD_WARM_UP_SECONDS", 1.0)?),
            rounds: variable("LOAD_ROUNDS", 3)?,
            connections: variable("LOAD_CONNECTIONS", 64)?,
            depth: variable("LOAD_DEPTH", 100_000)?,
            messages: variable("LOAD_MESSAGES", 20_000)?,
            listed: variable("LOAD_LISTED", 1_000_000)?,
            bots: variable("LOAD_BOTS", 1000)?,
            conversations: variable("LOAD_CONVERSATIONS", 1000)?,
            rate: variable("LOAD_RATE", 5000)?,
            only: env::var("LOAD_ONLY").ok().map(|names| {
                names
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect()
            }),
        })
    }
}

fn variable<T: FromStr>(name: &str, default: T) -> Result<T> {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|_| anyhow!("{name} cannot be read: {text}")),
        Err(_) => Ok(default),
    }
}
