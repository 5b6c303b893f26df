//! Finds the Node.js that runs programs, the flags that it supports, and the confinement that works with it.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use tokio::process::Command;

use crate::{
    engine::{Settings, confinement::Measures, helper},
    kernel::clock::with_timeout,
};

/// Maximum time of one trial run of Node.js.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// Script that prints the version of this Node.js, and which of the required flags it supports.
const PROBE_SCRIPT: &str = "\
    const known = process.allowedNodeEnvironmentFlags;\
    const flags = ['--permission', '--experimental-permission', '--allow-net'];\
    console.log(JSON.stringify({ version: process.version, flags: flags.filter((f) => known.has(f)) }))";

/// Writable memory that Node.js uses in addition to the program's limit, in bytes: an upper bound, with the stacks of
/// its threads and space for its garbage collector.
const NODE_MEMORY: u64 = 1024 * 1024 * 1024;

/// A Node.js installation that can run programs.
#[derive(Debug, Clone)]
pub(in crate::engine) struct NodeInstall {
    path: String,
    flags: Vec<&'static str>,
    /// This program in the hidden mode that becomes Node.js, if that works here.
    launcher: Option<Launcher>,
}

#[derive(Debug, Clone)]
struct Launcher {
    program: Option<PathBuf>,
    uid: Option<u32>,
    without_file_rules: bool,
}

#[derive(Deserialize)]
struct ProbeOutput {
    version: String,
    flags: Vec<String>,
}

impl NodeInstall {
    /// Checks the Node.js that the settings name, and finds the confinement that works with it. Logs the measures
    /// that are in force.
    ///
    /// # Errors
    /// A text with the reason why this Node.js cannot be used.
    pub(in crate::engine) async fn find(settings: &Settings) -> Result<Self, String> {
        let path = &settings.node_path;
        let mut command = Command::new(path);
        command
            .args(["-e", PROBE_SCRIPT])
            .env_clear()
            .current_dir("/");
        let output = run_command(command)
            .await
            .map_err(|why| format!("{path} {why}"))?;
        let answer: ProbeOutput =
            parse_last_line(&output).ok_or_else(|| format!("{path} is not Node.js, or too old"))?;
        let has = |flag: &str| answer.flags.iter().any(|known| known == flag);
        // The permission model has its stable flag since Node.js 22.13 and 23.5.
        let permission = ["--permission", "--experimental-permission"];
        let Some(permission) = permission.into_iter().find(|flag| has(flag)) else {
            let version = answer.version;
            return Err(format!(
                "Node.js {version} has no permission model; 20 or later has"
            ));
        };
        let mut flags = vec![permission];
        // Later versions restrict the network too; a program needs it to call its API.
        flags.extend(["--allow-net"].into_iter().filter(|flag| has(flag)));
        let mut install = Self {
            path: path.to_owned(),
            flags,
            launcher: None,
        };
        install.find_launcher(settings).await?;
        Ok(install)
    }

    /// Tries the launcher with all measures, then without the file rules, which may not fit an installation in an
    /// unusual place.
    async fn find_launcher(&mut self, settings: &Settings) -> Result<(), String> {
        let uid = Some(settings.node_uid).filter(|uid| *uid != 0);
        for any_file in [false, true] {
            let launcher = Launcher {
                program: settings.executable.clone(),
                uid,
                without_file_rules: any_file,
            };
            let mut command = launcher.command(settings.memory_bytes as u64, true);
            command.arg("--").arg(&self.path).args(&self.flags);
            command.args(["--no-warnings", "-e", PROBE_SCRIPT]);
            let text = run_command(Command::from(command))
                .await
                .unwrap_or_default();
            let measures: Option<Measures> = parse_first_line(&text);
            if let Some(measures) =
                measures.filter(|_| parse_last_line::<ProbeOutput>(&text).is_some())
            {
                log_measures(measures);
                self.launcher = Some(launcher);
                return Ok(());
            }
        }
        if let Some(uid) = uid {
            let path = &self.path;
            return Err(format!(
                "{path} cannot be run as the user {uid} (runtime.node_uid)"
            ));
        }
        tracing::warn!("Node.js runs without confinement by the system: its launcher fails");
        Ok(())
    }

    /// Returns the command that starts a child with a script of ours and this memory limit, in bytes.
    pub(super) fn command(&self, script: &str, memory: usize) -> Command {
        let mut command = match &self.launcher {
            Some(launcher) => {
                let mut command = launcher.command(memory as u64, false);
                command.arg("--").arg(&self.path);
                Command::from(command)
            }
            None => {
                let mut command = Command::new(&self.path);
                command.env_clear().current_dir("/").process_group(0);
                command
            }
        };
        let megabytes = (memory >> 20).max(16);
        command
            .args(&self.flags)
            .arg(format!("--max-old-space-size={megabytes}"))
            .args(["--no-warnings", "-e", script])
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

impl Launcher {
    fn command(&self, memory: u64, report: bool) -> std::process::Command {
        let mut command = helper::command(self.program.as_deref(), helper::NODE_LAUNCHER);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let memory = memory.saturating_add(NODE_MEMORY);
        command.args(["--memory-bytes", &memory.to_string()]);
        if let Some(uid) = self.uid {
            command.args(["--uid", &uid.to_string()]);
        }
        if self.without_file_rules {
            command.args(["--without", "files"]);
        }
        if report {
            command.arg("--report");
        }
        command
    }
}

/// Logs which measures confine Node.js and which do not.
fn log_measures(measures: Measures) {
    let all = [
        (measures.signals, "signals (Landlock)"),
        (measures.calls, "system calls to other processes (seccomp)"),
        (measures.files, "files (Landlock)"),
        (measures.user, "another user (runtime.node_uid)"),
    ];
    let those = |wanted: bool| {
        let names = all.iter().filter(|(force, _)| *force == wanted);
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        names.join(", ")
    };
    let (in_force, not) = (those(true), those(false));
    if measures.signals || measures.calls {
        tracing::info!(in_force, not, "measures confine code in Node.js");
    } else {
        tracing::warn!(
            in_force,
            not,
            "the kernel does not prevent code in Node.js from sending signals to this server"
        );
    }
}

/// Runs a command and returns its standard output.
async fn run_command(mut command: Command) -> Result<String, String> {
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = with_timeout(PROBE_TIMEOUT, command.output())
        .await
        .map_err(|_| "does not answer".to_owned())?
        .map_err(|error| format!("cannot be started: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse_first_line<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text.lines().next()?).ok()
}

fn parse_last_line<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text.lines().last()?).ok()
}
