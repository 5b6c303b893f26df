//! The servers as processes of their own.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::control;

/// The longest that a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The length of a tick, on every Linux (`getconf CLK_TCK` is 100).
const MILLIS_OF_TICK: u64 = 10;

/// A server that is ready. It is killed if it is dropped before it is stopped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    /// From the start of the process to its line that says that it is ready.
    pub ready_after: Duration,
}

impl Server {
    /// The release binary on a database in `directory`, with these settings (`LOG__LEVEL`).
    pub fn parlance(directory: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let log = File::create(directory.join("parlance.log"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PARLANCE_") {
                command.env_remove(name);
            }
        }
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--db", "load.db"])
            .current_dir(directory)
            .envs(
                settings
                    .iter()
                    .map(|(name, value)| (format!("PARLANCE_{name}"), value)),
            )
            .stdin(Stdio::null())
            .stderr(log);
        Self::start(command).with_context(|| {
            let log = fs::read_to_string(directory.join("parlance.log"));
            format!("parlance does not start: {}", log.unwrap_or_default())
        })
    }

    /// The control.
    pub fn control() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(control::ARGUMENT)
            // It ends when this pipe does, whatever happens to the benchmark.
            .stdin(Stdio::piped());
        Self::start(command).context("the control does not start")
    }

    fn start(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let line = match process.stdout.take() {
            Some(stdout) => ready_line(stdout),
            None => bail!("a server without a standard output"),
        };
        let ready_after = began.elapsed();
        let address = line.and_then(|line| address(&line));
        if address.is_err() {
            // The error is told; that the process is gone already is as good.
            let _ = process.kill();
            let _ = process.wait();
        }
        Ok(Self {
            address: address?,
            process,
            ready_after,
        })
    }

    /// A line of the process's status, in MB: `VmRSS`, `VmHWM`.
    pub fn memory(&self, line: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let kilobytes: f64 = status
            .lines()
            .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))
            .and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok())
            .with_context(|| format!("no {line} in the status of the process"))?;
        Ok(kilobytes / 1024.0)
    }

    /// The processor time it has used, by all its threads. Unlike what it answers in a second, this
    /// hardly depends on what else the machine does.
    pub fn processor_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The second field is the name in parentheses; the 14th and 15th are ticks (proc(5)).
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<u64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("the process's times are not numbers")?;
        Ok(Duration::from_millis(
            ticks.iter().sum::<u64>() * MILLIS_OF_TICK,
        ))
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let began = Instant::now();
        while self.process.try_wait()?.is_none() {
            if began.elapsed() > PATIENCE {
                bail!("a server does not stop");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both do nothing where it has been waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ready_line(stdout: ChildStdout) -> Result<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = stdout.read_line(&mut line).map(|_| line);
        // Nobody waits any more: the start is given up.
        let _ = sender.send(read);
    });
    Ok(receiver
        .recv_timeout(PATIENCE)
        .context("the server does not say that it is ready")??)
}

fn address(line: &str) -> Result<SocketAddr> {
    let ready: Value =
        serde_json::from_str(line).with_context(|| format!("not a ready line: {line:?}"))?;
    ready["url"]
        .as_str()
        .and_then(|url| url.strip_prefix("http://")?.parse().ok())
        .with_context(|| format!("no address in {line}"))
}
