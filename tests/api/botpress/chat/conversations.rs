//! Conversations.

use serde_json::json;

use super::id_of;
use crate::{
    botpress::given::{Caller, Given, install, make_integration},
    support::{Answer, WORKSPACE, assert_answer},
};

const CONVERSATIONS: &str = "/v1/chat/conversations";

#[tokio::test]
async fn create_conversation_by_an_integration() {
    let given = Given::new().await;
    let body = json!({"channel": "direct", "tags": {"id": "7", "whint:room": "a"}});
    let made = given
        .as_integration()
        .post(&given.server, CONVERSATIONS, body)
        .await;
    assert_answer!(made.expect(201));
}

#[tokio::test]
async fn create_conversation_by_the_bot_in_its_one_channel() {
    let given = Given::new().await;
    let body = json!({"channel": "direct", "tags": {"whint:id": "7", "topic": "bills"}});
    let made = given
        .as_bot()
        .post(&given.server, CONVERSATIONS, body.clone())
        .await;
    assert_answer!("create_conversation_by_the_bot", made.expect(201));
    let other = make_integration(&given.server, WORKSPACE, "other", "1.0.0").await;
    install(&given.server, &given.bot, &other, json!({})).await;
    let unclear = given
        .as_bot()
        .post(&given.server, CONVERSATIONS, body)
        .await;
    assert_answer!("create_conversation_in_one_of_two", unclear.expect(400));
}

#[tokio::test]
async fn create_conversation_refuses_what_is_not_declared() {
    let given = Given::new().await;
    for (name, body) in [
        ("channel", json!({"channel": "none", "tags": {}})),
        ("required_tag", json!({"channel": "direct", "tags": {}})),
        ("tag", json!({"channel": "lobby", "tags": {"id": "1"}})),
        ("no_channel", json!({"tags": {}})),
    ] {
        let answer = given
            .as_integration()
            .post(&given.server, CONVERSATIONS, body)
            .await;
        let name = format!("create_conversation_{name}");
        insta::assert_snapshot!(name, answer.expect(400).shown());
    }
    let bot = given.as_bot();
    let delegated =
        |channel: &str, tags| json!({"channel": channel, "tags": tags, "integrationName": "whint"});
    for (body, expected) in [
        (delegated("direct", json!({"id": "1"})), "Runtime"),
        (delegated("direct", json!({})), "InvalidPayload"),
        (delegated("lobby", json!({})), "InvalidPayload"),
        (delegated("none", json!({})), "ReferenceNotFound"),
    ] {
        let answer = bot.post(&given.server, CONVERSATIONS, body).await;
        assert_eq!(answer.json()["type"], expected, "{}", answer.text);
    }
}

#[tokio::test]
async fn get_conversation_of_another_integration_is_not_there() {
    let given = Given::new().await;
    let other = make_integration(&given.server, WORKSPACE, "other", "1.0.0").await;
    install(&given.server, &given.bot, &other, json!({})).await;
    let path = format!("{CONVERSATIONS}/{}", given.conversation("1").await);
    let other = given
        .as_person()
        .header("x-integration-id", other.id.as_str());
    assert_eq!(other.get(&given.server, &path).await.status, 404);
    assert_eq!(given.as_bot().get(&given.server, &path).await.status, 200);
    let list = other.get(&given.server, CONVERSATIONS).await;
    assert_eq!(list.json(), json!({"conversations": [], "meta": {}}));
}

