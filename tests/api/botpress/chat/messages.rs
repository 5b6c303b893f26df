//! Messages.

use parlance::domain::bots::manage::NewBot;
use serde_json::json;

use super::{id_of, message};
use crate::{
    botpress::given::{Caller, Given, install, make_bot, make_integration},
    support::{Answer, WORKSPACE, assert_answer},
};

const MESSAGES: &str = "/v1/chat/messages";

#[tokio::test]
async fn create_message_comes_in_from_an_integration_and_goes_out_from_the_bot() {
    let given = Given::new().await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let mut body = message(&user, &conversation, "Hello");
    body["tags"] = json!({"id": "m1"});
    let incoming = given
        .as_integration()
        .post(&given.server, MESSAGES, body)
        .await;
    assert_answer!("create_message_incoming", incoming.expect(201));
    let mut body = message(given.bot.id.as_str(), &conversation, "Hi");
    body["tags"] = json!({"origin": "test"});
    let outgoing = given
        .as_bot()
        .post(&given.server, MESSAGES, body.clone())
        .await;
    let outgoing = outgoing.expect(201);
    assert_answer!("create_message_outgoing", outgoing);
    assert_eq!(outgoing.json()["message"]["userId"], given.bot.id.as_str());
    let person = given
        .as_person()
        .post(&given.server, MESSAGES, body)
        .await
        .expect(201);
    assert_eq!(person.json()["message"]["direction"], "outgoing");
    let found = format!("{MESSAGES}/{}", id_of(&outgoing, "message"));
    let found = given.as_bot().get(&given.server, &found).await.expect(200);
    assert_eq!(found.json(), outgoing.json());
}

#[tokio::test]
async fn create_message_checks_the_payload_and_what_it_names() {
    let given = Given::new().await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let with = |member: &str, value: serde_json::Value| {
        let mut body = message(&user, &conversation, "Hello");
        body[member] = value;
        body
    };
    for (name, body) in [
        ("payload", with("payload", json!({"text": 5}))),
        ("type", with("type", json!("image"))),
        ("user", with("userId", json!("none"))),
        ("conversation", with("conversationId", json!("none"))),
        ("tag", with("tags", json!({"color": "red"}))),
        ("no_payload", with("payload", json!(null))),
        ("empty_schedule", with("schedule", json!({}))),
        (
            "past_of_time",
            with("schedule", json!({"dateTime": "tomorrow"})),
        ),
    ] {
        let answer = given.as_bot().post(&given.server, MESSAGES, body).await;
        let name = format!("create_message_{name}");
        insta::assert_snapshot!(name, answer.expect(400).shown());
    }
    // What came in may be of a type that the channel cannot send.
    let body = with("type", json!("image"));
    let answer = given
        .as_integration()
        .post(&given.server, MESSAGES, body)
        .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn create_message_in_a_conversation_of_another_integration() {
    let given = Given::new().await;
    let other = make_integration(&given.server, WORKSPACE, "other", "1.0.0").await;
    install(&given.server, &given.bot, &other, json!({})).await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let other = given
        .as_person()
        .header("x-integration-id", other.id.as_str());
    let body = message(&user, &conversation, "Hello");
    let answer = other.post(&given.server, MESSAGES, body).await;
    assert_answer!(answer.expect(409));
}

/// What is known of a conversation from its messages outlives neither it nor its bot's walls.
#[tokio::test]
async fn create_message_in_a_conversation_that_is_gone_or_of_another_bot() {
    let given = Given::new().await;
    let conversation = given.conversation("1").await;
    let body = message(given.bot.id.as_str(), &conversation, "Hi");
    let bot = given.as_bot();
    let written = bot.post(&given.server, MESSAGES, body.clone()).await;
    assert_eq!(written.status, 201);
    let not_there = format!("Conversation \"{conversation}\" not found");
    let refused = |answer: Answer| {
        let answer = answer.expect(400).json();
        assert_eq!(answer["type"], "ReferenceNotFound");
        assert_eq!(answer["message"], not_there);
    };
    let other = make_bot(&given.server, WORKSPACE, NewBot::default()).await;
    let of_other = message(other.id.as_str(), &conversation, "Hi");
    let in_other = Caller::person().header("x-bot-id", other.id.as_str());
    refused(in_other.post(&given.server, MESSAGES, of_other).await);
    let path = format!("/v1/chat/conversations/{conversation}");
    assert_eq!(bot.delete(&given.server, &path).await.status, 200);
    refused(bot.post(&given.server, MESSAGES, body).await);
}

#[tokio::test]
async fn create_message_with_a_schedule_is_a_row_that_becomes_due() {
    let given = Given::new().await;
    let conversation = given.conversation("1").await;
    for schedule in [
        json!({"delay": 1500}),
        json!({"dateTime": "2026-03-01T12:00:01.500Z"}),
        json!({"dateTime": "2020-01-01T00:00:00Z"}),
    ] {
        let mut body = message(given.bot.id.as_str(), &conversation, "Later");
        body["schedule"] = schedule;
        given
            .as_bot()
            .post(&given.server, MESSAGES, body)
            .await
            .expect(201);
    }
    let store = given.server.server().app().store();
    let due: Vec<i64> = store
        .read(|conn| {
            let mut rows = conn.prepare("SELECT due_at FROM bot_schedules ORDER BY seq")?;
            let due = rows.query_map([], |row| row.get(0))?;
            Ok(due.collect::<Result<_, _>>()?)
        })
        .expect("rows");
    let now = given.server.clock.now().as_micros();
    assert_eq!(due[0], now + 1_500_000);
    assert_eq!(due[1], now + 1_500_000);
    assert!(due[2] < now, "it is due at once");
}

#[tokio::test]
async fn get_message_that_is_not_there() {
    let given = Given::new().await;
    let answer = given
        .as_bot()
        .get(&given.server, &format!("{MESSAGES}/none"))
        .await;
    assert_answer!(answer.expect(404));
}

#[tokio::test]
async fn get_or_create_message_knows_a_redelivery() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let path = "/v1/chat/messages/get-or-create";
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let mut body = message(&user, &conversation, "Hello");
    body["tags"] = json!({"id": "m1"});
    let one = caller.post(server, path, body.clone()).await.expect(200);
    let again = caller.post(server, path, body.clone()).await.expect(200);
    assert_eq!(again.json(), one.json());
    body["tags"] = json!({"id": "m2"});
    let two = caller.post(server, path, body.clone()).await.expect(200);
    assert_ne!(id_of(&two, "message"), id_of(&one, "message"));
    body["tags"] = json!({});
    let bare = caller.post(server, path, body.clone()).await.expect(200);
    let bare_again = caller.post(server, path, body.clone()).await.expect(200);
    assert_eq!(bare.json(), bare_again.json(), "no tags match no tags");
    body["tags"] = json!({"id": "at once"});
    let calls = (0..16).map(|_| caller.post(server, path, body.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let ids: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|answer| id_of(answer, "message"))
        .collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn update_message_merges_tags() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let id = given.message(&caller, &user, &conversation, "Hello").await;
    let path = format!("{MESSAGES}/{id}");
    given
        .as_bot()
        .put(server, &path, json!({"tags": {"origin": "a"}}))
        .await
        .expect(200);
    let changed = caller
        .put(server, &path, json!({"tags": {"id": "m1"}}))
        .await
        .expect(200);
    assert_answer!("update_message", changed);
    assert_eq!(caller.get(server, &path).await.json(), changed.json());
    let emptied = caller
        .put(server, &path, json!({"tags": {"id": ""}}))
        .await
        .expect(200);
    assert_eq!(emptied.json()["message"]["tags"], json!({"origin": "a"}));
    let answer = caller.put(server, &path, json!({"tags": {"x": "1"}})).await;
    assert_answer!("update_message_undeclared", answer.expect(400));
}

#[tokio::test]
async fn delete_message_takes_one() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let id = given.message(&caller, &user, &conversation, "Hello").await;
    let path = format!("{MESSAGES}/{id}");
    let gone = caller.delete(server, &path).await.expect(200);
    assert_eq!(id_of(&gone, "message"), id);
    assert_eq!(caller.delete(server, &path).await.status, 404);
}

