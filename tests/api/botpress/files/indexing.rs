//! Indexing, passages and search.

use parlance::domain::tenancy::bounds;
use serde_json::{Value, json};

use super::{FILES, count, get, index, store, until_nothing_is_left, until_status, upsert};
use crate::{
    botpress::given::{Caller, Given, make_bot},
    support::{TestServer, WORKSPACE, assert_answer, pdf::pdf, until},
};

/// A text of three sections.
const GUIDE: &str = "# Pumps\n\nA pump moves water from the well to the house.\n\n\
    ## Repair\n\nClose the valve before you remove the pump.\n\n\
    ## Storage\n\nKeep spare gaskets in a dry place.\n";

/// The keys and contents of what a search finds.
async fn found(server: &TestServer, caller: &Caller, query: &str) -> Vec<(String, String)> {
    let answer = caller.get(server, &format!("{FILES}/search?{query}")).await;
    let answer = answer.expect(200).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let passages = answer["passages"].as_array().expect("passages").iter();
    passages
        .map(|passage| (text(&passage["file"]["key"]), text(&passage["content"])))
        .collect()
}

#[tokio::test]
async fn search_files_finds_what_is_indexed() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let more = json!({"tags": {"kind": "guide"}});
    let file = index(server, &bot, "guide.md", GUIDE, more).await;
    assert_eq!(file["indexingStack"], "v2");
    index(
        server,
        &bot,
        "list.csv",
        "name,place\npump,cellar\nladder,garage\n",
        json!({}),
    )
    .await;
    store(
        server,
        &bot,
        "silent.txt",
        "A pump that is not indexed.",
        json!({}),
    )
    .await;
    let query = format!(
        "{FILES}/search?query=removing%20pumps&limit=2&withContext=true&includeBreadcrumb=true"
    );
    assert_answer!("search_files", bot.get(server, &query).await.expect(200));
    let alone = found(server, &bot, "query=valve&contextDepth=0").await;
    let text = "Close the valve before you remove the pump.";
    assert_eq!(alone, [("guide.md".to_owned(), text.to_owned())]);
    let kept = found(server, &bot, "query=pump&tags.kind=guide&consolidate=true").await;
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0].1.contains("moves water") && kept[0].1.contains("gaskets"),
        "{kept:?}"
    );
    for nothing in [
        "query=",
        "query=%22%20OR%20*",
        "query=elephant",
        "query=pump&tags.kind=other",
    ] {
        assert_eq!(found(server, &bot, nothing).await, [], "{nothing}");
    }
    for wrong in [
        "",
        "query=a&limit=51",
        "query=a&contextDepth=11",
        "query=a&limit=x",
    ] {
        let answer = bot.get(server, &format!("{FILES}/search?{wrong}")).await;
        assert_eq!(
            answer.json()["type"],
            "InvalidQuery",
            "{wrong}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn search_files_keeps_to_what_the_caller_sees() {
    let given = Given::new().await;
    let server = &given.server;
    let (bot, integration) = (given.as_bot(), given.as_integration());
    index(
        server,
        &bot,
        "hidden.txt",
        "The treasure is buried.",
        json!({}),
    )
    .await;
    let shared = json!({"accessPolicies": ["integrations"]});
    index(
        server,
        &bot,
        "shared.txt",
        "The treasure is shared.",
        shared,
    )
    .await;
    index(
        server,
        &integration,
        "own.txt",
        "The treasure is mine.",
        json!({}),
    )
    .await;
    assert_eq!(found(server, &bot, "query=treasure").await.len(), 3);
    let seen = found(server, &integration, "query=treasure").await;
    let mut keys: Vec<&str> = seen.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["own.txt", "shared.txt"]);
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let other = Caller::person().header("x-bot-id", other.id.as_str());
    assert_eq!(found(server, &other, "query=treasure").await, []);
    index(server, &other, "other.txt", "Another treasure.", json!({})).await;
    assert_eq!(found(server, &other, "query=treasure").await.len(), 1);
    assert_eq!(found(server, &bot, "query=treasure").await.len(), 3);
}

