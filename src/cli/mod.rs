//! The command line, with one module for each command.
//!
//! Standard output carries results that scripts can read; all messages for people go to standard error.

mod agent;
mod backup;
mod chat;
mod check;
mod child_commands;
mod config;
mod hub;
mod integration;
mod key;
mod openapi;
mod output;
mod restore;
mod run;
mod serve;
mod version;
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

use self::output::WriteError;
use crate::{
    config::{Loaded, Overrides, load},
    domain::{WriteTx, tenancy::audit::Actor},
    kernel::{self, Clock},
    store::Store,
};

/// Number of server threads besides those of the runtime: the writer and its helpers.
const SPARE_THREADS: usize = 8;

/// One self-hosted server that speaks the APIs of several conversational-AI clouds.
#[derive(Parser)]
#[command(name = "parlance", disable_version_flag = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    /// Print the version.
    #[arg(short = 'V', long)]
    version: bool,
    /// With --version: print how the program was built.
    #[arg(long, requires = "version")]
    verbose: bool,
    /// The command. Without one, the server starts.
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Args)]
struct Options {
    /// The configuration file [default: ./parlance.toml, if it exists].
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
    /// Create, list and revoke API keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Create and list workspaces.
    #[command(subcommand)]
    Workspace(workspace::Workspace),
    /// Create and list agents.
    #[command(subcommand)]
    Agent(agent::Agent),
    /// List, approve and archive Ada platform integrations.
    #[command(subcommand)]
    Integration(integration::Integration),
    /// List the names of public integrations, and give them to workspaces.
    #[command(subcommand)]
    Hub(hub::Hub),
    /// Copy the database to a file, even while the server runs.
    Backup(backup::Backup),
    /// Replace the database with a backup. The server must be stopped.
    Restore(restore::Restore),
    /// Check the integrity of the database and that its secrets can be read.
    Check,
    /// Print the OpenAPI document of a dialect.
    Openapi(openapi::Openapi),
    /// Call the handler of a bot's or integration's bundle once, and print its response.
    Run(run::Run),
    /// Chat with a bot in the terminal.
    Chat(chat::Chat),
    /// Show the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// Run scripts from standard input.
    #[command(hide = true)]
    ScriptWorker(child_commands::ScriptWorker),
    /// Read a document from standard input.
    #[command(hide = true)]
    DocumentWorker(child_commands::DocumentWorker),
    /// Limit this process, then execute Node.js in it.
    #[command(hide = true)]
    NodeLauncher(child_commands::NodeLauncher),
}

/// Parses the command line and runs the command. `allocator` names the type of the program's global allocator.
#[must_use]
pub fn run(allocator: &'static str) -> ExitCode {
    match execute(Cli::parse(), allocator) {
        Ok(code) => code,
        // A closed pipe is no error: `head` closes it once it has read enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("error: {}", format_error(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Formats an error with its causes. Skips a cause that an earlier message already includes.
fn format_error(error: &anyhow::Error) -> String {
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

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let unprinted = error.downcast_ref::<WriteError>();
    unprinted.is_some_and(WriteError::is_closed_pipe)
}

fn execute(cli: Cli, allocator: &'static str) -> Result<ExitCode> {
    if cli.version {
        return version::print(allocator, cli.verbose, cli.options.json);
    }
    match &cli.command {
        Some(Command::ScriptWorker(worker)) => return worker.run(),
        Some(Command::DocumentWorker(worker)) => return worker.run(),
        Some(Command::NodeLauncher(launcher)) => return launcher.run(),
        _ => {}
    }
    let global_listen = cli.options.serve.listen_address();
    let listen = match &cli.command {
        Some(Command::Serve(serve)) => serve.listen_address().or(global_listen),
        _ => global_listen,
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

/// Creates the runtime of a command. tokio panics if the system has no threads left, so first checks that as many
/// threads can start.
fn build_runtime() -> Result<Runtime> {
    let workers = thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Arc::new(Mutex::new(receiver));
    let tried = (0..workers + SPARE_THREADS).map(|_| {
        let receiver = Arc::clone(&receiver);
        // Each thread waits until all have started, so that they exist at the same time.
        thread::Builder::new().spawn(move || drop(receiver.lock().map(|ends| ends.recv())))
    });
    let tried: Vec<_> = tried.collect();
    drop(sender);
    for thread in tried {
        let thread = thread.context("the system has no thread left for this program")?;
        // The thread only waits and cannot panic.
        let _ = thread.join();
    }
    Runtime::new().context("the runtime does not start")
}

/// The database, which a running server may have open too.
struct Database {
    runtime: Runtime,
    store: Store,
}

impl Database {
    fn open(loaded: &Loaded) -> Result<Self> {
        Ok(Self {
            runtime: build_runtime()?,
            store: Store::open_for_command(&loaded.config.store)?,
        })
    }

    /// Runs a write transaction as the operator.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&WriteTx<'_>) -> kernel::Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = Clock::system().now();
        let written = self
            .store
            .write(move |conn| job(&WriteTx::new(conn, now, &Actor::Operator)));
        Ok(self.runtime.block_on(written)?)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::format_error;

    #[test]
    fn what_an_error_has_said_is_not_said_again() {
        let disk = anyhow!("disk is full").context("cannot write x: disk is full");
        let error = disk.context("no backup");
        assert_eq!(
            format_error(&error),
            "no backup: cannot write x: disk is full"
        );
        assert_eq!(format_error(&anyhow!("one")), "one");
    }
}
