//! `/messages`, and those of one conversation.

use serde_json::{Value, json};

use super::given::{Given, message, text};
use crate::{botpress::given::Caller, support::assert_answer};

/// One payload of each type.
fn payloads() -> Vec<Value> {
    let card = json!({
        "type": "card", "title": "Shoe", "subtitle": "Red", "imageUrl": "https://example.com/s.png",
        "actions": [{"action": "postback", "label": "Buy", "value": "buy"}],
    });
    vec![
        json!({"type": "text", "text": "hello", "extra": true}),
        json!({"type": "markdown", "markdown": "**hello**"}),
        json!({"type": "image", "imageUrl": "https://example.com/i.png"}),
        json!({"type": "audio", "audioUrl": "https://example.com/a.mp3"}),
        json!({"type": "video", "videoUrl": "https://example.com/v.mp4"}),
        json!({"type": "file", "fileUrl": "https://example.com/f.pdf", "title": "F"}),
        json!({"type": "location", "latitude": 1.5, "longitude": -2, "title": "Here"}),
        card.clone(),
        json!({"type": "carousel", "items": [card]}),
        json!({"type": "choice", "text": "?", "options": [{"label": "A", "value": "a"}]}),
        json!({"type": "dropdown", "text": "?", "options": [{"label": "A", "value": "a"}]}),
        json!({"type": "bloc", "items": [
            {"type": "text", "text": "hello"},
            {"type": "image", "imageUrl": "https://example.com/i.png"},
        ]}),
    ]
}

#[tokio::test]
async fn create_message_of_each_type_goes_to_the_bot_and_back() {
    let given = Given::echo().await;
    let user = given.user().await;
    let conversation = given.conversation(&user).await;
    for payload in payloads() {
        let body = json!({
            "conversationId": conversation, "payload": payload, "metadata": {"n": 1},
        });
        let made = given.post(&user, "/messages", body).await.expect(201);
        let made = made.json()["message"].clone();
        assert_eq!(made["payload"], payload);
        assert_eq!(made["metadata"], json!({"n": 1}));
        assert_eq!(made["userId"], user.id.as_str());
        given.settled().await;
        let path = format!("/conversations/{conversation}/messages");
        let listed = given.get(&user, &path).await.expect(200).json();
        let answer = &listed["messages"][0];
        assert_eq!(answer["payload"], payload);
        assert_eq!(answer["metadata"], json!({"n": 1}));
        assert_eq!(answer["userId"], given.bot.id.as_str());
        assert_eq!(listed["messages"][1], made);
    }
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let seen = as_bot.get(&given.server, "/v1/chat/messages").await.json();
    let bloc = &seen["messages"][1];
    insta::assert_snapshot!(
        "a_bloc_as_the_bot_sees_it",
        crate::support::answer::redacted(bloc.clone())
    );
}

#[tokio::test]
async fn create_message_refuses_a_payload_that_is_none() {
    let given = Given::new().await;
    let user = given.user().await;
    let conversation = given.conversation(&user).await;
    for (name, payload) in [
        ("no_type", json!({"text": "x"})),
        ("type_of_type", json!({"type": 5})),
        ("unknown_type", json!({"type": "hologram"})),
        ("no_text", json!({"type": "text"})),
        ("empty_text", json!({"type": "text", "text": ""})),
        (
            "card_action",
            json!({"type": "card", "title": "x", "actions": [{"action": "fly", "label": "x", "value": "x"}]}),
        ),
        (
            "location",
            json!({"type": "location", "latitude": "x", "longitude": 1}),
        ),
        (
            "bloc",
            json!({"type": "bloc", "items": [{"type": "choice"}]}),
        ),
        ("no_object", json!("text")),
    ] {
        let body = json!({"conversationId": conversation, "payload": payload});
        let answer = given.post(&user, "/messages", body).await.expect(400);
        insta::assert_snapshot!(format!("payload_{name}"), answer.shown());
    }
    let unknown = given.post(&user, "/messages", message("none", "x")).await;
    assert_answer!("no_such_conversation", unknown.expect(400));
    let path = format!("/conversations/{conversation}/messages");
    assert_eq!(given.get(&user, &path).await.json()["messages"], json!([]));
}

#[tokio::test]
async fn get_message_names_its_author() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let (bob, eve) = (given.user().await, given.user().await);
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let body = json!({"userId": bob.id});
    let let_in = given.post(&ann, "/conversations/c-1/participants", body);
    let_in.await.expect(200);
    let id = given.say(&ann, "c-1", "hello").await;
    let path = format!("/messages/{id}");
    assert_answer!(given.get(&bob, &path).await.expect(200));
    assert_answer!("outside", given.get(&eve, &path).await.expect(403));
    let missing = given.get(&ann, "/messages/none").await;
    assert_answer!("missing", missing.expect(404));
}

#[tokio::test]
async fn delete_message_is_for_its_author() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let conversation = given.conversation(&ann).await;
    let path = format!("/conversations/{conversation}/participants");
    let let_in = given.post(&ann, &path, json!({"userId": bob.id}));
    let_in.await.expect(200);
    let path = format!("/messages/{}", given.say(&ann, &conversation, "x").await);
    assert_answer!(
        "not_the_author",
        given.delete(&bob, &path).await.expect(403)
    );
    assert_answer!(given.delete(&ann, &path).await.expect(200));
    given.get(&ann, &path).await.expect(404);
    given.delete(&ann, &path).await.expect(404);
}

#[tokio::test]
async fn list_messages_pages_newest_first() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let conversation = given.conversation(&ann).await;
    for index in 0..21 {
        given.say(&ann, &conversation, &format!("m{index}")).await;
    }
    let path = format!("/conversations/{conversation}/messages");
    let page = given.get(&ann, &path).await.expect(200).json();
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(20));
    assert_eq!(page["messages"][0]["payload"]["text"], "m20");
    let token = text(&page["meta"]["nextToken"]);
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let next = given.get(&ann, &format!("{path}?nextToken={token}")).await;
    assert_answer!(next.expect(200));
    given.get(&bob, &path).await.expect(403);
    let missing = given.get(&ann, "/conversations/none/messages").await;
    missing.expect(404);
}
