//! Runs the commands in the README and in the pages of its users as they are written.
//!
//! Each page is one bash script, made of its `sh` blocks in their order. A block does not run if the line
//! before it is a comment that begins with `<!-- not run: ` and gives the reason.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::support::Program;

/// Keys, as the pages write them and as the server of the test has them.
const KEYS: [(&str, &str, &str); 5] = [
    (
        "PARLANCE_BOOTSTRAP__ALOOCHAT_KEY",
        "aloo_YOUR_KEY",
        "aloo_tour_key_1",
    ),
    (
        "PARLANCE_BOOTSTRAP__ADA_KEY",
        "ada_YOUR_KEY",
        "ada_tour_key_1",
    ),
    (
        "PARLANCE_BOOTSTRAP__COHERE_KEY",
        "co_YOUR_KEY",
        "co_tour_key_1",
    ),
    (
        "PARLANCE_BOOTSTRAP__BOTPRESS_PAT",
        "bp_pat_YOUR_TOKEN",
        "bp_pat_tour_key_1",
    ),
    (
        "PARLANCE_BOOTSTRAP__OPERATOR_KEY",
        "plop_YOUR_KEY",
        "plop_tour_key_1",
    ),
];

/// The shell lines of a page.
fn script(page: &str) -> String {
    let mut lines = Vec::new();
    let mut before = "";
    let mut inside = false;
    let mut runs = false;
    for line in page.lines() {
        match line {
            "```sh" => {
                inside = true;
                runs = !before.starts_with("<!-- not run: ");
            }
            "```" => inside = false,
            line if inside && runs => lines.push(line),
            _ => {}
        }
        before = line;
    }
    assert!(lines.len() > 5, "the page has lines to run");
    lines.join("\n")
}

/// Runs a page against a server of its own, and returns what it prints on standard output.
fn run(page: &str) -> String {
    run_with(page, &[])
}

/// The same with more settings.
fn run_with(page: &str, settings: &[(&str, &str)]) -> String {
    let mut program = Program::new();
    let keys = KEYS.map(|(variable, _, key)| (variable, key));
    program.serve(&[&keys, settings].concat());
    let script = KEYS
        .iter()
        .fold(script(page), |script, (_, written, key)| {
            script.replace(written, key)
        })
        .replace("http://127.0.0.1:4600", program.url())
        .replace("curl ", "curl --fail-with-body -sS ");
    let programs = program_directory();
    let path = std::env::var("PATH").expect("a PATH");
    // A loop that waits for something ends with the time limit.
    let output = Command::new("timeout")
        .args(["120", "bash", "-euo", "pipefail", "-c", &script])
        .env("PATH", format!("{programs}:{path}"))
        .current_dir(program.directory.path())
        .output()
        .expect("timeout, bash, curl and node are there");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}\n{script}");
    stdout
}

/// The directory of the program, so that a script finds `parlance`.
fn program_directory() -> &'static str {
    let (directory, _) = env!("CARGO_BIN_EXE_parlance")
        .rsplit_once('/')
        .expect("a path");
    directory
}

/// Asserts that the output of a page has all of these texts.
#[track_caller]
fn shows(stdout: &str, texts: &[&str]) {
    for text in texts {
        assert!(stdout.contains(text), "{text} is missing: {stdout}");
    }
}

/// Asserts that the output of a page has none of these secrets.
#[track_caller]
fn hides(stdout: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!stdout.contains(secret), "{secret} is shown: {stdout}");
    }
}

#[test]
fn the_readme_works() {
    let stdout = run(include_str!("../../README.md"));
    shows(
        &stdout,
        &[
            "You said: Hello",
            "\"external_id\":\"crm-1042\"",
            "Lunch is at noon.",
            "\"type\":\"shopify\"",
        ],
    );
}

#[test]
fn the_page_of_botpress_works() {
    let stdout = run(include_str!("../../docs/BOTPRESS.md"));
    shows(
        &stdout,
        &[
            "{\\\"sum\\\":3}",
            "/chat/",
            "Which size?",
            "One medium coffee",
            "\"logs\":",
            "\"name\":\"Ann\"",
            "\"channel\":\"direct\"",
            "\"number\":\"A-18\"",
        ],
    );
}

#[test]
fn the_page_of_ada_works() {
    let stdout = run(include_str!("../../docs/ADA.md"));
    shows(
        &stdout,
        &[
            "\"plan\":\"pro\"",
            "\"status\":\"queued\"",
            "\"name\":\"ada\"",
            "\"client_secret\":",
        ],
    );
    // Sensitive metadata is not shown.
    hides(&stdout, &["s-5f0e"]);
}

#[test]
fn the_page_of_cohere_works() {
    let stdout = run(include_str!("../../docs/COHERE.md"));
    shows(
        &stdout,
        &[
            "\"valid\":true",
            "Lunch is at noon.",
            "&code_challenge_method=S256",
            "\"total_count\":1",
            "\"connector_logs\":",
        ],
    );
    hides(&stdout, &["s-77aa"]);
}

#[test]
fn the_page_of_aloochat_works() {
    let stdout = run(include_str!("../../docs/ALOOCHAT.md"));
    shows(
        &stdout,
        &[
            "\"shop_domain\":\"mystore.myshopify.com\"",
            "Integration deleted",
        ],
    );
    hides(&stdout, &["shpat_"]);
}

/// A stand-in for a model server, which streams the same answer to each question.
fn start_model() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer_as_model(stream.expect("a connection"));
        }
    });
    url
}

fn answer_as_model(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a reader"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).expect("a line");
        if read == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let events = ["The fish ", "of the day."].map(|text| {
        let delta = serde_json::json!({"choices": [{"delta": {"content": text}}]});
        format!("data: {delta}\n\n")
    });
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{}data: [DONE]\n\n",
        events.concat()
    );
    stream.write_all(answer.as_bytes()).expect("written");
}

#[test]
fn the_page_of_ai_works() {
    let url = start_model();
    let settings = [
        ("PARLANCE_ANSWERS__UPSTREAM__URL", url.as_str()),
        ("PARLANCE_ANSWERS__UPSTREAM__MODEL", "qwen3:8b"),
    ];
    let stdout = run_with(include_str!("../../docs/AI.md"), &settings);
    shows(
        &stdout,
        &[
            "The fish of the day.",
            "\"output\":\"The fish of the day.\"",
            "\"id\":\"local:qwen3:8b\"",
            "\"provider\":\"local\"",
        ],
    );
}

#[test]
fn the_page_about_tests_works() {
    let stdout = run(include_str!("../../docs/TESTING.md"));
    shows(
        &stdout,
        &[
            "\"connectors\":[]",
            "\"now\":\"2027-03-02T00:00:00.000Z\",\"frozen\":true",
            "\"verified\":true",
            "\"status\":500",
        ],
    );
}