#[tokio::test]
async fn list_messages_filters() {
    let given = Given::new().await;
    let (server, integration) = (&given.server, given.as_integration());
    let user = given.user("1").await;
    let (one, two) = (given.conversation("1").await, given.conversation("2").await);
    let first = given.message(&integration, &user, &one, "Hello").await;
    let bot = given.bot.id.to_string();
    let second = given.message(&given.as_bot(), &bot, &one, "Hi").await;
    let third = given.message(&integration, &user, &two, "Hey").await;
    let tagged = json!({"tags": {"id": "m1"}});
    integration
        .put(server, &format!("{MESSAGES}/{first}"), tagged)
        .await
        .expect(200);
    let ids = |answer: Answer| -> Vec<String> {
        let listed = answer.expect(200).json()["messages"].clone();
        let listed = listed.as_array().expect("messages").clone();
        let id = |one: &serde_json::Value| one["id"].as_str().expect("an id").to_owned();
        listed.iter().map(id).collect()
    };
    let cases = [
        (String::new(), vec![&third, &second, &first]),
        (format!("?conversationId={one}"), vec![&second, &first]),
        (
            format!("?conversationId={one}&tags.whint%3Aid=m1"),
            vec![&first],
        ),
        (format!("?conversationId={two}&tags.whint:id=m1"), vec![]),
        ("?tags.whint:id=m1".to_owned(), vec![&first]),
        ("?conversationId=none".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        for caller in [&integration, &given.as_bot()] {
            let listed = caller.get(server, &format!("{MESSAGES}{query}")).await;
            assert_eq!(ids(listed), expected, "{query}");
        }
    }
    let listed = integration
        .get(server, &format!("{MESSAGES}?conversationId={one}"))
        .await;
    assert_answer!("list_messages", listed);
}
