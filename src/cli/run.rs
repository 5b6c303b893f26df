//! `parlance run`: calls the handler of a bundle once, in the engine of the server.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::{Args, ValueEnum};

use super::output;
use crate::{
    config::{Loaded, Profile},
    engine::{Engine, EngineChoice, Level, LogLine, Program, Request, SourcePositions},
    kernel::{Clock, Secret},
    net::outbound::Outbound,
};

/// Call the handler of a bot's or integration's bundle once, and print its response.
#[derive(Args)]
pub struct Run {
    /// The bundle: the file `.botpress/dist/index.cjs` that `bp build` writes.
    bundle: PathBuf,
    /// The operation: `event_received`, `register`, `action_triggered`, `webhook_received`, …
    #[arg(long, default_value = "ping")]
    operation: String,
    /// The type of the event, message or action.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The request body: JSON, or `@FILE`.
    #[arg(long, default_value = "{}")]
    body: String,
    /// The configuration for the code, as JSON.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    configuration: String,
    /// An environment variable for the code: `NAME=VALUE`, or `NAME` to pass on the current value.
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    variables: Vec<String>,
    /// An additional or replaced request header: `name: value`.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The engine [default: as in the settings].
    #[arg(long)]
    engine: Option<EngineArg>,
    /// Number of calls, one after the other; only the last response is printed.
    #[arg(long, default_value_t = 1, value_name = "TIMES")]
    repeat: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineArg {
    Auto,
    Embedded,
    Node,
}

impl Run {
    pub fn run(&self, loaded: &Loaded) -> Result<ExitCode> {
        let runtime = super::build_runtime()?;
        runtime.block_on(self.call(loaded))
    }

    async fn call(&self, loaded: &Loaded) -> Result<ExitCode> {
        let config = &loaded.config;
        let development = config.server.profile == Profile::Dev;
        let outbound = Outbound::new(&config.outbound, development);
        let engine = Engine::new(
            config.runtime.clone(),
            development,
            Clock::system(),
            outbound,
        );
        let program = self.program(config.runtime.default_limits())?;
        let mut lines = engine
            .take_log_lines()
            .context("no other task receives the log lines")?;
        let max_bytes = config.runtime.source_map_bytes;
        let sources = Arc::new(SourcePositions::new(program.code.clone(), max_bytes));
        let printing = tokio::spawn(async move {
            while let Some(mut line) = lines.recv().await {
                if line.level == Level::Error {
                    line.message = sources.map_positions(&line.message).await;
                }
                print_log_line(&line);
            }
        });
        let request = self.request()?;
        let mut outcome = engine.call(&program, request.clone()).await;
        for _ in 1..self.repeat {
            outcome = engine.call(&program, request.clone()).await;
        }
        engine.drop_all().await;
        drop(engine);
        // Fails only if the task panicked.
        let _ = printing.await;
        match outcome {
            Ok(response) => {
                output::json(&response)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(failure) => {
                output::note(format_args!("error: {failure}"));
                if let Some(stack) = failure.exception().and_then(|thrown| thrown.stack.as_ref()) {
                    output::note(stack);
                }
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn program(&self, limits: crate::engine::Limits) -> Result<Program> {
        let code = std::fs::read_to_string(&self.bundle)
            .with_context(|| format!("cannot read {}", self.bundle.display()))?;
        let code = inline_source_map(code, &self.bundle);
        let mut env = BTreeMap::new();
        for variable in &self.variables {
            let (name, value) = match variable.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => (
                    variable.as_str(),
                    std::env::var(variable).with_context(|| format!("there is no {variable}"))?,
                ),
            };
            env.insert(name.to_owned(), Secret::new(value));
        }
        Ok(Program {
            id: self.bundle.display().to_string(),
            version: "1".to_owned(),
            code: code.as_str().into(),
            env,
            limits,
            engine: self.engine.map(|chosen| match chosen {
                EngineArg::Auto => EngineChoice::Auto,
                EngineArg::Embedded => EngineChoice::Embedded,
                EngineArg::Node => EngineChoice::Node,
            }),
        })
    }

    /// Builds the request that a bundle gets from the server (botpress.md §5).
    fn request(&self) -> Result<Request> {
        let body = match self.body.strip_prefix('@') {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
            }
            None => self.body.clone(),
        };
        let configuration = BASE64_STANDARD.encode(&self.configuration);
        let kind = self.kind.as_deref().unwrap_or(&self.operation);
        let mut headers: BTreeMap<String, String> = [
            ("content-type", "application/json"),
            ("x-bot-id", "bot"),
            ("x-bot-user-id", "bot"),
            ("x-integration-id", "integration"),
            ("x-integration-alias", "integration"),
            ("x-webhook-id", "webhook"),
            ("x-bp-operation", &self.operation),
            ("x-bp-type", kind),
            ("x-bp-configuration", &configuration),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for header in &self.headers {
            let Some((name, value)) = header.split_once(':') else {
                bail!("{header:?} is not `name: value`");
            };
            headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
        Ok(Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers,
            body,
        })
    }
}

fn print_log_line(line: &LogLine) {
    let for_owner = if line.visible_to_bot_owner {
        " (bot)"
    } else {
        ""
    };
    output::note(format_args!(
        "{}{for_owner}: {}",
        line.level.name(),
        line.message
    ));
}

/// The prefix of the comment in which a bundler names the source map.
const MAP_COMMENT: &str = "//# sourceMappingURL=";

/// Inlines the source map file beside the bundle (`bp build --sourceMap`), because the engine reads inline maps.
fn inline_source_map(code: String, bundle: &Path) -> String {
    let Some(begin) = code.rfind(MAP_COMMENT) else {
        return code;
    };
    let name = code[begin + MAP_COMMENT.len()..].lines().next();
    let name = name.unwrap_or_default().trim();
    let is_beside = !name.is_empty() && !name.contains(['/', '\\', ':']);
    let map = is_beside.then(|| std::fs::read(bundle.with_file_name(name)).ok());
    match map.flatten() {
        Some(map) => format!(
            "{}{MAP_COMMENT}data:application/json;base64,{}\n",
            &code[..begin],
            BASE64_STANDARD.encode(map)
        ),
        None => code,
    }
}
