//! Backups of a server under load, and restoring them.

use std::fs;

use rand::{SeedableRng, rngs::StdRng};

use crate::{
    api::integration,
    database::{assert_sound, beside, open},
    process::Home,
    say,
    worker::{Diet, Load, Worker},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_has_every_write_acknowledged_before_it() {
    let home = Home::new();
    let server = home.serve();
    let api = server.api();
    let load = Load::start(Worker::crew(6, 3, Diet::Creates), &api);
    let mut rng = StdRng::seed_from_u64(4);
    let mut figures = Vec::new();
    for number in 0..4 {
        let own = integration(&format!("before backup {number}"), &mut rng);
        let id = api.created(&own).await;
        let before = api.list().await;
        assert_eq!(before.get(&id), Some(&own));
        let name = format!("backup-{number}.db");
        let finished = home.run(&["backup", &name, "--json"]);
        assert!(finished.json()["bytes"].as_u64() > Some(0), "{finished:?}");
        assert_sound(&open(&home.path(&name)));

        // As a user would: on another machine, with the key file.
        let other = Home::new();
        fs::copy(home.path("parlance.db.key"), other.path("parlance.db.key")).expect("the key");
        let backup = home.path(&name);
        let restored = other.run(&["restore".as_ref(), backup.as_os_str()]);
        assert_eq!(restored.code, Some(0), "{restored:?}");
        assert_eq!(other.run(&["check"]).code, Some(0));
        let revived = other.serve();
        let restored = revived.api().list().await;
        for (id, row) in &before {
            assert_eq!(
                restored.get(id),
                Some(row),
                "{id} is missing in backup {number}"
            );
        }
        figures.push(format!("{} of {}", before.len(), restored.len()));
        revived.stop();
    }
    let crew = load.stop().await;
    assert!(crew.iter().all(|worker| worker.refused == 0));
    server.stop();
    assert!(
        !home.names().iter().any(|name| name.contains("partial")),
        "{:?}",
        home.names()
    );
    say(&format!(
        "backup: acknowledged before of all rows in the backup: {}",
        figures.join(", ")
    ));
}

#[tokio::test]
async fn a_restore_is_refused_while_the_server_runs() {
    let home = Home::new();
    let server = home.serve();
    let api = server.api();
    let mut rng = StdRng::seed_from_u64(5);
    assert_eq!(home.run(&["backup", "empty.db"]).code, Some(0));
    let row = integration("after the backup", &mut rng);
    let id = api.created(&row).await;

    let backup = home.path("empty.db");
    let restore = [
        "restore".as_ref(),
        backup.as_os_str(),
        "--overwrite".as_ref(),
    ];
    let names = home.names();
    let pid = format!("process {}", server.pid());
    home.run(&restore)
        .refused_with(&["another server uses", &pid, &server.url]);
    assert_eq!(home.names(), names);
    assert_eq!(api.list().await.get(&id), Some(&row));

    server.stop();
    let restored = home.run(&restore);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let server = home.serve();
    assert!(server.api().list().await.is_empty(), "it is the backup now");
    server.stop();
    let aside = home.names();
    let aside = aside.iter().find(|name| name.contains("before-restore"));
    let aside = home.path(aside.expect("what was there before is kept"));
    let before = open(&aside);
    assert_sound(&before);
    let kept: String = before
        .query_row("SELECT id FROM service_integrations", [], |row| row.get(0))
        .expect("one row");
    assert_eq!(kept, id);
}

#[tokio::test]
async fn a_copied_file_can_be_restored_and_nothing_is_left_beside_it() {
    let home = Home::new();
    let server = home.serve();
    let mut rng = StdRng::seed_from_u64(6);
    let row = integration("copied", &mut rng);
    let id = server.api().created(&row).await;
    server.stop();
    // Not by the backup command: it says of itself that it has a log.
    let copy = home.note("copy.db");
    fs::copy(home.database(), &copy).expect("a copy");
    let bytes = fs::read(&copy).expect("the copy");

    let other = Home::new();
    fs::copy(home.path("parlance.db.key"), other.path("parlance.db.key")).expect("the key");
    let restored = other.run(&["restore".as_ref(), copy.as_os_str()]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert_eq!(fs::read(&copy).expect("the copy"), bytes);
    for suffix in ["-wal", "-shm", "-journal"] {
        assert!(!beside(&copy, suffix).exists(), "{suffix}");
    }
    let server = other.serve();
    assert_eq!(server.api().list().await.get(&id), Some(&row));
    server.stop();
}
