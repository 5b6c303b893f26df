//! Which Node.js there is, and what it can be told.

use std::{process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

use crate::kernel::clock::within;

/// How long Node.js may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// Prints what this Node.js is, and which of the flags that matter here it knows.
const QUESTION: &str = "\
    const known = process.allowedNodeEnvironmentFlags;\
    const flags = ['--permission', '--experimental-permission', '--allow-net'];\
    console.log(JSON.stringify({ version: process.version, flags: flags.filter((f) => known.has(f)) }))";

/// A Node.js that can run programs.
#[derive(Debug, Clone)]
pub(in crate::domain::runtime) struct Install {
    path: String,
    flags: Vec<&'static str>,
    /// Whether `setpriv` is there, which has the system end a child when this process ends.
    setpriv: bool,
}

#[derive(Deserialize)]
struct Answer {
    version: String,
    flags: Vec<String>,
}

impl Install {
    /// Asks the program at `path` what it is.
    ///
    /// # Errors
    /// A text that says why it cannot be used.
    pub(in crate::domain::runtime) async fn find(path: &str) -> Result<Self, String> {
        let mut command = Command::new(path);
        command
            .args(["-e", QUESTION])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let output = within(PATIENCE, command.output())
            .await
            .map_err(|_| format!("{path} does not answer"))?
            .map_err(|error| format!("{path} cannot be started: {error}"))?;
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("{path} is not Node.js, or too old"))?;
        let has = |flag: &str| answer.flags.iter().any(|known| known == flag);
        // The stable name of the permission model came with Node.js 22.13 and 23.5.
        let permission = ["--permission", "--experimental-permission"];
        let Some(permission) = permission.into_iter().find(|flag| has(flag)) else {
            let version = answer.version;
            return Err(format!(
                "Node.js {version} has no permission model; 20 or later has"
            ));
        };
        let mut flags = vec![permission];
        // Later versions include the network in the model; a program needs it for its API.
        flags.extend(["--allow-net"].into_iter().filter(|flag| has(flag)));
        Ok(Self {
            path: path.to_owned(),
            flags,
            setpriv: cfg!(target_os = "linux") && has_setpriv().await,
        })
    }

    /// What starts a child that runs a script of ours, with so many bytes of memory.
    pub(super) fn command(&self, script: &str, memory: usize) -> Command {
        let mut command = if self.setpriv {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--", &self.path]);
            command
        } else {
            Command::new(&self.path)
        };
        let megabytes = (memory >> 20).max(16);
        command
            .args(&self.flags)
            .arg(format!("--max-old-space-size={megabytes}"))
            .args(["--no-warnings", "-e", script])
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

async fn has_setpriv() -> bool {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}