#[tokio::test]
async fn get_or_create_conversation_matches_channel_and_tags() {
    let given = Given::new().await;
    let (caller, server) = (given.as_integration(), &given.server);
    let path = "/v1/chat/conversations/get-or-create";
    let body = |channel: &str, tags| json!({"channel": channel, "tags": tags});
    let one = caller
        .post(server, path, body("direct", json!({"id": "1"})))
        .await
        .expect(200);
    assert_answer!("get_or_create_conversation", one);
    let same = caller
        .post(server, path, body("direct", json!({"whint:id": "1"})))
        .await;
    assert_eq!(same.expect(200).json(), one.json());
    let more = body("direct", json!({"id": "1", "room": "a"}));
    let more = caller.post(server, path, more).await.expect(200);
    let (lobby, again) = (
        caller
            .post(server, path, body("lobby", json!({})))
            .await
            .expect(200),
        caller
            .post(server, path, body("lobby", json!({})))
            .await
            .expect(200),
    );
    assert_eq!(lobby.json(), again.json(), "no tags match no tags");
    let ids: std::collections::BTreeSet<String> = [&one, &more, &lobby]
        .map(|answer| id_of(answer, "conversation"))
        .into();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn get_or_create_conversation_is_one_for_all_at_once() {
    let given = Given::new().await;
    let caller = given.as_integration();
    let calls = (0..24).map(|_| {
        let body = json!({"channel": "direct", "tags": {"id": "same"}});
        caller.post(&given.server, "/v1/chat/conversations/get-or-create", body)
    });
    let answers = futures_util::future::join_all(calls).await;
    let ids: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|answer| id_of(answer, "conversation"))
        .collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn update_conversation_merges_tags() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("{CONVERSATIONS}/{}", given.conversation("1").await);
    server.clock.advance(std::time::Duration::from_secs(5));
    let changed = given
        .as_bot()
        .put(server, &path, json!({"tags": {"topic": "bills"}}))
        .await;
    assert_answer!("update_conversation", changed.expect(200));
    let body = json!({"tags": {"id": ""}});
    let changed = given
        .as_integration()
        .put(server, &path, body)
        .await
        .expect(200);
    assert_eq!(
        changed.json()["conversation"]["tags"],
        json!({"topic": "bills"})
    );
    let answer = given
        .as_integration()
        .put(server, &path, json!({"tags": {"x": "1"}}))
        .await;
    assert_answer!("update_conversation_undeclared", answer.expect(400));
}

#[tokio::test]
async fn delete_conversation_takes_all_of_it() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let message = given.message(&caller, &user, &conversation, "Hello").await;
    let state = format!("/v1/chat/states/conversation/{conversation}/thread");
    caller
        .post(server, &state, json!({"payload": {"key": "a"}}))
        .await
        .expect(200);
    let body = json!({"type": "ping", "payload": {}, "conversationId": conversation});
    let event = caller
        .post(server, "/v1/chat/events", body)
        .await
        .expect(201);
    let path = format!("{CONVERSATIONS}/{conversation}");
    let gone = caller.delete(server, &path).await.expect(200);
    assert_eq!(id_of(&gone, "conversation"), conversation);
    for path in [
        path,
        state,
        format!("/v1/chat/messages/{message}"),
        format!("/v1/chat/events/{}", id_of(&event, "event")),
    ] {
        assert_eq!(caller.get(server, &path).await.status, 404, "{path}");
    }
    assert_eq!(
        caller
            .get(server, &format!("/v1/chat/users/{user}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn list_conversations_filters() {
    let given = Given::new().await;
    let (server, integration) = (&given.server, given.as_integration());
    let (ann, ben) = (given.user("ann").await, given.user("ben").await);
    let (one, two, three) = (
        given.conversation("1").await,
        given.conversation("2").await,
        given.conversation("3").await,
    );
    given.message(&integration, &ann, &one, "Hello").await;
    given.message(&integration, &ann, &two, "Hello").await;
    given.message(&integration, &ben, &two, "Hello").await;
    let bot = given.bot.id.to_string();
    given.message(&given.as_bot(), &bot, &one, "Hi").await;
    let ids = |answer: Answer| -> Vec<String> {
        let listed = answer.expect(200).json()["conversations"].clone();
        let listed = listed.as_array().expect("conversations").clone();
        let id = |one: &serde_json::Value| one["id"].as_str().expect("an id").to_owned();
        listed.iter().map(id).collect()
    };
    let cases = [
        (String::new(), vec![&three, &two, &one]),
        ("?tags.id=2".to_owned(), vec![&two]),
        ("?tags.id=2&tags.room=a".to_owned(), vec![]),
        (format!("?participantIds={ann}"), vec![&two, &one]),
        (
            format!("?participantIds={ann}&participantIds={ben}"),
            vec![&two],
        ),
        (
            format!("?participantIds={ann}&participantIds={bot}"),
            vec![&one],
        ),
        (format!("?participantIds={bot}"), vec![&one]),
        (format!("?participantIds={ann}&tags.whint:id=1"), vec![&one]),
        ("?participantIds=none".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let listed = integration
            .get(server, &format!("{CONVERSATIONS}{query}"))
            .await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(ids(listed), expected, "{query}");
    }
    let bot: Caller = given.as_bot();
    let listed = bot
        .get(server, &format!("{CONVERSATIONS}?tags.whint:id=2"))
        .await;
    assert_eq!(ids(listed), [two]);
}
