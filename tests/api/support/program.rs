//! The real program as a child process.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// The arguments of a server on a free port.
const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];

/// The program with a directory of its own. It is ended with the test.
pub struct Program {
    pub directory: TempDir,
    running: Option<Running>,
}

struct Running {
    child: Child,
    url: String,
}

impl Program {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            running: None,
        }
    }

    /// The program with these arguments, in its directory, with none of our settings in the
    /// environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
        command.args(arguments).current_dir(self.directory.path());
        without_settings(command)
    }

    /// What a command prints.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it runs")
    }

    /// What a command that succeeds prints on standard output.
    pub fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Starts the server on a free port and waits until it is ready.
    pub fn serve(&mut self, variables: &[(&str, &str)]) {
        let mut command = self.command(SERVE);
        command.envs(variables.iter().copied());
        self.run_server(command);
    }

    /// The same with a limit on file descriptors.
    pub fn serve_with_descriptors(&mut self, descriptors: u32) {
        // It becomes the server, so that the process is the one that is started here.
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--nofile={descriptors}"))
            .arg(env!("CARGO_BIN_EXE_parlance"))
            .args(SERVE)
            .current_dir(self.directory.path());
        self.run_server(without_settings(command));
    }

    fn run_server(&mut self, mut command: Command) {
        let log = File::create(self.log()).expect("a log file");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("no ready line: {line:?} {}", self.stderr()));
        assert_eq!(ready["event"], "ready");
        assert_eq!(ready["pid"], child.id());
        let url = ready["url"].as_str().expect("a url").to_owned();
        self.running = Some(Running { child, url });
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("it runs").url
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").child.id()
    }

    /// The file that standard error goes to.
    pub fn log(&self) -> PathBuf {
        self.directory.path().join("stderr.txt")
    }

    /// What the server has printed on standard error.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Ends the server at once, as a crash does.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.child.kill().expect("it is ended");
        running.child.wait().expect("it ends");
    }

    /// Asks the server to stop, as a service manager does, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("it runs");
        let pid = running.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
        running.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            // It may have ended by itself.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// The command without our settings in its environment.
fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PARLANCE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a file is there and holds these bytes.
pub fn file_contains(path: &Path, needle: &str) -> bool {
    let Ok(bytes) = std::fs::read(path) else {
        return false;
    };
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}