#[tokio::test]
async fn upsert_file_is_indexed_or_says_why_not() {
    let server = TestServer::with(|config| {
        config.files.max_indexed_bytes = 100;
        config.files.max_passages = 3;
        config.bounds = bounds::Settings {
            file_passages: 2,
            ..bounds::Settings::default()
        };
    })
    .await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    for (key, text, reason) in [
        (
            "a.png",
            "x",
            "files of the type image/png cannot be read as text",
        ),
        (
            "b.bin",
            "x",
            "files of the type application/octet-stream cannot be read as text",
        ),
        (
            "c.txt",
            &"word ".repeat(30),
            "it has 150 bytes, and at most 100 are indexed (files.max_indexed_bytes)",
        ),
        ("d.txt", " \n ", "it contains no text"),
        (
            "e.csv",
            "a\n1\n2\n3\n4\n",
            "it has more than 3 passages (files.max_passages)",
        ),
        (
            "f.csv",
            "a\n1\n2\n3\n",
            "A bot can have 2 passages of files (bounds.file_passages)",
        ),
        ("g.txt", "\u{0}\u{1}\u{2}\u{0}", "it is not text"),
    ] {
        let file = store(server, &bot, key, text, json!({"index": true})).await;
        let failed = until_status(server, &bot, &file["id"], "indexing_failed").await;
        assert_eq!(failed["failedStatusReason"], reason, "{key}");
    }
    let file = index(server, &bot, "h.txt", "One passage.", json!({})).await;
    let again = bot
        .put(server, FILES, json!({"key": "h.txt", "size": 1}))
        .await;
    assert_eq!(again.expect(200).json()["file"]["id"], file["id"]);
    until("old passages are gone", async || {
        count(server, "file_passages") == 0
    })
    .await;
    assert_eq!(found(server, &bot, "query=passage").await, []);
}

#[tokio::test]
async fn upsert_file_is_indexed_after_a_restart() {
    let mut given = Given::new().await;
    let bot = given.as_bot();
    let file = index(
        &given.server,
        &bot,
        "a.txt",
        "Something to find.",
        json!({}),
    )
    .await;
    // As if the server had ended while it indexed the file.
    let reset = given.server.server().app().store().write(|conn| {
        conn.execute("UPDATE files SET status = 'indexing_pending'", [])?;
        conn.execute(
            "INSERT INTO file_passage_sets (agent_seq, passages) VALUES (1, 1)",
            [],
        )?;
        conn.execute("INSERT INTO blobs DEFAULT VALUES", [])?;
        Ok(())
    });
    reset.await.expect("it is reset");
    given.server.restart().await;
    until_status(&given.server, &bot, &file["id"], "indexing_completed").await;
    assert_eq!(found(&given.server, &bot, "query=find").await.len(), 1);
    until("what was incomplete is gone", async || {
        count(&given.server, "blobs") == 1 && count(&given.server, "file_passage_sets") == 1
    })
    .await;
    // A file that ends the server is given up.
    let reset = given.server.server().app().store().write(|conn| {
        conn.execute(
            "UPDATE files SET status = 'indexing_pending', index_attempts = 3",
            [],
        )?;
        Ok(())
    });
    reset.await.expect("it is reset");
    given.server.restart().await;
    let failed = until_status(&given.server, &bot, &file["id"], "indexing_failed").await;
    assert_eq!(
        failed["failedStatusReason"],
        "the server ended while it read the file"
    );
}

#[tokio::test]
async fn list_file_passages_pages() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let rows: String = (0..25).map(|number| format!("row {number}\n")).collect();
    index(
        server,
        &bot,
        "rows.csv",
        &format!("name\n{rows}"),
        json!({}),
    )
    .await;
    let path = format!("{FILES}/rows.csv/passages");
    let first = bot.get(server, &path).await.expect(200).json();
    assert_eq!(first["passages"].as_array().map(Vec::len), Some(20));
    let next = first["meta"]["nextToken"].as_str().expect("a token");
    let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    let last = bot
        .get(server, &format!("{path}?nextToken={next}"))
        .await
        .expect(200);
    assert_answer!("list_file_passages", last);
    let all = bot
        .get(server, &format!("{path}?limit=200"))
        .await
        .expect(200)
        .json();
    assert_eq!(all["passages"].as_array().map(Vec::len), Some(25));
    assert_eq!(
        bot.get(server, &format!("{path}?limit=201")).await.status,
        400
    );
    upsert(server, &bot, json!({"key": "p", "size": 1})).await;
    let none = bot
        .get(server, &format!("{FILES}/p/passages"))
        .await
        .expect(200)
        .json();
    assert_eq!(none["passages"], json!([]));
}

