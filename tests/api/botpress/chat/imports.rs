//! Imports of messages.

use serde_json::{Value, json};

use crate::{
    botpress::{
        given::{Caller, Given, another_workspace},
        runtime::Pair,
    },
    support::{Answer, TestServer, assert_answer},
};

const IMPORT: &str = "/v1/chat/messages/import-messages";

fn item(user: &str, conversation: &str, id: &str, created_at: &str) -> Value {
    json!({
        "userId": user, "conversationId": conversation, "type": "text",
        "payload": {"text": id}, "tags": {"id": id}, "createdAt": created_at,
        "discriminateByTags": ["id"],
    })
}

fn ids(answer: &Answer) -> Vec<String> {
    let imported = answer.json()["messages"]
        .as_array()
        .expect("a list")
        .clone();
    let id = |message: &Value| message["id"].as_str().expect("an id").to_owned();
    imported.iter().map(id).collect()
}

#[tokio::test]
async fn import_messages_keeps_their_times_and_notifies_nobody() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = pair.someone().await;
    let bot = given.bot.id.to_string();
    let body = json!({"messages": [
        item(&user, &conversation, "m1", "2025-12-01T08:00:00.000Z"),
        item(&bot, &conversation, "m2", "2025-12-01T08:01:00.000Z"),
        item(&user, &conversation, "m1", "2025-12-01T08:02:00.000Z"),
        item(&user, &conversation, "m3", "2096-01-01T00:00:00Z"),
    ]});
    let imported = caller.post(server, IMPORT, body.clone()).await.expect(200);
    assert_answer!("import_messages", imported);
    let first = ids(&imported);
    assert_eq!(first[2], first[0]);
    let again = caller.post(server, IMPORT, body).await.expect(200);
    assert_eq!(again.json(), imported.json());
    pair.settled().await;
    assert!(pair.bot.asked().is_empty() && pair.integration.asked().is_empty());
    let path = format!("/v1/chat/messages/{}", first[1]);
    let found = caller.get(server, &path).await.expect(200).json();
    assert_eq!(found["message"], imported.json()["messages"][1]);
    // They are no events.
    let events = given.as_bot().get(server, "/v1/chat/events").await;
    assert_eq!(events.expect(200).json()["events"], json!([]));
    let event = first[0].replacen("-7", "-8", 1);
    let path = format!("/v1/chat/events/{event}");
    assert_eq!(given.as_bot().get(server, &path).await.status, 404);
    // The list of the bot is in the order of time.
    let listed = given.as_bot().get(server, "/v1/chat/messages").await.json();
    let texts: Vec<&Value> = listed["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| &message["payload"]["text"])
        .collect();
    assert_eq!(texts, ["m3", "m2", "m1"]);
}

#[tokio::test]
async fn import_messages_without_discriminators_creates() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let mut bare = item(&user, &conversation, "m1", "2025-12-01T08:00:00Z");
    bare["discriminateByTags"] = json!([]);
    let mut untagged = bare.clone();
    untagged["tags"] = json!({});
    untagged["discriminateByTags"] = json!(["id"]);
    let body = json!({"messages": [bare, bare, untagged, untagged]});
    let imported = caller.post(server, IMPORT, body).await.expect(200);
    let mut made = ids(&imported);
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4);
}

#[tokio::test]
async fn import_messages_imports_all_or_none() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let good = item(&user, &conversation, "m1", "2025-12-01T08:00:00Z");
    let with = |member: &str, value: Value| {
        let mut bad = good.clone();
        bad[member] = value;
        json!({"messages": [good, bad]})
    };
    for (name, body) in [
        ("payload", with("payload", json!({"text": 5}))),
        ("time", with("createdAt", json!("noon"))),
        ("tag", with("tags", json!({"none": "1"}))),
        ("user", with("userId", json!("none"))),
        ("conversation", with("conversationId", json!("none"))),
        ("member", json!({"messages": [{"payload": {}}]})),
        ("many", json!({"messages": vec![good.clone(); 101]})),
        ("none", json!({})),
    ] {
        let answer = caller.post(server, IMPORT, body).await.expect(400);
        insta::assert_snapshot!(format!("import_messages_{name}"), answer.shown());
    }
    let listed = caller.get(server, "/v1/chat/messages").await.json();
    assert_eq!(listed["messages"], json!([]));
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    let body = json!({"messages": [good]});
    assert_eq!(stranger.post(server, IMPORT, body).await.status, 403);
}

#[tokio::test]
async fn import_messages_stops_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.messages = 1).await;
    let given = Given::on(server).await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let items = ["m1", "m2"].map(|id| item(&user, &conversation, id, "2025-12-01T08:00:00Z"));
    let caller = given.as_integration();
    let body = json!({"messages": items});
    let answer = caller.post(&given.server, IMPORT, body).await.expect(413);
    assert!(answer.text.contains("bounds.messages"), "{}", answer.text);
    let listed = caller.get(&given.server, "/v1/chat/messages").await.json();
    assert_eq!(listed["messages"], json!([]));
}
