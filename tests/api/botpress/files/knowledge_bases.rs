//! Knowledge bases.

use serde_json::json;

use super::{FILES, keys, store, until_nothing_is_left};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

const BASES: &str = "/v1/files/knowledge-bases";

#[tokio::test]
async fn create_knowledge_base_and_list_knowledge_bases() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({"name": "Manuals", "tags": {"team": "red"}});
    assert_answer!(
        "create_knowledge_base",
        bot.post(server, BASES, body).await.expect(200)
    );
    bot.post(server, BASES, json!({"name": "Other"}))
        .await
        .expect(200);
    assert_answer!(
        "list_knowledge_bases",
        bot.get(server, BASES).await.expect(200)
    );
    for (query, expected) in [
        ("tags.team=red", 1),
        ("tags.team.not=red", 1),
        ("tags.team=blue", 0),
    ] {
        let listed = bot
            .get(server, &format!("{BASES}?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            listed["knowledgeBases"].as_array().map(Vec::len),
            Some(expected),
            "{query}"
        );
    }
    for (name, body) in [
        ("name", json!({})),
        ("empty", json!({"name": ""})),
        (
            "tags",
            json!({"name": "a", "tags": {"a": "x".repeat(1_001)}}),
        ),
    ] {
        let answer = bot.post(server, BASES, body).await;
        insta::assert_snapshot!(
            format!("create_knowledge_base_bad_{name}"),
            answer.expect(400).shown()
        );
    }
}

#[tokio::test]
async fn list_knowledge_bases_pages_and_keeps_to_the_caller() {
    let given = Given::new().await;
    let server = &given.server;
    let bot = given.as_bot();
    for number in 0..21 {
        bot.post(server, BASES, json!({"name": number.to_string()}))
            .await
            .expect(200);
    }
    let first = bot.get(server, BASES).await.expect(200).json();
    let next = first["meta"]["nextToken"].as_str().expect("a token");
    let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    let last = bot
        .get(server, &format!("{BASES}?nextToken={next}"))
        .await
        .expect(200)
        .json();
    assert_eq!(last["knowledgeBases"][0]["name"], "0");
    let integration = given.as_integration();
    let none = integration.get(server, BASES).await.expect(200).json();
    assert_eq!(none["knowledgeBases"], json!([]));
}

#[tokio::test]
async fn create_knowledge_base_ends_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.knowledge_bases = 1).await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    bot.post(server, BASES, json!({"name": "a"}))
        .await
        .expect(200);
    let second = bot.post(server, BASES, json!({"name": "b"})).await;
    assert_answer!("create_knowledge_base_over_bound", second.expect(413));
}

#[tokio::test]
async fn update_knowledge_base_renames_and_sets_tags() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({"name": "Manuals", "tags": {"team": "red", "a": "1"}});
    let made = bot.post(server, BASES, body).await.expect(200).json();
    let path = format!(
        "{BASES}/{}",
        made["knowledgeBase"]["id"].as_str().expect("an id")
    );
    let body = json!({"name": "Handbooks", "tags": {"a": null, "b": "2"}});
    assert_answer!(
        "update_knowledge_base",
        bot.put(server, &path, body).await.expect(200)
    );
    assert_eq!(
        bot.put(server, &path, json!({"tags": {}})).await.status,
        400
    );
    let integration = given.as_integration();
    let hidden = integration.put(server, &path, json!({"name": "x"})).await;
    assert_eq!(hidden.status, 404);
}

#[tokio::test]
async fn delete_knowledge_base_deletes_its_files() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let made = bot
        .post(server, BASES, json!({"name": "Manuals"}))
        .await
        .expect(200)
        .json();
    let id = made["knowledgeBase"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    store(server, &bot, "in", "x", json!({"tags": {"kbId": id}})).await;
    store(server, &bot, "out", "x", json!({})).await;
    let path = format!("{BASES}/{id}");
    assert_eq!(
        bot.delete(server, &path).await.expect(200).json(),
        json!({})
    );
    assert_eq!(keys(server, &bot, "").await, ["out"]);
    assert_answer!(
        "delete_knowledge_base_again",
        bot.delete(server, &path).await.expect(404)
    );
    bot.delete(server, &format!("{FILES}/out"))
        .await
        .expect(200);
    until_nothing_is_left(server).await;
}
