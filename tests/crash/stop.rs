//! SIGTERM under load: what the server has begun it finishes, then it leaves one clean file.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process is stopped at a real moment"
)]

use std::time::Duration;

use crate::{
    database::Snapshot,
    kill::seed,
    ledger::{Counts, settle_all},
    process::Home,
    say,
    worker::{Diet, Load, Worker},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_answers_what_it_took_and_counts_every_call() {
    let home = Home::new();
    let mut crew = Worker::crew(12, seed("stop"), Diet::Mixed);
    let (mut lists, mut unanswered) = (0, 0);
    for round in 1..=5 {
        let server = home.serve();
        let load = Load::start(crew, &server.api());
        tokio::time::sleep(Duration::from_millis(60 * round)).await;
        server.terminate();
        crew = load.end().await;
        let status = server.exit();
        assert!(status.success(), "{status}");
        assert_eq!(home.names(), ["parlance.db", "parlance.db.key"]);

        let left = Snapshot::of(&home.database());
        left.assert_sound();
        // Had a call been taken and not answered, it would be counted here and not there.
        let answered: u64 = crew.iter().map(|worker| worker.answered).sum();
        assert_eq!(left.calls() as u64, answered + lists, "round {round}");
        let known = || Counts::sum(crew.iter().map(|worker| worker.ledger.happened));
        assert_eq!(left.audited(), known(), "round {round}");

        let server = home.serve();
        let listed = server.api().list().await;
        lists += 1;
        server.stop();
        let ledgers = crew.iter_mut().map(|worker| &mut worker.ledger);
        let settled = settle_all(ledgers, listed).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(settled.happened, 0, "what was not answered was not done");
        unanswered += settled.did_not;
    }
    let sum = |count: fn(&Worker) -> u64| crew.iter().map(count).sum::<u64>();
    assert_eq!(sum(|worker| worker.refused), 0);
    say(&format!(
        "stop: {} calls answered, {unanswered} changes met a closed door",
        sum(|worker| worker.answered)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_counted_without_a_stop_as_well() {
    let home = Home::new();
    let server = home.serve();
    let load = Load::start(Worker::crew(4, 1, Diet::Mixed), &server.api());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let crew = load.stop().await;
    let sent: u64 = crew.iter().map(|worker| worker.sent).sum();
    let answered: u64 = crew.iter().map(|worker| worker.answered).sum();
    assert_eq!(sent, answered);
    // Reads are written down within a second or so.
    for _ in 0..100 {
        let counted = Snapshot::live(&home.database()).calls() as u64;
        if counted == answered {
            server.kill();
            return;
        }
        assert!(counted < answered, "{counted} of {answered}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the reads are never written down");
}
