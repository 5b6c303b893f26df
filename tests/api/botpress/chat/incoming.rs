//! Incoming messages with their users and conversations.

use serde_json::{Value, json};

use crate::{
    botpress::{
        given::{Caller, Given, another_workspace},
        runtime::Pair,
    },
    support::{Answer, assert_answer},
};

const INITIALIZE: &str = "/v1/chat/initialize-incoming-message";

fn body(user: &str, conversation: &str, message: &str) -> Value {
    json!({
        "user": {"tags": {"id": user}, "discriminateByTags": ["id"], "name": "Ann"},
        "conversation": {
            "channel": "direct", "tags": {"id": conversation, "room": "r"},
            "discriminateByTags": ["id"],
        },
        "message": {
            "type": "text", "payload": {"text": "Hello"}, "tags": {"id": message},
            "discriminateByTags": ["id"],
        },
    })
}

fn ids(answer: &Answer) -> [Value; 3] {
    ["user", "conversation", "message"].map(|member| answer.json()[member]["id"].clone())
}

#[tokio::test]
async fn initialize_incoming_message_creates_and_finds() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let (server, caller) = (&given.server, given.as_integration());
    let made = caller.post(server, INITIALIZE, body("u", "c", "m")).await;
    let made = made.expect(200);
    assert_answer!("initialize_incoming_message", made);
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["Hello"]);
    // Who sends the same again gets the same.
    let again = caller.post(server, INITIALIZE, body("u", "c", "m")).await;
    assert_eq!(again.expect(200).json(), made.json());
    let [user, conversation, message] = ids(&made);
    let next = caller.post(server, INITIALIZE, body("u", "c", "n")).await;
    let next = ids(&next.expect(200));
    assert_eq!((&next[0], &next[1]), (&user, &conversation));
    assert_ne!(next[2], message);
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["Hello", "Hello"]);
    let path = format!(
        "/v1/chat/conversations/{}/participants/{}",
        conversation.as_str().expect("an id"),
        user.as_str().expect("an id"),
    );
    given.as_bot().get(server, &path).await.expect(200);
    // Ids name objects as well, and the message may be absent.
    let named = json!({"userId": user, "conversationId": conversation});
    let named = caller.post(server, INITIALIZE, named).await.expect(200);
    assert_eq!(named.json()["user"], made.json()["user"]);
    assert_eq!(named.json()["message"], Value::Null);
}

#[tokio::test]
async fn initialize_incoming_message_of_another_conversation() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let made = caller.post(server, INITIALIZE, body("u", "c", "m")).await;
    made.expect(200);
    let answer = caller.post(server, INITIALIZE, body("v", "d", "m")).await;
    let text = answer.expect(409).text;
    assert!(
        text.contains("already exists for a different conversation"),
        "{text}"
    );
    // Nothing of it is kept.
    for list in ["users", "conversations", "messages"] {
        let listed = caller.get(server, &format!("/v1/chat/{list}")).await.json();
        assert_eq!(listed[list].as_array().map(Vec::len), Some(1), "{list}");
    }
}

#[tokio::test]
async fn initialize_incoming_message_refuses() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let with = |member: &str, value: Value| {
        let mut body = body("u", "c", "m");
        body[member] = value;
        body
    };
    let without = |member: &str| {
        let mut body = body("u", "c", "m");
        body.as_object_mut().expect("an object").remove(member);
        body
    };
    let message = json!({
        "type": "text", "payload": {"text": 5}, "tags": {}, "discriminateByTags": [],
    });
    let lobby = json!({"channel": "none", "tags": {}, "discriminateByTags": []});
    for (name, body) in [
        ("no_user", without("user")),
        ("no_conversation", without("conversation")),
        ("user", with("userId", json!("none"))),
        ("conversation", with("conversationId", json!("none"))),
        ("payload", with("message", message)),
        ("channel", with("conversation", lobby)),
        (
            "tag",
            with(
                "user",
                json!({"tags": {"x": "1"}, "discriminateByTags": []}),
            ),
        ),
        ("discriminators", with("user", json!({"tags": {"id": "1"}}))),
    ] {
        let answer = caller.post(server, INITIALIZE, body).await.expect(400);
        let name = format!("initialize_incoming_message_{name}");
        insta::assert_snapshot!(name, answer.shown());
    }
    let listed = caller.get(server, "/v1/chat/users").await.json();
    assert_eq!(listed["users"], json!([]));
    let bot = given.as_bot();
    let by_bot = bot.post(server, INITIALIZE, body("u", "c", "m")).await;
    assert_answer!("initialize_incoming_message_by_the_bot", by_bot.expect(403));
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    let answer = stranger.post(server, INITIALIZE, body("u", "c", "m")).await;
    assert_eq!(answer.status, 403);
}
