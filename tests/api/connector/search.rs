//! `POST /folders/{name}/search`.

use proptest::{prelude::*, test_runner::TestRunner};
use reqwest::Method;
use serde_json::json;

use super::{Documents, TOKEN, ask, ask_as, ids};
use crate::support::{TestServer, assert_answer, send};

fn manuals() -> Documents {
    Documents::of(&[
        (
            "guide.md",
            "# Guide\n\nWelcome.\n\n## Backups\n\nA backup runs every night. It is kept for 30 days.\n",
        ),
        (
            "shop/prices.csv",
            "Name,Price\nSmall table,20 €\nLarge table,90 €\n",
        ),
        (
            "page.html",
            "<title>Café</title><p>Opens at <b>nine</b>.</p>",
        ),
        (
            "faq.json",
            r#"[{"question": "Where is it?", "answer": "In Tōkyō, 東京の駅です。"}]"#,
        ),
        ("notes.txt", "The server restarts on Sundays."),
        (".hidden.md", "backup backup backup"),
        ("picture.png", "backup"),
    ])
}

#[tokio::test]
async fn search_folder_finds_passages() {
    let documents = manuals();
    let server = documents.serve().await;
    assert_answer!(ask(&server, "How long is a backup kept?").await);
}

#[tokio::test]
async fn search_folder_reads_every_format() {
    let documents = manuals();
    let server = documents.serve().await;
    for (query, id) in [
        ("backups", "guide.md#1"),
        ("price of the large tables", "shop/prices.csv#1"),
        ("CAFE nine", "page.html#0"),
        ("東京の駅", "faq.json#0"),
        ("tokyo", "faq.json#0"),
        ("restarting", "notes.txt#0"),
    ] {
        assert_eq!(
            ids(&server, query).await.first().map(String::as_str),
            Some(id),
            "{query}"
        );
    }
    assert_eq!(ids(&server, "nothing-has-this-word").await, [""; 0]);
    // A query of common words alone is one too.
    assert_eq!(ids(&server, "the").await, [""; 0]);
}

#[tokio::test]
async fn search_folder_finds_at_most_as_many_as_set() {
    let documents = Documents::of(&[]);
    for number in 0..30 {
        documents.write(&format!("{number}.txt"), "the same words in every file");
    }
    let server = TestServer::with(|config| {
        documents.configure(config);
        config.folders.max_results = 7;
    })
    .await;
    super::scan(&server).await;
    assert_eq!(ids(&server, "same words").await.len(), 7);
}

#[tokio::test]
async fn search_folder_takes_any_text_as_a_query() {
    let documents = manuals();
    let server = documents.serve().await;
    for query in [
        "\"",
        "'",
        "*",
        "backup*",
        "NEAR(a b)",
        "a AND",
        "OR",
        "NOT",
        "title:backup",
        "^backup",
        "{a b}:c",
        "(",
        "\u{0}",
        "a\u{0}b",
        "-",
        "+",
        "AND OR NOT NEAR",
        "\";DROP TABLE folders;--",
        "😀",
        "backup\\",
        "%",
        "_",
    ] {
        ask(&server, query).await.expect(200);
    }
    ask(&server, &"word ".repeat(20_000)).await.expect(200);
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::default();
        let queries =
            proptest::string::string_regex(r#"(\PC|["'*(){}:^+\-]|AND|OR|NOT|NEAR| ){1,40}"#);
        let checked = runner.run(&queries.expect("a pattern"), |query| {
            let answer = handle.block_on(ask(&server, &query));
            prop_assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
            Ok(())
        });
        checked.expect("every query is answered");
    })
    .await
    .expect("it ends");
}

#[tokio::test]
async fn search_folder_needs_its_token() {
    let documents = manuals();
    let server = documents.serve().await;
    let body = json!({"query": "backup"});
    let without = server.request(Method::POST, "/folders/manuals/search");
    assert_answer!("no_token", send(without.json(&body)).await);
    ask_as(&server, "another", body.clone()).await.expect(401);
    // Which folders there are is told to nobody.
    let other = server
        .request(Method::POST, "/folders/other/search")
        .bearer_auth(TOKEN);
    send(other.json(&body)).await.expect(401);
}

#[tokio::test]
async fn search_folder_refuses_a_bad_body() {
    let documents = manuals();
    let server = documents.serve().await;
    assert_answer!("no_query", ask_as(&server, TOKEN, json!({})).await);
    assert_answer!("empty_query", ask(&server, "").await);
    assert_answer!("no_text", ask_as(&server, TOKEN, json!({"query": 5})).await);
}
