//! The command line: one file for each command.
//!
//! Standard output carries what scripts read; everything for people goes to standard error.

mod agent;
mod backup;
mod chat;
mod check;
mod config;
mod helper;
mod hub;
mod integration;
mod key;
mod openapi;
mod output;
mod restore;
mod run;
mod serve;
mod workspace;

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use self::output::Unprinted;
use crate::{
    config::{Loaded, Overrides, load},
    domain::{Change, tenancy::audit::Actor},
    kernel::{self, Clock},
    store::Store,
};

/// The threads that the server has beside those of the runtime: the writer and its helpers.
const SPARE_THREADS: usize = 8;

/// One self-hosted server that speaks the APIs of several conversational-AI clouds.
#[derive(Parser)]
#[command(name = "parlance", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
    /// Start the server if absent.
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Args)]
struct Options {
    /// The configuration file [default: ./parlance.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database file [default: ./parlance.db].
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Print JSON instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    Serve(serve::Serve),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Make and list workspaces.
    #[command(subcommand)]
    Workspace(workspace::Workspace),
    /// Make and list agents.
    #[command(subcommand)]
    Agent(agent::Agent),
    /// List, approve and archive Ada platform integrations.
    #[command(subcommand)]
    Integration(integration::Integration),
    /// List and give away the names of public integrations.
    #[command(subcommand)]
    Hub(hub::Hub),
    /// Copy the database to a file, while the server runs or not.
    Backup(backup::Backup),
    /// Put a backup in the place of the database. The server must be stopped.
    Restore(restore::Restore),
    /// Check that the database is sound and its secrets can be read.
    Check,
    /// Print the OpenAPI document of a dialect.
    Openapi(openapi::Openapi),
    /// Call the handler of a bot's or an integration's bundle once, and print its answer.
    Run(run::Run),
    /// Talk with a bot in the terminal.
    Chat(chat::Chat),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// Run scripts that come on standard input.
    #[command(hide = true)]
    ScriptWorker(helper::ScriptWorker),
    /// Read a document of a folder (started by the server).
    #[command(hide = true)]
    DocumentWorker(helper::DocumentWorker),
    /// Limit this process, and become Node.js.
    #[command(hide = true)]
    NodeLauncher(helper::NodeLauncher),
}

/// Runs the command that the program was started with.
#[must_use]
pub fn run() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(code) => code,
        // As `head` ends what it reads from: without a word.
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("error: {}", whole(&error)));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each said once: some say what caused them themselves.
fn whole(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn is_closed(error: &anyhow::Error) -> bool {
    let unprinted = error.downcast_ref::<Unprinted>();
    unprinted.is_some_and(Unprinted::is_closed)
}

fn execute(cli: Cli) -> Result<ExitCode> {
    match &cli.command {
        Some(Command::ScriptWorker(worker)) => return worker.run(),
        Some(Command::DocumentWorker(worker)) => return worker.run(),
        Some(Command::NodeLauncher(launcher)) => return launcher.run(),
        _ => {}
    }
    let given = cli.options.serve.address();
    let listen = match &cli.command {
        Some(Command::Serve(serve)) => serve.address().or(given),
        _ => given,
    };
    let loaded = load(&Overrides {
        config: cli.options.config.clone(),
        listen,
        db: cli.options.db.clone(),
    })?;
    let json = cli.options.json;
    match cli.command {
        None | Some(Command::Serve(_)) => serve::run(&loaded.config),
        Some(Command::Key(command)) => command.run(&loaded, json),
        Some(Command::Workspace(command)) => command.run(&loaded, json),
        Some(Command::Agent(command)) => command.run(&loaded, json),
        Some(Command::Integration(command)) => command.run(&loaded, json),
        Some(Command::Hub(hub)) => hub.run(&loaded, json),
        Some(Command::Backup(command)) => command.run(&loaded, json),
        Some(Command::Restore(command)) => command.run(&loaded, json),
        Some(Command::Check) => check::run(&loaded, json),
        Some(Command::Openapi(command)) => command.run(&loaded),
        Some(Command::Run(command)) => command.run(&loaded),
        Some(Command::Chat(command)) => command.run(&loaded, json),
        Some(Command::Config(command)) => command.run(&loaded, json),
        Some(Command::ScriptWorker(worker)) => worker.run(),
        Some(Command::DocumentWorker(worker)) => worker.run(),
        Some(Command::NodeLauncher(launcher)) => launcher.run(),
    }
}

/// The runtime of a command. It would panic where the system has no thread left for it, so as many are
/// tried first.
fn runtime() -> Result<Runtime> {
    let workers = thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Arc::new(Mutex::new(receiver));
    let tried = (0..workers + SPARE_THREADS).map(|_| {
        let receiver = Arc::clone(&receiver);
        // Each waits until all are there.
        thread::Builder::new().spawn(move || drop(receiver.lock().map(|ends| ends.recv())))
    });
    let tried: Vec<_> = tried.collect();
    drop(sender);
    for thread in tried {
        let thread = thread.context("the system has no thread left for this program")?;
        // It has nothing to panic about.
        let _ = thread.join();
    }
    Runtime::new().context("the runtime does not start")
}

/// The database, opened beside a server that may be running on it.
struct Database {
    runtime: Runtime,
    store: Store,
}

impl Database {
    fn open(loaded: &Loaded) -> Result<Self> {
        Ok(Self {
            runtime: runtime()?,
            store: Store::open_beside(&loaded.config.store)?,
        })
    }

    /// Makes a change in the operator's name.
    fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Change<'_>) -> kernel::Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = Clock::system().now();
        let written = self
            .store
            .write(move |conn| job(&Change::new(conn, now, &Actor::Operator)));
        Ok(self.runtime.block_on(written)?)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::whole;

    #[test]
    fn what_an_error_has_said_is_not_said_again() {
        let disk = anyhow!("disk is full").context("cannot write x: disk is full");
        let error = disk.context("no backup");
        assert_eq!(whole(&error), "no backup: cannot write x: disk is full");
        assert_eq!(whole(&anyhow!("one")), "one");
    }
}