#[tokio::test]
async fn set_file_passages_replaces_all() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    index(server, &bot, "guide.md", GUIDE, json!({})).await;
    store(server, &bot, "image.png", "x", json!({})).await;
    let body = json!({"passages": [
        {"content": "A drawing of a windmill.", "type": "image", "pageNumber": 2}, {"content": "The windmills of the village turn in the wind all day."},
    ]});
    for key in ["guide.md", "image.png"] {
        let path = format!("{FILES}/{key}/passages");
        assert_eq!(
            bot.put(server, &path, body.clone())
                .await
                .expect(200)
                .json(),
            json!({})
        );
        assert_eq!(get(server, &bot, key).await["status"], "indexing_completed");
        let listed = bot.get(server, &path).await.expect(200);
        insta::assert_snapshot!(format!("set_file_passages_{}", &key[..5]), listed.shown());
    }
    assert_eq!(found(server, &bot, "query=gaskets").await, []);
    assert_eq!(
        found(server, &bot, "query=windmill&contextDepth=0")
            .await
            .len(),
        4
    );
    until("old passages are gone", async || {
        count(server, "file_passages") == 4
    })
    .await;
    let path = format!("{FILES}/guide.md/passages");
    for (name, passages) in [
        ("empty", json!([{"content": ""}])),
        ("long", json!([{"content": "x".repeat(20_001)}])),
        ("type", json!([{"content": "x", "type": "song"}])),
        ("missing", json!([{"type": "list"}])),
    ] {
        let answer = bot.put(server, &path, json!({"passages": passages})).await;
        insta::assert_snapshot!(
            format!("set_file_passages_bad_{name}"),
            answer.expect(400).shown()
        );
    }
    let integration = given.as_integration();
    assert_eq!(
        integration.put(server, &path, body.clone()).await.status,
        404
    );
    upsert(server, &bot, json!({"key": "p", "size": 1})).await;
    let early = bot.put(server, &format!("{FILES}/p/passages"), body).await;
    assert_answer!("set_file_passages_without_content", early.expect(400));
    for key in ["guide.md", "image.png", "p"] {
        bot.delete(server, &format!("{FILES}/{key}"))
            .await
            .expect(200);
    }
    until_nothing_is_left(server).await;
}

#[tokio::test]
async fn set_file_passages_gives_short_ones_the_language_of_the_file() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    store(server, &bot, "menu.txt", "x", json!({})).await;
    let long = "The kitchen of the house is open every day, and the guests are asked to order before nine in the evening.";
    let short = [
        "Roasted carrots",
        "Baked potatoes",
        "Mixed salads",
        "Grilled vegetables",
        "Fried onions",
    ];
    let mut passages = vec![json!({"content": long})];
    passages.extend(short.iter().map(|text| json!({"content": text})));
    let path = format!("{FILES}/menu.txt/passages");
    let set = bot.put(server, &path, json!({"passages": passages})).await;
    set.expect(200);
    for (query, text) in ["roasting", "potato", "salad", "vegetable", "onion"]
        .iter()
        .zip(short)
    {
        let hits = found(server, &bot, &format!("query={query}&contextDepth=0")).await;
        assert_eq!(hits.len(), 1, "{query} finds {hits:?}, not {text}");
    }
}

#[tokio::test]
async fn list_file_passages_names_the_pages_of_pdf() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let text = pdf(&["Close the valve.", "", "Store the gaskets."]);
    let file = index(server, &bot, "pump.pdf", &text, json!({})).await;
    assert_eq!(file["contentType"], "application/pdf");
    let path = format!("{FILES}/pump.pdf/passages");
    let listed = bot.get(server, &path).await.expect(200).json();
    let pages: Vec<Value> = listed["passages"]
        .as_array()
        .expect("passages")
        .iter()
        .map(|passage| json!([passage["content"], passage["meta"]["pageNumber"]]))
        .collect();
    assert_eq!(
        pages,
        [
            json!(["Close the valve.", 1]),
            json!(["Store the gaskets.", 3])
        ]
    );
    assert_eq!(found(server, &bot, "query=gaskets").await.len(), 1);
    let members = json!({"index": true, "contentType": "application/pdf"});
    let scan = store(server, &bot, "scan", &pdf(&[""]), members).await;
    let failed = until_status(server, &bot, &scan["id"], "indexing_failed").await;
    assert_eq!(
        failed["failedStatusReason"],
        "it is a PDF document without a text layer"
    );
}
