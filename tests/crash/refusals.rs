//! Starts that must not happen: each says why, and changes nothing of what it finds.

use std::{fs, path::Path};

use rand::{SeedableRng, rngs::StdRng};
use rusqlite::Connection;

use crate::{api::integration, process::Home};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// Starts a server on the file of a home, which it must refuse without changing any file.
fn refused(home: &Home, words: &[&str]) {
    let before = contents(home);
    let finished = home.run(&SERVE);
    finished.refused_with(words);
    assert_eq!(finished.stdout, "", "it never was ready");
    assert!(before == contents(home), "a file was changed");
}

/// Every file with its bytes, but for the lock of a running server.
fn contents(home: &Home) -> Vec<(String, Vec<u8>)> {
    let names = home.names().into_iter();
    names
        .map(|name| {
            let bytes = fs::read(home.path(&name)).expect("a file");
            (name, bytes)
        })
        .collect()
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let home = Home::new();
    let server = home.serve();
    let mut rng = StdRng::seed_from_u64(6);
    let row = integration("of the first", &mut rng);
    let id = server.api().created(&row).await;
    // A second to write down that the key was used.
    until_quiet(&home).await;
    let pid = format!("process {}", server.pid());
    refused(&home, &["another server uses", &pid, &server.url]);
    assert_eq!(server.api().list().await.get(&id), Some(&row));

    // Nor through another name of the file.
    let link = home.path("link.db");
    std::os::unix::fs::symlink(home.database(), &link).expect("a link");
    home.run_on(&link, &SERVE)
        .refused_with(&["another server uses", &pid]);
    server.stop();
}

/// Waits until the server writes nothing more by itself.
#[expect(
    clippy::disallowed_methods,
    reason = "a real process writes down its counts after a real second"
)]
async fn until_quiet(home: &Home) {
    let mut before = contents(home);
    let mut same = 0;
    while same < 15 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = contents(home);
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
}

#[test]
fn a_directory_that_does_not_exist_is_not_made() {
    let home = Home::new();
    let missing = home.path("missing/parlance.db");
    let finished = home.run_on(&missing, &SERVE);
    finished.refused_with(&["the directory of", "does not exist"]);
    assert!(home.names().is_empty(), "{:?}", home.names());
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let home = Home::new();
    for text in ["Dear diary,\n", &"a long letter ".repeat(1000)] {
        fs::write(home.database(), text).expect("a file");
        refused(&home, &["is not a SQLite file", "was not touched"]);
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = Home::new();
    let other = Connection::open(home.database()).expect("a database");
    let made =
        other.execute_batch("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('x')");
    made.expect("a table");
    drop(other);
    refused(&home, &["of another program", "was not touched"]);
}

#[test]
fn a_newer_file_is_left_alone_by_every_command() {
    let home = Home::new();
    home.serve().stop();
    let own = version(&home.database());
    set_version(&home.database(), 9999);
    let words = ["newer version", "schema 9999", "was not touched"];
    refused(&home, &words);
    let before = contents(&home);
    let commands: [&[&str]; 3] = [&["check"], &["key", "list"], &["workspace", "list"]];
    for command in commands {
        let finished = home.run(command);
        finished.refused_with(&words);
        assert!(before == contents(&home), "{command:?} changed a file");
    }
    set_version(&home.database(), own);
    home.serve().stop();
}

fn version(database: &Path) -> i64 {
    let connection = Connection::open(database).expect("a database");
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    version.expect("a version")
}

fn set_version(database: &Path, version: i64) {
    let connection = Connection::open(database).expect("a database");
    let set = connection.pragma_update(None, "user_version", version);
    set.expect("a version");
}

#[tokio::test]
async fn a_lost_key_file_is_not_made_anew() {
    let home = Home::new();
    let server = home.serve();
    let mut rng = StdRng::seed_from_u64(7);
    let row = integration("sealed", &mut rng);
    let id = server.api().created(&row).await;
    server.stop();
    let (key, aside) = (home.path("parlance.db.key"), home.path("aside.key"));
    fs::rename(&key, &aside).expect("the key file");
    refused(&home, &["the key file", "is missing"]);
    fs::rename(&aside, &key).expect("the key file");
    let server = home.serve();
    assert_eq!(server.api().list().await.get(&id), Some(&row));
    server.stop();
}
