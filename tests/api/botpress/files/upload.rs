//! Creating files, and sending their bytes.

use std::time::Duration;

use futures_util::stream;
use parlance::domain::tenancy::bounds;
use reqwest::{Body, Method};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::{
    FILES, count, get, new_file, read, send_bytes, shown, store, until_nothing_is_left,
    until_status, upsert,
};
use crate::{
    botpress::given::{Caller, Given},
    support::{Program, TestServer, WORKSPACE, assert_answer, send, until},
};

#[tokio::test]
async fn upsert_file_and_send_its_bytes() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({
        "key": "notes/hello.md", "size": 5, "tags": {"kind": "note"}, "metadata": {"of": [1]},
        "accessPolicies": ["integrations"], "expiresAt": "2026-03-02T12:00:00Z", "unknown": true,
    });
    let made = bot.put(server, FILES, body).await.expect(200);
    insta::assert_snapshot!("upsert_file", shown(&made));
    let file = &made.json()["file"];
    let early = read(server, &file["url"]).await;
    assert_eq!(early.status, 404);
    let sent = send_bytes(server, &file["uploadUrl"], "Hello")
        .await
        .expect(200);
    assert_eq!(sent.text, "");
    let path = format!("{FILES}/notes%2Fhello.md");
    let found = bot.get(server, &path).await.expect(200);
    insta::assert_snapshot!("get_uploaded_file", shown(&found));
    assert_eq!(
        read(server, &found.json()["file"]["url"]).await.text,
        "Hello"
    );
    let by_id = format!("{FILES}/{}", file["id"].as_str().expect("an id"));
    let found = bot.get(server, &by_id);
    assert_eq!(
        found.await.expect(200).json()["file"]["key"],
        "notes/hello.md"
    );
}

#[tokio::test]
async fn upsert_file_replaces_the_file_with_its_key() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let first = store(server, &bot, "a.txt", "first", json!({})).await;
    let again = upsert(server, &bot, new_file("a.txt", "second")).await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["size"], json!(null));
    assert_eq!(again["status"], "upload_pending");
    assert_eq!(read(server, &first["url"]).await.status, 404);
    send_bytes(server, &again["uploadUrl"], "second")
        .await
        .expect(200);
    assert_eq!(read(server, &first["url"]).await.text, "second");
    until("the old bytes are gone", async || {
        count(server, "blobs") == 1
    })
    .await;
}

#[tokio::test]
async fn upsert_file_is_refused_for_bad_members() {
    let given = Given::new().await;
    for (name, body) in [
        ("key", json!({"size": 1})),
        ("size", json!({"key": "a", "size": -1})),
        (
            "tags",
            json!({"key": "a", "size": 1, "tags": {"a": "x".repeat(1_001)}}),
        ),
        (
            "metadata",
            json!({"key": "a", "size": 1, "metadata": {"a": "x".repeat(70_000)}}),
        ),
        (
            "policy",
            json!({"key": "a", "size": 1, "accessPolicies": ["all"]}),
        ),
        (
            "past",
            json!({"key": "a", "size": 1, "expiresAt": "2026-03-01T11:00:00Z"}),
        ),
        (
            "later",
            json!({"key": "a", "size": 1, "expiresAt": "2026-07-01T11:00:00Z"}),
        ),
        (
            "type",
            json!({"key": "a", "size": 1, "contentType": "a\nb"}),
        ),
        (
            "chunk",
            json!({"key": "a", "size": 1, "indexing": {"configuration": {
            "chunking": {"maximumChunkLength": 5}}}}),
        ),
    ] {
        let answer = given.as_bot().put(&given.server, FILES, body).await;
        insta::assert_snapshot!(
            format!("upsert_file_bad_{name}"),
            answer.expect(400).shown()
        );
    }
    assert_eq!(count(&given.server, "files"), 0);
}

#[tokio::test]
async fn upsert_file_stays_within_bounds_and_quotas() {
    let server = TestServer::with(|config| {
        config.bounds = bounds::Settings {
            files: 1,
            ..bounds::Settings::default()
        };
        config.files.max_file_bytes = 2_000;
        config.plans.community.storage_bytes = 1_000;
    })
    .await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    let large = bot
        .put(server, FILES, json!({"key": "a", "size": 2_001}))
        .await;
    assert_answer!("upsert_file_too_large", large.expect(413));
    let much = bot
        .put(server, FILES, json!({"key": "a", "size": 1_001}))
        .await;
    assert_answer!("upsert_file_over_quota", much.expect(403));
    store(server, &bot, "a", &"x".repeat(600), json!({})).await;
    let second = bot.put(server, FILES, json!({"key": "b", "size": 1})).await;
    assert_answer!("upsert_file_over_bound", second.expect(413));
    let usages = format!("/v1/admin/usages/{WORKSPACE}?type=storage_count");
    let usage = Caller::person()
        .get(server, &usages)
        .await
        .expect(200)
        .json();
    assert_eq!(usage["usage"]["value"], 600);
}

