//! The program as a process: started in a directory of its own, waited for, and always ended.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    api::{Api, FIXED_KEY},
    command::{Finished, PATIENCE, lines_of, output_of, signal},
};

/// A directory with a database, and the settings of the program on it.
pub struct Home {
    directory: TempDir,
    /// What the tests keep and the program does not see.
    notes: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Home {
    /// An empty directory. Secrets are shown, so that they can be compared.
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            notes: tempfile::tempdir().expect("a temporary directory"),
            settings: vec![
                ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", FIXED_KEY.to_owned()),
                ("PARLANCE_ALOOCHAT__REVEAL_SECRETS", "true".to_owned()),
            ],
        }
    }

    /// The same with another setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// A path outside of the directory, for what a test writes down.
    pub fn note(&self, name: &str) -> PathBuf {
        self.notes.path().join(name)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The log of all servers.
    pub fn log(&self) -> String {
        fs::read_to_string(self.note("server.log")).unwrap_or_default()
    }

    pub fn database(&self) -> PathBuf {
        self.path("parlance.db")
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory can be read");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Starts a server and waits until it accepts connections.
    pub fn serve(&self) -> Server {
        self.serve_under(&[])
    }

    /// The same under a program that runs it, such as `strace -D`, as the same process.
    pub fn serve_under(&self, wrapper: &[OsString]) -> Server {
        self.start_under(wrapper).until_ready()
    }

    /// Starts a server without waiting for it.
    pub fn start(&self) -> Starting {
        self.start_under(&[])
    }

    /// The same under another program.
    pub fn start_under(&self, wrapper: &[OsString]) -> Starting {
        let log = self.note("server.log");
        let mut command = self.command(wrapper);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--db"])
            .arg(self.database())
            .stdout(Stdio::piped())
            .stderr(append(&log));
        let mut child = command.spawn().expect("the program starts");
        let lines = lines_of(child.stdout.take().expect("its output is piped"));
        Starting(Running { child, lines, log })
    }

    /// Runs a command of the program to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Finished {
        self.run_on(&self.database(), arguments)
    }

    /// Runs a command of the program to its end under another program.
    pub fn run_under<S: AsRef<OsStr>>(&self, wrapper: &[OsString], arguments: &[S]) -> Finished {
        let mut command = self.command(wrapper);
        command.args(arguments).arg("--db").arg(self.database());
        Finished::of(output_of(command))
    }

    /// Runs a command of the program on another database to its end.
    pub fn run_on<S: AsRef<OsStr>>(&self, database: &Path, arguments: &[S]) -> Finished {
        let mut command = self.command(&[]);
        command.args(arguments).arg("--db").arg(database);
        Finished::of(output_of(command))
    }

    fn command(&self, wrapper: &[OsString]) -> Command {
        let program = OsString::from(env!("CARGO_BIN_EXE_parlance"));
        let mut words = wrapper.iter().chain([&program]);
        let mut command = Command::new(words.next().expect("at least the program"));
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PARLANCE_") {
                command.env_remove(name);
            }
        }
        command
            .args(words)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }
}

/// A process and its output. It is killed when it is dropped.
struct Running {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both only fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that may not accept connections yet.
pub struct Starting(Running);

impl Starting {
    /// Kills it wherever it is.
    pub fn kill(self) {
        drop(self.0);
    }

    fn until_ready(self) -> Server {
        let log = self.0.log.clone();
        self.outcome().unwrap_or_else(|| {
            let log = fs::read_to_string(log).unwrap_or_default();
            panic!("the server has ended instead of being ready:\n{log}");
        })
    }

    /// Waits until it accepts connections; none if it ends before.
    pub fn outcome(self) -> Option<Server> {
        let running = self.0;
        let line = match running.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("neither ready nor ended"),
        };
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        assert_eq!(ready["event"], "ready");
        assert_eq!(ready["pid"], running.child.id(), "it is our own process");
        let url = ready["url"].as_str().expect("an address").to_owned();
        Some(Server { running, url })
    }
}

/// A server that accepts connections.
pub struct Server {
    running: Running,
    pub url: String,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.running.child.id()
    }

    pub fn api(&self) -> Api {
        Api::new(&self.url, FIXED_KEY)
    }

    /// SIGKILL: the process does nothing any more.
    pub fn kill(mut self) {
        self.running.child.kill().expect("it was still running");
        let status = self.running.child.wait().expect("it can be waited for");
        assert_eq!(status.code(), None, "it was the signal that ended it");
        self.log_without_panic();
    }

    /// SIGTERM: asks it to stop.
    pub fn terminate(&self) {
        signal("TERM", self.pid());
    }

    /// Waits for its end.
    pub fn exit(mut self) -> ExitStatus {
        match self.running.lines.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("instead of ending: {other:?}"),
        }
        let status = self.running.child.wait().expect("it can be waited for");
        self.log_without_panic();
        status
    }

    /// Asks it to stop and waits until it has, without a fault.
    pub fn stop(self) {
        self.terminate();
        let status = self.exit();
        assert!(status.success(), "{status}");
    }

    pub fn is_running(&mut self) -> bool {
        let ended = self.running.child.try_wait().expect("it can be asked");
        ended.is_none()
    }

    fn log_without_panic(&self) {
        let log = read_log(&self.running);
        assert!(!log.contains("panicked"), "{log}");
    }
}

fn append(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("the log can be written")
}

fn read_log(running: &Running) -> String {
    fs::read_to_string(&running.log).unwrap_or_default()
}
