//! Faults of the disk while the server runs: it says so, keeps what it has acknowledged, goes on
//! reading, and goes on writing by itself when the disk is well again.

#![expect(
    clippy::disallowed_methods,
    reason = "a real process meets faults for a real time"
)]

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::Value;

use crate::{
    api::{Api, INTEGRATIONS, apart, integration, one},
    database::Snapshot,
    kill::seed,
    ledger::{Settled, settle_all},
    process::{Home, Server},
    say,
    strace::Injection,
    worker::{Diet, Load, Worker},
};

/// Disks that do not write at all, and what `/readyz` calls it. SQLite is built to synchronise
/// with one of the two system calls.
const DEAD: [(&str, &str); 3] = [
    ("pwrite64:error=ENOSPC", "no space"),
    ("pwrite64:error=EIO", "disk of the database fails"),
    ("fsync,fdatasync:error=EIO", "disk of the database fails"),
];

/// Disks that fail now and then, in the middle of what a commit writes.
const FLAKY: [&str; 4] = [
    "pwrite64:error=ENOSPC:when=5+13",
    "pwrite64:error=EIO:when=4+11",
    "fsync,fdatasync:error=EIO:when=2+3",
    "fsync,fdatasync,pwrite64:error=EIO:when=3+17",
];

#[tokio::test]
async fn a_disk_that_does_not_write_stops_writes_and_nothing_else() {
    let home = Home::new();
    let mut rng = StdRng::seed_from_u64(1);
    let server = home.serve();
    let api = server.api();
    let mut acknowledged = Vec::new();
    for (fault, reason) in DEAD {
        let before = integration(fault, &mut rng);
        acknowledged.push((api.created(&before).await, before.clone()));

        let injection = Injection::begin(&home, &server, fault);
        let refused = integration("refused", &mut rng);
        api.create(&refused).await.unavailable();
        let (id, _) = &acknowledged[0];
        let updated = api.call(Method::PUT, &one(id), Some(&refused)).await;
        updated.expect("an answer").unavailable();
        reads_work(&api, &acknowledged).await;
        let ready = api.get("/readyz").await;
        let said = ready.body["reason"].as_str().unwrap_or_default();
        assert!(ready.status == 503 && said.contains(reason), "{ready:?}");
        assert_eq!(api.get("/healthz").await.status, 200);
        assert!(injection.end() >= 2, "the fault was met");

        until_ready(&api).await;
        let after = integration("after", &mut rng);
        acknowledged.push((api.created(&after).await, after));
        reads_work(&api, &acknowledged).await;
    }
    server.stop();
    Snapshot::of(&home.database()).assert_sound();
    let server = home.serve();
    reads_work(&server.api(), &acknowledged).await;
    assert_eq!(server.api().list().await.len(), acknowledged.len());
}

async fn reads_work(api: &Api, rows: &[(String, Value)]) {
    let listed = api.list().await;
    for (id, row) in rows {
        assert_eq!(listed.get(id), Some(row));
        let (same_id, found) = apart(api.get(&one(id)).await.ok());
        assert_eq!((&same_id, &found), (id, row));
    }
    assert_eq!(api.get(&format!("{INTEGRATIONS}/types")).await.status, 200);
}

/// Waits until the server says that writing works. Nobody tells it to.
async fn until_ready(api: &Api) {
    for _ in 0..200 {
        if api.get("/readyz").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "the server does not recover: {:?}",
        api.get("/readyz").await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_now_and_then_loses_nothing_acknowledged() {
    let home = Home::new();
    let mut crew = Worker::crew(6, seed("faults"), Diet::Writes);
    let (mut failed, mut unsure, mut found) = (0, 0, 0);
    for round in 0..FLAKY.len() * 2 {
        let server = home.serve();
        let load = Load::start(crew, &server.api());
        let injection = Injection::begin(&home, &server, FLAKY[round % FLAKY.len()]);
        tokio::time::sleep(Duration::from_millis(400)).await;
        failed += injection.end();
        // Killed as the faults have left it at first, and after it has recovered later.
        if round >= FLAKY.len() {
            until_ready(&server.api()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server.kill();
        crew = load.end().await;
        let settled = settle(&home, &mut crew).await;
        unsure += settled.all();
        found += settled.happened;
    }
    let acknowledged: i64 = crew.iter().map(|worker| worker.ledger.happened.all()).sum();
    let refused: u64 = crew.iter().map(|worker| worker.refused).sum();
    say(&format!(
        "faults: {failed} system calls failed, {refused} writes refused, {unsure} unsure, of which \
         {found} were found; {acknowledged} happened"
    ));
    assert!(failed > 0 && refused > 0 && acknowledged > 0);
}

async fn settle(home: &Home, crew: &mut [Worker]) -> Settled {
    let left = Snapshot::of(&home.database());
    left.assert_sound();
    let server: Server = home.serve();
    let listed = server.api().list().await;
    let ledgers = crew.iter_mut().map(|worker| &mut worker.ledger);
    let settled = settle_all(ledgers, listed).unwrap_or_else(|wrong| panic!("{wrong}"));
    server.stop();
    settled
}
