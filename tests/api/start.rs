//! Starts under bad conditions: each is a clean start or a clear refusal, and never a panic.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::{Child, Command, Stdio},
    time::Duration,
};

use parlance::{
    config::{self, Config, Overrides},
    kernel::{
        Clock,
        clock::{sleep_real_time, with_timeout},
    },
    server::Server,
};
use serde_json::Value;

use crate::support::{Program, client};

const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a start: the ready line, or what the program said before it ended.
struct Started {
    child: Child,
    ready: Option<Value>,
    said: String,
}

impl Started {
    fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).ok();
        if ready.is_some() {
            child.kill().expect("it is ended");
        }
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("it is piped");
        stderr.read_to_string(&mut said).expect("a text");
        assert!(!said.contains("panicked"), "{said}");
        Self { child, ready, said }
    }

    fn must_succeed(mut self) {
        assert!(self.ready.is_some(), "{}", self.said);
        self.child.wait().expect("it ends");
    }

    /// Asserts that it is refused, with these words.
    fn must_be_refused(mut self, words: &str) {
        assert!(self.ready.is_none(), "it starts: {words}");
        let status = self.child.wait().expect("it ends");
        assert!(
            matches!(status.code(), Some(1 | 2)),
            "{status} {}",
            self.said
        );
        assert!(self.said.contains("error: "), "{}", self.said);
        assert!(self.said.contains(words), "{words}: {}", self.said);
    }
}

fn serve(program: &Program) -> Command {
    program.command(&["serve", "--port", "0"])
}

#[test]
fn a_start_needs_no_certificates_of_authorities() {
    let program = Program::new();
    let mut command = serve(&program);
    command
        .env("SSL_CERT_FILE", "/nonexistent/bundle.pem")
        .env("SSL_CERT_DIR", "/nonexistent");
    let started = Started::of(command);
    assert!(started.said.contains("certificates"), "{}", started.said);
    started.must_succeed();
}

#[test]
fn a_start_needs_little_of_its_environment() {
    let program = Program::new();
    let mut command = serve(&program);
    command.env_remove("HOME").env("TZ", "Nowhere/At All");
    Started::of(command).must_succeed();
    let mut command = serve(&program);
    command.env_clear();
    Started::of(command).must_succeed();
    let mut command = serve(&program);
    command
        .env("OTHER", OsStr::from_bytes(b"\xff"))
        .env(OsStr::from_bytes(b"\xffNAME"), "x");
    Started::of(command).must_succeed();
    let mut command = serve(&program);
    command.env("PARLANCE_LOG__LEVEL", OsStr::from_bytes(b"\xff"));
    Started::of(command).must_be_refused("setting log.level: it is not UTF-8");
}

#[test]
fn a_start_says_what_lets_others_in() {
    let program = Program::new();
    let said = |listen: &str, variables: &[(&str, &str)]| {
        let mut command = program.command(&["serve", "--listen", listen]);
        command.envs(variables.iter().copied());
        let mut started = Started::of(command);
        started.child.wait().expect("it ends");
        assert!(started.ready.is_some(), "{}", started.said);
        started.said
    };
    let production = ("PARLANCE_SERVER__PROFILE", "production");
    let hosts = ("PARLANCE_SERVER__ALLOWED_HOSTS", "[\"a.example\"]");
    let url = ("PARLANCE_SERVER__PUBLIC_URL", "https://a.example");
    for (listen, variables, expected) in [
        ("127.0.0.1:0", &[][..], &[][..]),
        ("127.0.0.1:0", &[production, url], &[]),
        ("127.0.0.1:0", &[production, hosts], &[]),
        ("0.0.0.0:0", &[production, url], &[]),
        ("0.0.0.0:0", &[], &["Set server.profile"]),
        (
            "0.0.0.0:0",
            &[production, hosts],
            &["set server.public_url"],
        ),
        ("127.0.0.1:0", &[production], &["server.allowed_hosts"]),
    ] {
        let said = said(listen, variables);
        let all = [
            "Set server.profile",
            "set server.public_url",
            "server.allowed_hosts",
        ];
        for text in all {
            let warned = said.contains(text);
            assert_eq!(
                warned,
                expected.contains(&text),
                "{listen} {variables:?}: {said}"
            );
        }
    }
    let mut command = serve(&program);
    command.env("PARLANCE_SERVER__ALLOWED_HOSTS", "[\"a.example:80\"]");
    Started::of(command).must_be_refused("must be a host without a port");
}

