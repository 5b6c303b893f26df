//! Running programs: small bundles, written here, for each limit and feature, in both engines.

mod features;
mod limits;
mod memory;
mod node;
mod reentry;
mod scripts;
mod secrets;
mod server;
mod signals;
pub mod stacks;

use std::{collections::BTreeMap, time::Duration};

use parlance::{
    engine::{Engine, EngineChoice, EngineError, LogLine, Program, Request, Response, Settings},
    kernel::{Clock, Secret, Timestamp, clock::with_timeout},
    net::outbound::{self, Outbound},
};

/// Both engines, for what must be alike in them.
const BOTH: [EngineChoice; 2] = [EngineChoice::Embedded, EngineChoice::Node];

/// An engine with a frozen clock.
struct Bench {
    engine: Engine,
    clock: Clock,
    outbound: Outbound,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of_profile(true, change)
    }

    fn of_profile(development: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            cpu_ms: 3000,
            timeout_seconds: 20,
            executable: Some(env!("CARGO_BIN_EXE_parlance").into()),
            ..Settings::default()
        };
        change(&mut settings);
        let noon = Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").expect("a date");
        let clock = Clock::frozen_at(noon);
        let outbound = Outbound::new(&outbound::Settings::default(), development);
        let engine = Engine::new(settings, development, clock.clone(), outbound.clone());
        Self {
            engine,
            clock,
            outbound,
        }
    }

    /// A program with the limits of the settings.
    fn program(&self, code: &str) -> Program {
        Program {
            id: "prog".to_owned(),
            version: "1".to_owned(),
            code: code.into(),
            env: BTreeMap::new(),
            limits: self.engine.settings().default_limits(),
            engine: None,
        }
    }

    async fn call(&self, program: &Program) -> Result<Response, EngineError> {
        self.engine.call(program, request("{}")).await
    }

    /// What a program answers, which must be a success.
    async fn body(&self, program: &Program, body: &str) -> String {
        let answer = self.engine.call(program, request(body)).await;
        answer.unwrap_or_else(|failure| panic!("{failure}")).body
    }

    /// Every line written so far.
    async fn lines(&self, count: usize) -> Vec<LogLine> {
        let mut queue = self.engine.take_log_lines().expect("nobody took them");
        let mut lines = Vec::new();
        while lines.len() < count {
            let line = with_timeout(Duration::from_secs(20), queue.recv()).await;
            lines.push(line.expect("in time").expect("a line"));
        }
        lines
    }

    /// The first line about an uncaught exception. Node.js reports it on standard error as well,
    /// and those lines may arrive first.
    async fn uncaught_line(&self) -> LogLine {
        let mut queue = self.engine.take_log_lines().expect("nobody took them");
        loop {
            let line = with_timeout(Duration::from_secs(20), queue.recv()).await;
            let line = line.expect("in time").expect("a line");
            if line.uncaught {
                return line;
            }
        }
    }
}

/// A handler with this body, which has `request`.
fn handler(body: &str) -> String {
    format!("exports.handler = async (request) => {{ {body} }}")
}

fn request(body: &str) -> Request {
    let headers = [("x-bot-id", "bot-1"), ("x-bp-operation", "ping")];
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: "a=1".to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: body.to_owned(),
    }
}

fn with_env(mut program: Program, variables: &[(&str, &str)]) -> Program {
    for (name, value) in variables {
        program.env.insert((*name).to_owned(), Secret::new(*value));
    }
    program
}

fn on(mut program: Program, engine: EngineChoice) -> Program {
    program.engine = Some(engine);
    program
}
