//! A first start that is killed, at every step of it: the next start makes it whole.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{ffi::OsString, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    database::{Snapshot, beside},
    kill::seed,
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

#[tokio::test]
async fn a_first_start_can_be_killed_at_every_step() {
    let mut steps = 0;
    for file in FILES {
        for call in CALLS {
            steps += kill_at_each(file, call).await;
        }
    }
    say(&format!("first start: killed at each of {steps} steps"));
    assert!(steps > 60, "{steps} are not all steps of a first start");
}

/// Kills a first start at each such call on such a file. Returns how many there are.
async fn kill_at_each(file: &str, call: &str) -> usize {
    let mut number = 1;
    loop {
        let home = Home::new();
        let wrapper = killer(&home, file, call, number);
        if let Some(server) = home.start_under(&wrapper).outcome() {
            server.kill();
            return number - 1;
        }
        let killed = format!("at {call} number {number} of parlance.db{file}");
        starts_well(&home, &killed).await;
        number += 1;
    }
}

/// Kills the server when a thread of it enters such a call on such a file for the `number`th time.
fn killer(home: &Home, file: &str, call: &str, number: usize) -> Vec<OsString> {
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:signal=KILL:when={number}");
    let mut words = strace::wrapper(&home.note("steps.txt"), &["-e", &trace, "-e", &inject]);
    words.extend(["-P".into(), beside(&home.database(), file).into()]);
    words
}
