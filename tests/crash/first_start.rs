//! A first start that is killed, at every step of it: the next start makes it whole.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{ffi::OsString, fs, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    database::{Snapshot, beside},
    kill::{seed, setting},
    process::{Home, Server},
    say, strace,
};

/// The system calls that change a file or its name.
const CALLS: [&str; 9] = [
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "linkat",
    "unlink",
];

/// What follows the name of the database in the names of the files that a start works with.
const FILES: [&str; 7] = ["", ".new", ".new-wal", ".key", ".key.new", ".lock", "-wal"];

/// That a killed start is made up for by the next.
async fn starts_well(home: &Home, killed: &str) {
    let server = home.start().outcome();
    let server: Server = server.unwrap_or_else(|| panic!("no start after it was killed {killed}"));
    let empty = server.api().list().await.is_empty();
    server.stop();
    assert!(empty, "{killed}");
    Snapshot::of(&home.database()).assert_sound();
    let names = home.names();
    assert_eq!(names, ["parlance.db", "parlance.db.key"], "{killed}");
}

#[tokio::test]
async fn a_first_start_can_be_killed_at_any_moment() {
    let mut rng = StdRng::seed_from_u64(seed("first start"));
    for _ in 0..15 {
        let home = Home::new();
        let starting = home.start();
        let after = Duration::from_micros(rng.random_range(0..60_000));
        tokio::time::sleep(after).await;
        starting.kill();
        starts_well(&home, &format!("after {after:?}")).await;
    }
}

/// Kills at each of the first and last few calls of each kind and at every 16th between them; `tests/long`: at
/// every one.
#[tokio::test]
async fn a_first_start_can_be_killed_at_every_step() {
    let stride = usize::try_from(setting("PARLANCE_START_STRIDE").unwrap_or(16));
    let stride = stride.expect("a small number");
    let trace = trace_of_a_first_start();
    let (mut steps, mut kills) = (0, 0);
    for file in FILES {
        for call in CALLS {
            let number_of_calls = count_calls(&trace, file, call);
            steps += number_of_calls;
            for number in 1..=number_of_calls {
                let near_an_end = number <= 5 || number + 5 > number_of_calls;
                if (near_an_end || number % stride == 0) && kill_at(file, call, number).await {
                    kills += 1;
                }
            }
        }
    }
    say(&format!(
        "first start: killed at {kills} of {steps} steps (PARLANCE_START_STRIDE={stride})"
    ));
    assert!(
        kills > 60,
        "{kills} are not all kinds of steps of a first start"
    );
}

/// The beginning of the ready line in a trace.
const READY: &str = r#"{\"event\":\"ready\""#;

/// The calls of [`CALLS`] of a first start until it is ready, one a line, with the files' names.
fn trace_of_a_first_start() -> String {
    let home = Home::new();
    let output = home.note("trace.txt");
    let calls = format!("trace={}", CALLS.join(","));
    let wrapper = strace::wrapper(&output, &["-y", "-e", &calls]);
    home.serve_under(&wrapper).stop();
    let trace = fs::read_to_string(output).expect("the trace");
    let (start, _) = trace.split_once(READY).expect("the ready line");
    start.to_owned()
}

/// Counts such calls on the file whose name is that of the database and `file`.
fn count_calls(trace: &str, file: &str, call: &str) -> usize {
    let call = format!(" {call}(");
    let names = [
        format!("/parlance.db{file}>"),
        format!("/parlance.db{file}\""),
    ];
    let is_such =
        |line: &&str| line.contains(&call) && names.iter().any(|name| line.contains(name));
    trace.lines().filter(is_such).count()
}

/// Kills a first start at the `number`th such call on such a file. Returns false if it makes fewer.
async fn kill_at(file: &str, call: &str, number: usize) -> bool {
    let home = Home::new();
    let wrapper = killer(&home, file, call, number);
    if let Some(server) = home.start_under(&wrapper).outcome() {
        server.kill();
        return false;
    }
    let killed = format!("at {call} number {number} of parlance.db{file}");
    starts_well(&home, &killed).await;
    true
}

/// Kills the server when a thread of it enters such a call on such a file for the `number`th time.
fn killer(home: &Home, file: &str, call: &str, number: usize) -> Vec<OsString> {
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:signal=KILL:when={number}");
    let mut words = strace::wrapper(&home.note("steps.txt"), &["-e", &trace, "-e", &inject]);
    words.extend(["-P".into(), beside(&home.database(), file).into()]);
    words
}
