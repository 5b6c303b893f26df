//! Lists of files, and changes of what is known of them.

use std::time::Duration;

use serde_json::json;

use super::{FILES, get, index, keys, read, shown, store, until_nothing_is_left, upsert};
use crate::{
    botpress::given::{Caller, Given, make_bot},
    support::{WORKSPACE, assert_answer, until},
};

#[tokio::test]
async fn list_uploaded_files_sorts_and_pages() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for number in 0..25 {
        server.clock.advance(Duration::from_secs(1));
        let key = format!("k{:02}", (number * 7) % 25);
        upsert(server, &bot, json!({"key": key, "size": 1})).await;
    }
    let newest = keys(server, &bot, "").await;
    assert_eq!((newest.len(), newest[0].as_str()), (20, "k18"));
    for query in [
        "sortField=key&sortDirection=asc",
        "sortField=status&sortDirection=asc",
        "sortField=updatedAt",
        "sortField=size",
    ] {
        let first = bot
            .get(server, &format!("{FILES}?{query}"))
            .await
            .expect(200)
            .json();
        let next = first["meta"]["nextToken"]
            .as_str()
            .expect("a token")
            .to_owned();
        let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
        let mut all = keys(server, &bot, query).await;
        all.extend(keys(server, &bot, &format!("{query}&nextToken={next}")).await);
        if query.contains("key") {
            assert!(all.is_sorted(), "{all:?}");
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 25, "{query}");
    }
    for wrong in [
        "nextToken=x",
        "sortField=name",
        "other=1",
        "tags.a.exists=x",
    ] {
        let answer = bot.get(server, &format!("{FILES}?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn list_uploaded_files_filters_by_tags() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for (key, tags) in [
        ("a", json!({"kind": "x", "team": "red"})),
        ("b", json!({"kind": "y", "team": "red", "a.b": "1"})),
        ("c", json!({})),
    ] {
        upsert(server, &bot, json!({"key": key, "size": 1, "tags": tags})).await;
    }
    let one = get(server, &bot, "a").await;
    let id = one["id"].as_str().expect("an id");
    for (query, expected) in [
        ("tags.kind=x".to_owned(), "a"),
        ("tags.kind=x&tags.kind=y".to_owned(), "b a"),
        ("tags.kind=x&tags.team=red".to_owned(), "a"),
        ("tags.kind.not=x".to_owned(), "c b"),
        ("tags.kind.not=x&tags.kind.not=y".to_owned(), "c"),
        ("tags.kind.exists=true".to_owned(), "b a"),
        ("tags.a.b=1".to_owned(), "b"),
        ("tags={\"kind\":\"x\"}".to_owned(), "a"),
        ("tags={\"kind\":[\"x\",\"y\"]}".to_owned(), "b a"),
        ("tags={\"kind\":{\"not\":[\"x\"]}}".to_owned(), "c b"),
        (format!("ids={id}&ids=none"), "a"),
        ("indexed=true".to_owned(), ""),
    ] {
        let found = keys(server, &bot, &query).await;
        assert_eq!(found.join(" "), expected, "{query}");
    }
    let listed = bot
        .get(server, &format!("{FILES}?tags.kind=x"))
        .await
        .expect(200);
    insta::assert_snapshot!("list_uploaded_files", shown(&listed));
}

#[tokio::test]
async fn list_uploaded_files_shows_an_integration_its_own_and_the_shared_ones() {
    let given = Given::new().await;
    let server = &given.server;
    let (bot, integration) = (given.as_bot(), given.as_integration());
    store(server, &bot, "hidden", "x", json!({})).await;
    store(
        server,
        &bot,
        "shared",
        "x",
        json!({"accessPolicies": ["integrations"]}),
    )
    .await;
    store(
        server,
        &integration,
        "own",
        "x",
        json!({"tags": {"a": "1"}}),
    )
    .await;
    assert_eq!(keys(server, &integration, "").await, ["own", "shared"]);
    assert_eq!(keys(server, &bot, "").await, ["own", "shared", "hidden"]);
    let path = format!("{FILES}/hidden");
    assert_answer!(
        "get_uploaded_file_hidden",
        integration.get(server, &path).await.expect(404)
    );
    let path = format!("{FILES}/shared");
    integration.get(server, &path).await.expect(200);
    let refused = integration.delete(server, &path).await;
    assert_answer!("delete_uploaded_file_shared", refused.expect(403));
    bot.delete(server, &format!("{FILES}/own"))
        .await
        .expect(200);
}

#[tokio::test]
async fn update_file_metadata_changes_what_is_named() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let tags = json!({"kind": "x", "team": "red"});
    let more = json!({"tags": tags, "metadata": {"a": 1}, "expiresAt": "2026-03-05T00:00:00Z"});
    store(server, &bot, "a", "x", more).await;
    let path = format!("{FILES}/a");
    let body = json!({
        "tags": {"team": null, "kind": "z"}, "metadata": {"b": 2}, "expiresAt": null,
        "accessPolicies": ["public_content"],
    });
    let changed = bot.put(server, &path, body).await.expect(200);
    insta::assert_snapshot!("update_file_metadata", shown(&changed));
    assert_eq!(keys(server, &bot, "tags.kind=z").await, ["a"]);
    assert!(keys(server, &bot, "tags.team=red").await.is_empty());
    let same = bot.put(server, &path, json!({})).await.expect(200).json();
    assert_eq!(same["file"]["metadata"], json!({"b": 2}));
    for (name, body) in [
        ("tag", json!({"tags": {"a": "x".repeat(1_001)}})),
        ("metadata", json!({"metadata": "text"})),
        ("expiry", json!({"expiresAt": "2020-01-01T00:00:00Z"})),
    ] {
        let answer = bot.put(server, &path, body).await;
        insta::assert_snapshot!(
            format!("update_file_metadata_bad_{name}"),
            answer.expect(400).shown()
        );
    }
}

