//! A trace of the server's system calls: a change is on the disk before it is acknowledged.

use std::fs;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    api::Api,
    process::Home,
    say, strace,
    trace::{Event, durable_before_answered, events},
};

/// How many changes are made one after the other, and how many at the same time.
const ALONE: usize = 12;
const TOGETHER: usize = 48;

/// Strings are shown as a whole: a page is up to four characters a byte.
const OPTIONS: [&str; 5] = [
    "-y",
    "-s",
    "70000",
    "-e",
    "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg",
];

#[tokio::test]
async fn a_change_is_synchronised_before_it_is_acknowledged() {
    let (marks, events) = trace(Home::new()).await;
    for mark in &marks {
        durable_before_answered(&events, mark).unwrap_or_else(|violation| panic!("{violation}"));
    }
    let syncs = events
        .iter()
        .filter(|event| matches!(event, Event::SyncEnds { done: true, .. }))
        .count();
    say(&format!(
        "fsync: {} acknowledged changes, each after its synchronisation; {syncs} synchronisations",
        marks.len()
    ));
}

#[tokio::test]
async fn the_check_finds_changes_that_are_acknowledged_too_early() {
    let home = Home::new().with("PARLANCE_STORE__SYNCHRONOUS", "normal");
    let (marks, events) = trace(home).await;
    for mark in &marks {
        let violation = durable_before_answered(&events, mark);
        assert_eq!(
            violation,
            Err(format!("{mark}: answered before it was synchronised"))
        );
    }
}

/// Makes changes while system calls are traced. Returns the name that each has, and the trace.
async fn trace(home: Home) -> (Vec<String>, Vec<Event>) {
    let output = home.note("trace.txt");
    let server = home.serve_under(&strace::wrapper(&output, &OPTIONS));
    let api = server.api();
    let marks: Vec<String> = (0..ALONE + TOGETHER)
        .map(|number| format!("mark-{number:03}-end"))
        .collect();
    for mark in &marks[..ALONE] {
        create(api.clone(), mark.clone()).await;
    }
    let mut together = JoinSet::new();
    for mark in &marks[ALONE..] {
        together.spawn(create(api.clone(), mark.clone()));
    }
    together.join_all().await;
    server.stop();
    let trace = fs::read_to_string(output).expect("the trace");
    assert!(
        trace.contains("+++ exited with 0 +++"),
        "the trace is whole"
    );
    (marks, events(&trace))
}

async fn create(api: Api, name: String) {
    let new = json!({"name": name, "type": "slack"});
    let created: Value = api.create(&new).await.ok();
    assert_eq!(created["name"], name);
}
