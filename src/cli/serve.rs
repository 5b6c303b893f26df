//! `parlance serve`: runs the server until a signal stops it.

use std::{
    env,
    ffi::OsStr,
    io::{self, IsTerminal},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

use super::output;
use crate::{
    config::{Config, LogFormat, LogSettings, Profile},
    domain::tenancy::api_keys::KeyKind,
    kernel::{Clock, ascii::AsciiLines},
    server::Server,
    store,
};

/// The address to listen on.
#[derive(Args)]
pub struct Serve {
    /// The address to listen on; port 0 picks a free port [default: 127.0.0.1:4600].
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// The port of 127.0.0.1 to listen on; 0 picks a free port.
    #[arg(long)]
    port: Option<u16>,
}

impl Serve {
    /// Returns the address, if one was given.
    #[must_use]
    pub fn listen_address(&self) -> Option<SocketAddr> {
        let port = self.port.map(|port| (Ipv4Addr::LOCALHOST, port).into());
        self.listen.or(port)
    }
}

pub fn run(config: &Config) -> Result<ExitCode> {
    log_to_stderr(&config.log)?;
    let runtime = super::build_runtime()?;
    runtime.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals do not work")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals do not work")?;
    // The default action of SIGUSR1 ends the process, and Node.js has a function that sends it.
    let _ignored = signal(SignalKind::user_defined1()).context("signals do not work")?;
    let server = match Server::start(config, Clock::system()).await {
        Err(error) if error.is_address_in_use(config.server.listen) => {
            bail!(
                "{:#}; `--port PORT` takes another port, and `--port 0` any that is free",
                anyhow::Error::new(error)
            );
        }
        started => started?,
    };
    let first_keys = match config.server.profile {
        Profile::Dev => FirstKeys::Printed,
        Profile::Production => save_first_keys(&server),
    };
    print_welcome(&server, config, &first_keys);
    let ready = json!({"event": "ready", "url": server.url(), "pid": std::process::id()});
    if let Err(error) = output::json(&ready) {
        // The reader of standard output is gone, but clients of the server may not be.
        warn!(%error, "the ready message could not be printed");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    output::note("Stopping …");
    server.stop().await;
    Ok(())
}

fn log_to_stderr(log: &LogSettings) -> Result<()> {
    let filter: tracing_subscriber::EnvFilter = log.level.parse()?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colors(
            io::stderr().is_terminal(),
            env::var_os("NO_COLOR").as_deref(),
        ))
        // Internal errors also go to standard error, and would panic if it is closed.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines
            .json()
            .with_writer(|| AsciiLines(std::io::stderr()))
            .init(),
    }
    Ok(())
}

/// True if the log uses colors: in a terminal, unless the user disabled them (<https://no-color.org>).
fn has_colors(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// The place of the keys that the first start creates.
enum FirstKeys {
    /// Printed on standard error.
    Printed,
    /// In a file that only its owner may read. The standard error of a service goes to a log that others can read.
    Saved(PathBuf),
    /// Lost, because the file could not be written.
    Lost(PathBuf, io::Error),
}

/// Writes the keys that this start created to a file beside the database.
fn save_first_keys(server: &Server) -> FirstKeys {
    let path = store::append_suffix(server.app().store().path(), ".first-keys");
    let keys = &server.started().new_keys;
    if keys.is_empty() {
        return FirstKeys::Saved(path);
    }
    let lines: String = keys
        .iter()
        .map(|(kind, key)| format!("{} {}\n", kind.as_str(), key.expose()))
        .collect();
    match store::write_private(&path, lines.as_bytes()) {
        Ok(()) => FirstKeys::Saved(path),
        Err(error) => FirstKeys::Lost(path, error),
    }
}

/// Prints on standard error how to call the server.
fn print_welcome(server: &Server, config: &Config, first_keys: &FirstKeys) {
    let url = server.url();
    let database = server.app().store().path().display().to_string();
    output::note(format_args!(
        "\nParlance {} is ready at {url}\n  \
         database   {database}\n  \
         pages      {url}/  (every API with its Swagger UI)",
        env!("CARGO_PKG_VERSION")
    ));
    let keys = &server.started().new_keys;
    let fixed = config.bootstrap.fixed_keys();
    let fixed: Vec<&str> = fixed.iter().map(|kind| kind.as_str()).collect();
    if !fixed.is_empty() {
        let fixed = fixed.join(", ");
        output::note(format_args!(
            "  fixed keys {fixed}, from the settings (bootstrap)"
        ));
    }
    if keys.is_empty() {
        // If every key has a fixed value, the first start created none.
        let first = if server.created_database() {
            ""
        } else {
            "those of the first start; "
        };
        output::note(format_args!(
            "  keys       {first}`parlance key create` makes others\n"
        ));
        return;
    }
    match first_keys {
        FirstKeys::Printed => {
            output::note("\nThe first keys. They are shown only now:");
            for (kind, key) in keys {
                output::note(format_args!("  {:<16} {}", kind.as_str(), key.expose()));
            }
        }
        FirstKeys::Saved(path) => output::note(format_args!(
            "\nThe first keys are in {}, which only its owner may read. Store them safely, and delete the \
             file.",
            path.display()
        )),
        FirstKeys::Lost(path, error) => output::note(format_args!(
            "\nThe first keys could not be written to {}: {error}. Nobody has them: make others with \
             `parlance key create`, and revoke these.",
            path.display()
        )),
    }
    let key = |wanted: KeyKind| {
        let are_printed = matches!(first_keys, FirstKeys::Printed);
        let key = keys.iter().find(|(kind, _)| are_printed && *kind == wanted);
        match key {
            Some((_, key)) => key.expose(),
            None if fixed.contains(&wanted.as_str()) => "YOUR_FIXED_KEY",
            None => "YOUR_KEY",
        }
    };
    output::note(format_args!(
        "\nTry it:\n  \
         curl {url}/api/public/integrations/types -H 'x-api-key: {}'\n  \
         curl {url}/api/v2/end-users/ -H 'Authorization: Bearer {}'\n  \
         curl {url}/v1/connectors -H 'Authorization: Bearer {}'",
        key(KeyKind::Aloochat),
        key(KeyKind::Ada),
        key(KeyKind::Cohere),
    ));
    output::note(format_args!(
        "  curl {url}/v1/admin/bots/{} -H 'Authorization: Bearer {}' -H 'x-workspace-id: {}'\n",
        server
            .started()
            .agent
            .as_ref()
            .map_or("BOT", |agent| agent.id.as_str()),
        key(KeyKind::BotpressPat),
        server.started().workspace.id
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_for_terminals_whose_user_wants_them() {
        assert!(has_colors(true, None));
        assert!(has_colors(true, Some(OsStr::new(""))));
        assert!(!has_colors(true, Some(OsStr::new("1"))));
        assert!(!has_colors(false, None));
    }
}