#[tokio::test]
async fn delete_uploaded_file_takes_bytes_and_passages_along() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = index(
        server,
        &bot,
        "a.txt",
        "Something to find.",
        json!({"tags": {"a": "1"}}),
    )
    .await;
    let path = format!("{FILES}/{}", file["id"].as_str().expect("an id"));
    assert_eq!(
        bot.delete(server, &path).await.expect(200).json(),
        json!({})
    );
    assert_eq!(bot.get(server, &path).await.status, 404);
    assert_eq!(read(server, &file["url"]).await.status, 404);
    until_nothing_is_left(server).await;
}

#[tokio::test]
async fn get_uploaded_file_ends_with_its_expiry() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = store(
        server,
        &bot,
        "a",
        "x",
        json!({"expiresAt": "2026-03-01T12:30:00Z"}),
    )
    .await;
    server.clock.advance(Duration::from_secs(1_700));
    assert_eq!(read(server, &file["url"]).await.status, 200);
    server.clock.advance(Duration::from_secs(200));
    assert_eq!(bot.get(server, &format!("{FILES}/a")).await.status, 404);
    assert_eq!(read(server, &file["url"]).await.status, 404);
    assert!(keys(server, &bot, "").await.is_empty());
    until_nothing_is_left(server).await;
}

#[tokio::test]
async fn copy_file_shares_the_bytes_and_keeps_them() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let more = json!({"tags": {"kind": "x"}, "metadata": {"a": 1}});
    let source = index(server, &bot, "a/b.txt", "Something to find.", more).await;
    let copied = bot
        .post(server, &format!("{FILES}/a%2Fb.txt/c%2Fd.txt"), json!({}))
        .await;
    let copied = copied.expect(200);
    insta::assert_snapshot!("copy_file", shown(&copied));
    let copied = copied.json()["file"].clone();
    assert_ne!(copied["id"], source["id"]);
    assert_eq!(super::count(server, "blobs"), 1);
    let again = bot
        .post(server, &format!("{FILES}/a%2Fb.txt/c%2Fd.txt"), json!({}))
        .await;
    assert_answer!("copy_file_again", again.expect(409));
    let body = json!({"overwrite": true});
    let over = bot
        .post(
            server,
            &format!("{FILES}/a%2Fb.txt/c%2Fd.txt"),
            body.clone(),
        )
        .await;
    assert_eq!(over.expect(200).json()["file"]["id"], copied["id"]);
    let itself = bot
        .post(server, &format!("{FILES}/a%2Fb.txt/a%2Fb.txt"), body)
        .await;
    assert_eq!(itself.status, 409);
    bot.delete(server, &format!("{FILES}/a%2Fb.txt"))
        .await
        .expect(200);
    super::until_status(server, &bot, &copied["id"], "indexing_completed").await;
    until("one set", async || {
        super::count(server, "file_passage_sets") == 1
    })
    .await;
    assert_eq!(
        read(server, &get(server, &bot, "c%2Fd.txt").await["url"])
            .await
            .text,
        "Something to find."
    );
    let pending = upsert(server, &bot, json!({"key": "p", "size": 1})).await;
    let path = format!("{FILES}/{}/q", pending["id"].as_str().expect("an id"));
    assert_answer!(
        "copy_file_without_content",
        bot.post(server, &path, json!({})).await.expect(400)
    );
}

