//! A damaged file: what is damaged is answered with an error, what is not goes on being served.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
};

use rand::{SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{INTEGRATIONS, apart, integration, one},
    process::Home,
};

/// The size of a page of the database.
const PAGE: usize = 4096;

/// What only the configuration of a victim says, and so only the page of its row.
const MARK: &str = "https://victim.example";

/// A closed database in which pages of a few rows are overwritten: the rows by id, and the ids of
/// those that were certainly hit.
async fn damaged(home: &Home) -> (BTreeMap<String, Value>, Vec<String>) {
    let mut rng = StdRng::seed_from_u64(7);
    let server = home.serve();
    let api = server.api();
    let (mut rows, mut victims) = (BTreeMap::new(), Vec::new());
    for number in 0..120 {
        let mut row = integration(&format!("row-{number}"), &mut rng);
        let victim = [20, 60, 61].contains(&number);
        if victim {
            row["config"] = json!({"base_url": MARK, "access_token": "secret"});
        }
        let id = api.created(&row).await;
        victims.extend(victim.then(|| id.clone()));
        rows.insert(id, row);
    }
    server.stop();
    assert_eq!(home.run(&["check"]).code, Some(0), "it is sound before");
    let overwritten = overwrite_pages(&home.database());
    assert!(overwritten >= 2, "{overwritten} pages are not several");
    (rows, victims)
}

/// Overwrites every page that holds a victim's row.
fn overwrite_pages(database: &Path) -> usize {
    let bytes = fs::read(database).expect("the database");
    let file = OpenOptions::new().write(true).open(database);
    let file = file.expect("the database can be written");
    let mut overwritten = 0;
    for (number, page) in bytes.chunks(PAGE).enumerate() {
        let hit = page.windows(MARK.len()).any(|part| part == MARK.as_bytes());
        if hit {
            let at = (number * PAGE) as u64;
            file.write_all_at(&[0xA5; PAGE], at).expect("a page");
            overwritten += 1;
        }
    }
    overwritten
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_the_others_are_served() {
    let home = Home::new();
    let (rows, victims) = damaged(&home).await;
    let mut server = home.serve();
    let api = server.api();
    let (mut whole, mut failed) = (0, Vec::new());
    for (id, row) in &rows {
        let answer = api.get(&one(id)).await;
        if answer.status == 500 {
            answer.failed_with(500);
            failed.push(id.clone());
        } else {
            assert_eq!(&apart(answer.ok()), &(id.clone(), row.clone()));
            whole += 1;
        }
    }
    assert!(whole > rows.len() / 2, "only {whole} rows are still served");
    for victim in &victims {
        assert!(
            failed.contains(victim),
            "{victim} is shown though it is gone"
        );
        for method in [Method::PUT, Method::DELETE] {
            let body = json!({"is_active": false});
            let answer = api.call(method, &one(victim), Some(&body)).await;
            answer.expect("an answer").failed_with(500);
        }
    }
    api.get(INTEGRATIONS).await.failed_with(500);
    assert!(server.is_running());
    let mut rng = StdRng::seed_from_u64(8);
    api.created(&integration("new", &mut rng)).await;
    server.stop();
}

#[tokio::test]
async fn the_check_reports_damage() {
    let home = Home::new();
    damaged(&home).await;
    for arguments in [&["check"][..], &["check", "--json"]] {
        let finished = home.run(arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        assert!(
            finished.stdout.contains("Tree "),
            "SQLite's finding: {finished:?}"
        );
    }
    let report: Value =
        serde_json::from_str(&home.run(&["check", "--json"]).stdout).expect("one JSON document");
    assert_eq!(report["sound"], false);
    // A backup of damage would be taken for a good one.
    let refused = home.run(&["backup", "copy.db"]);
    refused.refused_with(&["is damaged", "Tree "]);
    assert!(!home.names().contains(&"copy.db".to_owned()));
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_reported() {
    let home = Home::new();
    let server = home.serve();
    let mut rng = StdRng::seed_from_u64(9);
    for number in 0..60 {
        let row = integration(&format!("row-{number}"), &mut rng);
        server.api().created(&row).await;
    }
    server.stop();
    let file = OpenOptions::new().write(true).open(home.database());
    let file = file.expect("the database can be written");
    let length = file.metadata().expect("its length").len();
    file.set_len(length / 2).expect("it is cut");
    let finished = home.run(&["check"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(
        said.contains("damaged") || said.contains("malformed"),
        "{said}"
    );
}

/// Power fails while the first page is copied from the log: a sector of it is lost, and the log has it.
#[tokio::test]
async fn a_first_page_that_is_torn_is_recovered() {
    let home = Home::new();
    let server = home.serve();
    let (mut rng, mut rows) = (StdRng::seed_from_u64(10), BTreeMap::new());
    for number in 0..60 {
        let row = integration(&format!("row-{number}"), &mut rng);
        rows.insert(server.api().created(&row).await, row);
    }
    server.kill();
    let file = OpenOptions::new().write(true).open(home.database());
    let file = file.expect("the database can be written");
    file.write_all_at(&[0; 512], 0).expect("a sector");
    let server = home.serve();
    assert_eq!(
        server
            .api()
            .list()
            .await
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        rows
    );
    server.stop();
    assert_eq!(home.run(&["check"]).code, Some(0));
}