#[test]
fn a_path_is_any_bytes() {
    let program = Program::new();
    let name = OsString::from(OsStr::from_bytes(b"caf\xe9.db"));
    let mut command = serve(&program);
    command.arg("--db").arg(&name);
    Started::of(command).must_succeed();
    assert!(program.directory.path().join(&name).is_file());
    let mut command = program.command(&["config", "show", "--db"]);
    let shown = command.arg(&name).output().expect("it runs");
    assert!(shown.status.success());
    let mut command = serve(&program);
    command.arg(OsStr::from_bytes(b"--\xff"));
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_cannot_be_used_is_named() {
    let program = Program::new();
    std::fs::create_dir(program.path("folder")).expect("a folder");
    std::fs::write(program.path("short.key"), "short").expect("a file");
    let with = |arguments: &[&str]| {
        let mut command = serve(&program);
        command.args(arguments);
        Started::of(command)
    };
    with(&["--db", "folder"]).must_be_refused("folder");
    with(&["--db", "missing/x.db"]).must_be_refused("missing");
    with(&["--db", "/proc/x.db"]).must_be_refused("/proc/x.db");
    with(&["--db", ""]).must_be_refused("error");
    with(&["--config", "folder"]).must_be_refused("folder");
    for key in ["folder", "short.key", "/proc/x.key"] {
        let mut command = serve(&program);
        command.env("PARLANCE_SEAL__KEY_FILE", key);
        Started::of(command).must_be_refused(key);
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut command = program.command(&["serve", "--port", &port]);
    command.args(["--db", "taken.db"]);
    Started::of(command).must_be_refused(&port);
}

#[test]
fn a_directory_that_is_gone_is_a_clear_refusal() {
    let program = Program::new();
    let gone = program.path("gone");
    std::fs::create_dir(&gone).expect("a directory");
    let executable = env!("CARGO_BIN_EXE_parlance");
    let script = "rmdir \"$PWD\" && exec \"$0\" serve --port 0";
    let mut command = program.command(&[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, executable])
        .current_dir(&gone)
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    command.arg0("unused");
    Started::of(shell).must_be_refused("parlance.db");
}

#[test]
fn few_descriptors_are_a_start_or_a_clear_refusal() {
    for descriptors in [8, 12, 16, 24, 64] {
        let program = Program::new();
        let script = format!("ulimit -n {descriptors} && exec \"$0\" serve --port 0");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_parlance")])
            .current_dir(program.directory.path());
        let started = Started::of(shell);
        match &started.ready {
            Some(_) => started.must_succeed(),
            None => started.must_be_refused("error"),
        }
    }
}

#[test]
fn an_end_of_output_that_is_gone_ends_no_server() {
    for gone in ["stdout", "stderr"] {
        let program = Program::new();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = serve(&program);
        command
            .env("PARLANCE_LOG__LEVEL", "debug")
            .stdin(Stdio::null());
        let (mut child, line) = if gone == "stdout" {
            let mut child = command
                .stdout(writer)
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            let stderr = child.stderr.take().expect("it is piped");
            let mut lines = BufReader::new(stderr)
                .lines()
                .map(|line| line.expect("a line"));
            let line = lines.find(|line| line.contains("is ready at"));
            // Whoever reads goes on to do so.
            std::thread::spawn(move || lines.for_each(drop));
            (child, line.expect("it is ready"))
        } else {
            let mut child = command
                .stderr(writer)
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts");
            let stdout = child.stdout.take().expect("it is piped");
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).expect("a line");
            (child, line)
        };
        let url = line
            .split(['"', ' '])
            .find(|part| part.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("{gone}: {line:?}")).to_owned();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..3 {
                let answer = client().get(format!("{url}/healthz")).send().await;
                assert_eq!(answer.expect("an answer").status(), 200, "{gone}");
            }
        });
        child.kill().expect("it runs until it is ended");
        child.wait().expect("it ends");
    }
}

#[test]
fn a_reader_who_has_enough_ends_a_command_quietly() {
    let program = Program::new();
    for arguments in [
        &["config", "show"][..],
        &["openapi", "botpress"],
        &["openapi", "botpress", "--yaml"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program
            .command(arguments)
            .stdout(writer)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?} {}", output.status);
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = program
        .command(&["config", "show"])
        .stdout(full.expect("Linux"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot write to standard output"), "{said}");
    assert!(!output.status.success());
}

/// Every figure among the settings.
fn figures() -> Vec<String> {
    let whole = serde_json::to_value(Config::default()).expect("JSON");
    let mut found = Vec::new();
    collect(&whole, "", &mut found);
    assert!(found.len() > 80, "{found:?}");
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_number) && !items.is_empty() => {
            found.push(format!("{}[]", &path[1..]));
        }
        Value::Number(_) => found.push(path[1..].to_owned()),
        _ => {}
    }
}

/// A file with one setting at a figure.
fn file_with(setting: &str, figure: &str) -> String {
    let (path, value) = match setting.strip_suffix("[]") {
        Some(path) => (path, format!("[{figure}]")),
        None => (setting, figure.to_owned()),
    };
    format!("{path} = {value}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_settings_is_a_start_or_a_clear_refusal() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("parlance.toml");
    let figures = figures();
    let values = ["0", "1", "9223372036854775807", "-1"];
    let (mut started, mut refused) = (0, 0);
    for setting in &figures {
        for value in values {
            std::fs::write(&file, file_with(setting, value)).expect("a file");
            let loaded = config::load(&Overrides {
                config: Some(file.clone()),
                listen: Some("127.0.0.1:0".parse().expect("an address")),
                db: Some(directory.path().join("parlance.db")),
            });
            let loaded = match loaded {
                Ok(loaded) => loaded,
                Err(error) => {
                    let name = setting.trim_end_matches("[]");
                    assert!(error.to_string().contains(name), "{setting}: {error}");
                    refused += 1;
                    continue;
                }
            };
            let config = loaded.config;
            let run = tokio::spawn(async move {
                let server = Server::start(&config, Clock::system())
                    .await
                    .expect("it starts");
                let request = client().get(format!("{}/healthz", server.url()));
                // With a limit of 0 seconds nothing is answered, which is as it was asked for.
                let _ = request.send().await;
                server.stop().await;
            });
            let ended = with_timeout(PATIENCE, run).await;
            let ended = ended.unwrap_or_else(|_| panic!("{setting} = {value} hangs"));
            ended.unwrap_or_else(|error| panic!("{setting} = {value}: {error}"));
            started += 1;
        }
        // Lets go of what the last ones had.
        sleep_real_time(Duration::from_millis(1)).await;
    }
    assert!(started > 100 && refused > 100, "{started} {refused}");
}