#[tokio::test]
async fn copy_file_reaches_another_bot_of_the_person() {
    let given = Given::new().await;
    let server = &given.server;
    let person = given.as_person();
    store(server, &person, "a", "x", json!({})).await;
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let to_other = person
        .clone()
        .header("x-destination-bot-id", other.id.as_str());
    let copied = to_other
        .post(server, &format!("{FILES}/a/b"), json!({}))
        .await;
    assert_eq!(
        copied.expect(200).json()["file"]["botId"],
        other.id.as_str()
    );
    let in_other = Caller::person().header("x-bot-id", other.id.as_str());
    assert_eq!(keys(server, &in_other, "").await, ["b"]);
    let bot = given
        .as_bot()
        .header("x-destination-bot-id", other.id.as_str());
    let refused = bot.post(server, &format!("{FILES}/a/c"), json!({})).await;
    assert_answer!("copy_file_to_a_foreign_bot", refused.expect(403));
}

#[tokio::test]
async fn list_file_tags_and_values_of_visible_files() {
    let given = Given::new().await;
    let server = &given.server;
    let (bot, integration) = (given.as_bot(), given.as_integration());
    for (key, kind) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let tags = json!({"kind": kind, "key": key});
        upsert(server, &bot, json!({"key": key, "size": 1, "tags": tags})).await;
    }
    upsert(
        server,
        &integration,
        json!({"key": "i", "size": 1, "tags": {"own": "1"}}),
    )
    .await;
    let path = format!("{FILES}/tags");
    assert_answer!("list_file_tags", bot.get(server, &path).await.expect(200));
    let own = integration.get(server, &path).await.expect(200).json();
    assert_eq!(own["tags"], json!(["own"]));
}

#[tokio::test]
async fn list_file_tag_values_pages() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for number in 0..25 {
        let tags = json!({"n": format!("{number:02}"), "same": "x"});
        let body = json!({"key": number.to_string(), "size": 1, "tags": tags});
        upsert(server, &bot, body).await;
    }
    let path = format!("{FILES}/tags/n/values");
    let first = bot.get(server, &path).await.expect(200).json();
    assert_eq!(first["values"].as_array().map(Vec::len), Some(20));
    let next = first["meta"]["nextToken"].as_str().expect("a token");
    let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    let last = bot
        .get(server, &format!("{path}?nextToken={next}"))
        .await
        .expect(200);
    assert_answer!("list_file_tag_values", last);
    let same = bot
        .get(server, &format!("{FILES}/tags/same/values"))
        .await
        .expect(200)
        .json();
    assert_eq!(same["values"], json!(["x"]));
}
