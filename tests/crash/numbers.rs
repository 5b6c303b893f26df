//! Numbers of rows: whatever is deleted and wherever the server is killed, none is given to another row.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{collections::HashMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::json;

use crate::{
    conversation::{Api, PAT, setting},
    database::Snapshot,
    kill::{seed, setting as setting_of},
    process::Home,
    say,
};

const ROUNDS: u64 = 8;

/// The columns of each table that identify a row.
const TABLES: [(&str, &str); 5] = [
    ("agents", "id"),
    ("conversations", "id"),
    ("end_users", "id"),
    ("bot_integrations", "webhook_id"),
    ("events", "id"),
];

/// The rows that were ever seen, by their tables and numbers.
type Seen = HashMap<(&'static str, i64), String>;

/// Looks at all rows of a file. How many are new.
fn look(file: &Snapshot, seen: &mut Seen) -> usize {
    let before = seen.len();
    for (table, id) in TABLES {
        for (seq, id) in file.rows(&format!("SELECT seq, {id} FROM {table}")) {
            let known = seen.entry((table, seq)).or_insert_with(|| id.clone());
            assert_eq!(*known, id, "the number {seq} of {table} came back");
        }
    }
    seen.len() - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_a_row_never_comes_back() {
    let mut rng = StdRng::seed_from_u64(seed("numbers"));
    // A bot that nobody is told of goes as soon as it may.
    let home = Home::new()
        .with("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT)
        .with("PARLANCE_DELIVERIES__UNREGISTER_SECONDS", "1");
    let mut seen = Seen::new();
    let mut gone = 0;
    let rounds = setting_of("PARLANCE_CRASH_ROUNDS").unwrap_or(ROUNDS);
    for _ in 0..rounds {
        let server = home.serve();
        let api = Api::new(&server.url);
        // Nobody listens there.
        let nowhere = "http://127.0.0.1:9";
        setting(&api, nowhere).await;
        let made = look(&Snapshot::live(&home.database()), &mut seen);
        assert!(made > 0, "each round makes something");
        let listed = api.call(Method::GET, "/v1/admin/bots", &json!({})).await;
        let listed = listed.expect("an answer");
        for bot in listed["bots"].as_array().expect("bots") {
            let path = format!("/v1/admin/bots/{}", bot["id"].as_str().expect("an id"));
            if rng.random_bool(0.8) {
                let deleted = api.call(Method::DELETE, &path, &json!({})).await;
                deleted.expect("an answer");
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..600))).await;
        server.kill();
        let left = Snapshot::of(&home.database());
        left.assert_sound();
        look(&left, &mut seen);
        let left = left.number("SELECT count(*) FROM conversations");
        let made = seen.keys().filter(|(table, _)| *table == "conversations");
        gone = made.count() as i64 - left;
    }
    say(&format!(
        "numbers: {} rows in {rounds} rounds, {gone} conversations are gone, no number came back",
        seen.len()
    ));
    assert!(gone > 0, "nothing was removed, so nothing could come back");
}