#[tokio::test]
async fn upsert_file_counts_what_arrives_against_the_quota() {
    let server = TestServer::with(|config| config.plans.community.storage_bytes = 1_000).await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    let bytes = "x".repeat(600);
    let one = upsert(server, &bot, new_file("a", &bytes)).await;
    let two = upsert(server, &bot, new_file("b", &bytes)).await;
    send_bytes(server, &one["uploadUrl"], &bytes)
        .await
        .expect(200);
    let refused = send_bytes(server, &two["uploadUrl"], &bytes)
        .await
        .expect(403);
    assert_eq!(refused.json()["type"], "QuotaExceeded");
    let failed = get(server, &bot, "b").await;
    assert_eq!(failed["status"], "upload_failed");
    assert_eq!(count(server, "blobs"), 1);
}

#[tokio::test]
async fn upsert_file_belongs_to_who_makes_it() {
    let given = Given::new().await;
    let server = &given.server;
    let (bot, integration) = (given.as_bot(), given.as_integration());
    let own = store(server, &bot, "k", "of the bot", json!({})).await;
    let made = store(server, &integration, "k", "of the integration", json!({})).await;
    assert_ne!(own["id"], made["id"]);
    assert_eq!(own["owner"], json!({"type": "bot", "id": given.bot.id}));
    assert_eq!(made["owner"]["type"], "integration");
    assert_eq!(made["owner"]["name"], "whint");
    let user = given.user("1").await;
    let as_user = bot.clone().header("x-user-id", &user);
    let of_user = upsert(server, &as_user, new_file("u", "x")).await;
    assert_eq!(of_user["owner"], json!({"type": "user", "id": user}));
    let nobody = bot.clone().header("x-user-id", "none");
    let refused = nobody.put(server, FILES, new_file("v", "x")).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn upsert_file_takes_as_many_bytes_as_it_promises() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = upsert(server, &bot, json!({"key": "a", "size": 3})).await;
    let announced = send_bytes(server, &file["uploadUrl"], "four").await;
    assert_answer!("upload_too_long", announced.expect(400));
    let failed = get(server, &bot, "a").await;
    assert_eq!(failed["status"], "upload_failed");
    assert_eq!(
        failed["failedStatusReason"],
        "The file was created for 3 bytes (size), and more were sent"
    );
    // A body of unknown length, of more than one window.
    let file = upsert(server, &bot, json!({"key": "b", "size": 2_500_000})).await;
    let pieces = |count: usize| {
        let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100_000]));
        Body::wrap_stream(stream::iter(pieces.collect::<Vec<_>>()))
    };
    let url = file["uploadUrl"].as_str().expect("an address");
    let sent = send(server.client.put(url).body(pieces(26))).await;
    assert_eq!(sent.status, 400);
    until_nothing_is_left(server).await;
    let sent = send(server.client.put(url).body(pieces(25))).await;
    assert_eq!(sent.status, 200);
    let stored = get(server, &bot, "b").await;
    assert_eq!(
        (&stored["status"], &stored["size"]),
        (&json!("upload_completed"), &json!(2_500_000))
    );
    assert_eq!(read(server, &stored["url"]).await.text.len(), 2_500_000);
    assert_eq!(count(server, "blob_chunks"), 10);
}

#[tokio::test]
async fn upsert_file_accepts_files_that_are_larger_than_bodies() {
    let server = TestServer::with(|config| config.server.body_limit_bytes = 100_000).await;
    let given = Given::on(server).await;
    let bytes = "x".repeat(3_000_000);
    let stored = store(&given.server, &given.as_bot(), "large", &bytes, json!({})).await;
    assert_eq!(stored["size"], 3_000_000);
    let empty = store(&given.server, &given.as_bot(), "empty", "", json!({})).await;
    assert_eq!(empty["size"], 0);
    assert_eq!(
        read(&given.server, &empty["url"]).await.expect(200).text,
        ""
    );
}

