//! Files of every earlier format: each is opened, checked and used.
//!
//! `NNNN.sql` has the rows that the program of format NNNN wrote and that no program before could. A file of
//! format N is made as it came to be: each step of the store up to N, and after each the rows of its
//! format. A new step needs its own rows here, and a line in `steps.txt`.
//!
//! Secrets in the rows are sealed with [`KEY`].

mod seen;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use parlance::{domain::retrieval::folders::FolderSettings, kernel::Secret};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    botpress::given::Caller,
    support::{ADA_KEY, COHERE_KEY, TestServer, WORKSPACE, send},
};

/// The key that the secrets in the rows are sealed with: 32 zeros.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// `PARL`, which marks a file of this program.
const APPLICATION_ID: i32 = 0x5041_524C;

/// The first agent of the rows, which is a bot since format 9.
const AGENT: &str = "aaaaaaaa-0000-4000-8000-000000000001";

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The SQL files of a folder, in their order.
fn scripts(path: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(path)).expect("a folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    found.sort();
    found
}

/// The steps of the store.
fn steps() -> Vec<PathBuf> {
    scripts("src/store/migrations")
}

fn name(path: &Path) -> String {
    let name = path.file_stem().and_then(|name| name.to_str());
    name.expect("a name").to_owned()
}

/// The hash and the name of each step, as `steps.txt` has them.
fn listed() -> String {
    let line = |step: &PathBuf| {
        let hash = Sha256::digest(fs::read(step).expect("a step"));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hash} {}\n", name(step))
    };
    steps().iter().map(line).collect()
}

#[test]
fn every_format_has_its_rows_and_no_step_is_changed() {
    let rows = scripts("tests/api/upgrades");
    let formats: Vec<String> = rows.iter().map(|rows| name(rows)).collect();
    let expected: Vec<String> = steps()
        .iter()
        .map(|step| name(step)[..4].to_owned())
        .collect();
    assert_eq!(
        formats, expected,
        "a new step needs rows of its format here"
    );
    let known = fs::read_to_string(folder("tests/api/upgrades/steps.txt")).expect("a list");
    assert_eq!(
        known,
        listed(),
        "files that have a step already would be other than new ones: add a step instead"
    );
}

/// Makes a file of a format.
fn make(path: &Path, format: usize) {
    let conn = Connection::open(path).expect("a database");
    let run = |script: &Path, references: bool| {
        conn.pragma_update(None, "foreign_keys", references)
            .expect("a setting");
        let sql = fs::read_to_string(script).expect("SQL");
        let done = conn.execute_batch(&format!("BEGIN; {sql}; COMMIT"));
        done.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    };
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .expect("the mark");
    let rows = scripts("tests/api/upgrades");
    for (step, rows) in steps().iter().zip(&rows).take(format) {
        run(step, false);
        run(rows, true);
    }
    conn.pragma_update(
        None,
        "user_version",
        i64::try_from(format).expect("few steps"),
    )
    .expect("the version");
    conn.pragma_update(None, "journal_mode", "WAL")
        .expect("a mode");
}

/// A server on a file of a format.
async fn opened(format: usize) -> TestServer {
    TestServer::with(|config| {
        make(&config.store.path, format);
        config.seal.key = Some(Secret::new(KEY));
        if format >= 7 {
            let documents = config.store.path.with_file_name("documents");
            fs::create_dir(&documents).expect("a folder");
            fs::write(documents.join("a.txt"), "Hello").expect("a file");
            config.connectors.folder = vec![FolderSettings {
                name: "notes".to_owned(),
                path: documents,
                token: None,
            }];
        }
    })
    .await
}

#[tokio::test]
async fn a_file_of_every_format_is_opened_checked_and_used() {
    for format in 1..=steps().len() {
        let mut server = opened(format).await;
        seen::assert_all(&server, format).await;
        write(&server, format).await;
        // What it is now is found again, and sound: a stop checks the whole file.
        server.restart().await;
        server.clock.advance(Duration::from_secs(60));
        seen::assert_all(&server, format).await;
        server.stop().await;
    }
}

/// Makes something of everything, beside what was there and with it.
async fn write(server: &TestServer, format: usize) {
    let shop = json!({"name": "new", "type": "shopify", "config": {"access_token": "t"}});
    let made = server.aloochat(Method::POST, "/integrations", Some(shop));
    let made = made.await.expect(200).json();
    let path = format!("/integrations/{}", made["id"].as_str().expect("an id"));
    server
        .aloochat(Method::DELETE, &path, None)
        .await
        .expect(200);
    let ada = |method: Method, path: &str, body: Value| {
        let request = server
            .request(method, path)
            .bearer_auth(ADA_KEY)
            .json(&body);
        async move { send(request).await }
    };
    if format >= 3 {
        let path = "/api/v2/end-users/ffffffff0000000000000001";
        let body = json!({"profile": {"metadata": {"plan": format.to_string()}}});
        let changed = ada(Method::PATCH, path, body).await.expect(200).json();
        assert_eq!(changed["profile"]["metadata"]["plan"], format.to_string());
    }
    if format >= 6 {
        let body = json!({"description": format.to_string()});
        let request = server.request(Method::PATCH, "/v1/connectors/plain-000001");
        let changed = send(request.bearer_auth(COHERE_KEY).json(&body)).await;
        assert_ne!(changed.status, 404, "{}", changed.text);
    }
    let member = Caller::member();
    let bot = format!("/v1/admin/bots/{AGENT}");
    let renamed = member.put(server, &bot, json!({"name": "renamed"})).await;
    renamed.expect(200);
    if format >= 9 {
        speak(server, &bot).await;
    }
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    member.get(server, &path).await.expect(200);
}

/// Has the bot and its integration do what they do.
async fn speak(server: &TestServer, bot: &str) {
    let conversation = "0195a000-0000-7000-8000-0000000000c1";
    let message = |user: &str| {
        json!({
            "conversationId": conversation, "userId": user, "type": "text",
            "payload": {"text": "new"}, "tags": {},
        })
    };
    let bot_itself = seen::as_bot();
    let of_bot = bot_itself
        .post(server, "/v1/chat/messages", message(AGENT))
        .await;
    let of_bot = of_bot.expect(201).json();
    let user = "0195a000-0000-7000-8000-000000000001";
    let integration = seen::as_integration();
    let told = integration
        .post(server, "/v1/chat/messages", message(user))
        .await;
    let told = told.expect(201).json();
    for made in [of_bot, told] {
        let id = made["message"]["id"].as_str().expect("an id");
        let path = format!("/v1/chat/messages/{id}");
        bot_itself.delete(server, &path).await.expect(200);
    }
    let path = "/v1/chat/states/integration/bbbbbbbb-0000-4000-8000-000000000001/cursor";
    let state = json!({"payload": {"of": 9}});
    integration.post(server, path, state).await.expect(200);
    // An integration that was removed has the same webhook when it is there again.
    let shared = "bbbbbbbb-0000-4000-8000-000000000002";
    let body = json!({"integrations": {shared: {}}});
    let on = Caller::member()
        .put(server, bot, body)
        .await
        .expect(200)
        .json();
    let webhook = &on["bot"]["integrations"][shared]["webhookId"];
    assert_eq!(*webhook, format!("{}2", "w".repeat(35)));
    let body = json!({"integrations": {shared: null}});
    Caller::member().put(server, bot, body).await.expect(200);
}
