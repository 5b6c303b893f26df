//! SIGKILL at random moments: what was acknowledged is there, what was not is whole or absent.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is killed at a real moment"
)]

use std::{env, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    database::Snapshot,
    ledger::{Counts, Settled, settle_all},
    process::Home,
    say,
    worker::{Diet, Load, Worker},
};

const CLIENTS: usize = 8;

/// The figures of all rounds.
#[derive(Default)]
struct Tally {
    acknowledged: i64,
    unanswered: u64,
    found: u64,
}

pub fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// The seed of a test's choices, said so that they can be repeated.
pub fn seed(test: &str) -> u64 {
    let seed = setting("PARLANCE_CRASH_SEED").unwrap_or_else(rand::random);
    say(&format!("{test}: PARLANCE_CRASH_SEED={seed}"));
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_half_done() {
    let rounds = setting("PARLANCE_CRASH_ROUNDS").unwrap_or(50);
    let seed = seed("kill");
    let mut rng = StdRng::seed_from_u64(seed);
    let home = Home::new();
    let mut crew = Worker::crew(CLIENTS, seed, Diet::Writes);
    let mut tally = Tally::default();
    for round in 1..=rounds {
        if round % 5 == 0 {
            let starting = home.start();
            wait_up_to(60, &mut rng).await;
            starting.kill();
        }
        let server = home.serve();
        let before = happened(&crew).all();
        let load = Load::start(crew, &server.api());
        wait_up_to(250, &mut rng).await;
        server.kill();
        crew = load.end().await;
        tally.acknowledged += happened(&crew).all() - before;
        let settled = verify(&home, &mut crew, round - 1).await;
        let settled = settled.unwrap_or_else(|wrong| panic!("round {round}, seed {seed}: {wrong}"));
        tally.unanswered += settled.all();
        tally.found += settled.happened;
    }
    say(&format!(
        "kill: {rounds} rounds, {} writes acknowledged, {} unanswered at the kill, of which {} \
         were found though not acknowledged; {} integrations at the end",
        tally.acknowledged,
        tally.unanswered,
        tally.found,
        Snapshot::of(&home.database()).integrations(),
    ));
    assert!(tally.acknowledged > 0 && tally.unanswered > 0);
}

/// Looks at the file as the kill has left it, then at what a new start makes of it.
///
/// `lists` is how often this has made a call of its own before.
async fn verify(home: &Home, crew: &mut [Worker], lists: u64) -> Result<Settled, String> {
    let left = Snapshot::of(&home.database());
    left.assert_sound();
    let server = home.serve();
    let listed = server.api().list().await;
    let rows = listed.len() as i64;
    let settled = settle_all(crew.iter_mut().map(|worker| &mut worker.ledger), listed)?;
    server.kill();
    let audited = left.audited();
    let known = happened(crew);
    if audited != known {
        return Err(format!("the audit says {audited:?}, the clients {known:?}"));
    }
    let stored = left.integrations();
    if (rows, audited.created - audited.deleted) != (stored, stored) {
        return Err(format!("{rows} rows listed, {stored} stored, {audited:?}"));
    }
    // A change carries its count in its own transaction; the last reads may be uncounted.
    let sent: u64 = crew.iter().map(|worker| worker.sent).sum();
    let counted = left.calls();
    if !(audited.all()..=(sent + lists) as i64).contains(&counted) {
        return Err(format!("{counted} calls counted, {sent} made, {audited:?}"));
    }
    Ok(settled)
}

fn happened(crew: &[Worker]) -> Counts {
    Counts::sum(crew.iter().map(|worker| worker.ledger.happened))
}

async fn wait_up_to(milliseconds: u64, rng: &mut StdRng) {
    let micros = rng.random_range(0..milliseconds * 1000);
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