#[tokio::test]
async fn upsert_file_needs_a_signature_for_the_bytes() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = upsert(server, &bot, new_file("a", "x")).await;
    let url = file["uploadUrl"].as_str().expect("an address").to_owned();
    let (bare, _) = url.split_once('?').expect("a query");
    let read_url = file["url"].as_str().expect("an address");
    for wrong in [bare, &url.replace("signature=", "signature=0"), read_url] {
        let answer = send_bytes(server, &json!(wrong), "x").await;
        assert_eq!(answer.status, 403, "{wrong}");
        assert_eq!(answer.json()["type"], "Forbidden");
    }
    upsert(server, &bot, new_file("a", "x")).await;
    assert_eq!(send_bytes(server, &json!(url), "x").await.status, 403);
    let file = upsert(server, &bot, new_file("a", "x")).await;
    server.clock.advance(Duration::from_secs(3_601));
    assert_eq!(
        send_bytes(server, &file["uploadUrl"], "x").await.status,
        403
    );
}

#[tokio::test]
async fn upsert_file_can_ask_for_the_tag_of_public_bytes() {
    let given = Given::new().await;
    let server = &given.server;
    let body = json!({
        "key": "a", "size": 1, "publicContentImmediatelyAccessible": true,
        "accessPolicies": ["public_content"],
    });
    let file = upsert(server, &given.as_bot(), body).await;
    assert_eq!(
        send_bytes(server, &file["uploadUrl"], "x").await.status,
        403
    );
    let url = file["uploadUrl"].as_str().expect("an address");
    let tagged = server
        .client
        .put(url)
        .header("x-amz-tagging", "public=true");
    send(tagged.body("x")).await.expect(200);
    assert_eq!(read(server, &file["url"]).await.text, "x");
}

#[tokio::test]
async fn upsert_file_leaves_nothing_of_a_body_that_ends_early() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = upsert(server, &bot, json!({"key": "a", "size": 4_000_000})).await;
    let url = file["uploadUrl"].as_str().expect("an address");
    let mut connection = open_upload(server.server().url(), url, 4_000_000).await;
    connection
        .write_all(&vec![b'x'; 3_000_000])
        .await
        .expect("it is sent");
    until("pieces are stored", async || {
        count(server, "blob_chunks") > 0
    })
    .await;
    drop(connection);
    let failed = until_status(server, &bot, &file["id"], "upload_failed").await;
    assert_eq!(failed["failedStatusReason"], "The body ended too early");
    until_nothing_is_left(server).await;
}

/// A connection on which an upload of this length has begun.
async fn open_upload(server: String, url: &str, length: usize) -> tokio::net::TcpStream {
    let host = server.trim_start_matches("http://").to_owned();
    let mut connection = tokio::net::TcpStream::connect(&host)
        .await
        .expect("a connection");
    let path = url.trim_start_matches(&server);
    let head = format!("PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
    connection
        .write_all(head.as_bytes())
        .await
        .expect("it is sent");
    connection
}

#[tokio::test]
async fn upsert_file_leaves_nothing_of_an_upload_that_a_crash_ends() {
    let pat = "bp_pat_of_the_crash_test";
    let variables = [("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", pat)];
    let mut program = Program::new();
    program.serve(&variables);
    let client = crate::support::client();
    let call = |program: &Program, method: Method, path: &str, bot: &str| {
        let url = format!("{}{path}", program.url());
        let request = client.request(method, url).bearer_auth(pat);
        request
            .header("x-workspace-id", WORKSPACE)
            .header("x-bot-id", bot)
    };
    let made = call(&program, Method::POST, "/v1/admin/bots", "").json(&json!({"name": "crash"}));
    let made = send(made).await.expect(200).json();
    let bot = made["bot"]["id"].as_str().expect("an id").to_owned();
    let body = json!({"key": "a", "size": 4_000_000});
    let file = send(call(&program, Method::PUT, FILES, &bot).json(&body))
        .await
        .expect(200)
        .json();
    let url = file["file"]["uploadUrl"].as_str().expect("an address");
    let mut connection = open_upload(program.url().to_owned(), url, 4_000_000).await;
    connection
        .write_all(&vec![b'x'; 3_000_000])
        .await
        .expect("it is sent");
    let database = program.path("parlance.db");
    let chunks = || {
        let conn = rusqlite::Connection::open(&database).expect("a database");
        let sql = "SELECT count(*) FROM blob_chunks";
        conn.query_row(sql, [], |row| row.get::<_, i64>(0))
            .expect("a count")
    };
    until("pieces are stored", async || chunks() > 0).await;
    program.kill();
    assert!(chunks() > 0);
    program.serve(&variables);
    until("nothing is left", async || chunks() == 0).await;
    let path = format!("{FILES}/a");
    let found = send(call(&program, Method::GET, &path, &bot))
        .await
        .expect(200)
        .json();
    assert_eq!(found["file"]["status"], "upload_pending");
}
