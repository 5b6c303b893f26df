//! What changes in a folder changes in its index.

use std::fs;

use parlance::domain::retrieval::folders;

use super::{Documents, ids, scan};
use crate::support::{TestServer, file_contains};

#[tokio::test]
async fn changed_new_renamed_and_deleted_files_are_followed() {
    let documents = Documents::of(&[("a.txt", "alpha"), ("b.txt", "beta"), ("c.txt", "gamma")]);
    let server = documents.serve().await;
    assert_eq!(ids(&server, "alpha").await, ["a.txt#0"]);

    documents.write("a.txt", "delta instead");
    documents.write("deep/er/d.md", "epsilon");
    documents.remove("b.txt");
    fs::rename(
        documents.path().join("c.txt"),
        documents.path().join("z.txt"),
    )
    .expect("renamed");
    scan(&server).await;

    for (query, found) in [
        ("alpha", vec![]),
        ("delta", vec!["a.txt#0"]),
        ("beta", vec![]),
        ("gamma", vec!["z.txt#0"]),
        ("epsilon", vec!["deep/er/d.md#0"]),
    ] {
        assert_eq!(ids(&server, query).await, found, "{query}");
    }
}

#[tokio::test]
async fn nothing_is_read_twice() {
    let documents = Documents::of(&[("a.txt", "alpha"), ("b.txt", "beta")]);
    let mut server = documents.serve().await;
    let scanned = scan(&server).await;
    assert_eq!((scanned.files, scanned.indexed, scanned.removed), (2, 0, 0));
    server.restart().await;
    assert_eq!(scan(&server).await.indexed, 0);
    assert_eq!(ids(&server, "alpha").await, ["a.txt#0"]);
}

/// The system tells of it: the clock of the test stands still.
#[tokio::test]
async fn a_change_is_noticed_at_once() {
    let documents = Documents::of(&[("a.txt", "alpha")]);
    let server = documents.serve().await;
    let folder = server.server().app().folders().get("manuals");
    let mut scanned = folder.expect("the folder").subscribe_to_scans();
    documents.write("b.txt", "beta");
    let told = scanned.wait_for(|scanned| scanned.as_ref().is_some_and(|found| found.files == 2));
    told.await.expect("it is scanned");
    assert_eq!(ids(&server, "beta").await, ["b.txt#0"]);
}

#[tokio::test]
async fn a_folder_that_is_away_keeps_its_index() {
    let documents = Documents::of(&[("a.txt", "alpha")]);
    let server = documents.serve().await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let away = elsewhere.path().join("away");
    fs::rename(documents.path(), &away).expect("it is moved");
    let scanned = scan(&server).await;
    assert!(scanned.problem.is_some());
    assert_eq!(ids(&server, "alpha").await, ["a.txt#0"]);
    fs::rename(&away, documents.path()).expect("it is moved back");
    assert_eq!(scan(&server).await.problem, None);
}

#[tokio::test]
async fn a_folder_that_is_no_longer_set_is_forgotten() {
    let documents = Documents::of(&[("a.txt", "planted-secret-word")]);
    let mut server = documents.serve().await;
    server.config.connectors.folder.clear();
    server.restart().await;
    let forgotten = folders::remove_unconfigured(server.server().app()).await;
    forgotten.expect("it is forgotten");
    server.stop().await;
    assert!(!file_contains(&server.config.store.path, "planted"));
}

#[tokio::test]
async fn links_do_not_lead_out_of_the_folder() {
    let outside = Documents::of(&[("secret.txt", "outside")]);
    let documents = Documents::of(&[("a.txt", "alpha")]);
    std::os::unix::fs::symlink(outside.path(), documents.path().join("link")).expect("a link");
    let file = outside.path().join("secret.txt");
    std::os::unix::fs::symlink(file, documents.path().join("link.txt")).expect("a link");
    let server = documents.serve().await;
    assert_eq!(ids(&server, "outside").await, [""; 0]);
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_left_out() {
    let documents = Documents::of(&[("a.txt", "alpha"), ("b.txt", &"beta ".repeat(100))]);
    let server = TestServer::with(|config| {
        documents.configure(config);
        config.folders.max_file_bytes = 100;
    })
    .await;
    assert_eq!(scan(&server).await.files, 1);
}
