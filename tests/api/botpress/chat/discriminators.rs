//! Objects that are found by some of their tags.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{id_of, message};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

#[tokio::test]
async fn get_or_create_user_by_some_tags() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let path = "/v1/chat/users/get-or-create";
    // The bot's tag makes the set another one.
    let user = given.user("1").await;
    let tags = json!({"tags": {"plan": "gold"}});
    let of_user = format!("/v1/chat/users/{user}");
    given.as_bot().put(server, &of_user, tags).await.expect(200);
    let get = async |body: Value| {
        let answer = caller.post(server, path, body).await.expect(200);
        id_of(&answer, "user")
    };
    let by_id = json!({"tags": {"id": "1"}, "discriminateByTags": ["id"]});
    assert_eq!(get(by_id.clone()).await, user);
    let by_full_name = json!({"tags": {"id": "1"}, "discriminateByTags": ["whint:id"]});
    assert_eq!(get(by_full_name).await, user);
    let whole = get(json!({"tags": {"id": "1"}})).await;
    assert_ne!(whole, user);
    // Names that select nothing leave the whole set.
    for names in [json!([]), json!(["other"])] {
        let body = json!({"tags": {"id": "1"}, "discriminateByTags": names});
        assert_eq!(get(body).await, whole);
    }
    assert_eq!(get(by_id).await, user, "the oldest");
    let new = json!({"tags": {"id": "2"}, "discriminateByTags": ["id"], "name": "Bob"});
    let calls = (0..8).map(|_| get(new.clone()));
    let mut made = join_all(calls).await;
    made.dedup();
    assert_eq!(made.len(), 1);
    let broken = json!({"tags": {"id": "2"}, "discriminateByTags": "id"});
    let answer = caller.post(server, path, broken).await;
    assert_answer!("get_or_create_user_discriminators", answer.expect(400));
}

#[tokio::test]
async fn get_or_create_conversation_by_some_tags() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let path = "/v1/chat/conversations/get-or-create";
    let get = async |body: Value| {
        let answer = caller.post(server, path, body).await.expect(200);
        id_of(&answer, "conversation")
    };
    let new = json!({"channel": "direct", "tags": {"id": "1", "room": "a"}});
    let one = get(new).await;
    let by_id = json!({
        "channel": "direct", "tags": {"id": "1", "room": "b"}, "discriminateByTags": ["id"],
    });
    assert_eq!(get(by_id.clone()).await, one);
    let mut by_both = by_id.clone();
    by_both["discriminateByTags"] = json!(["id", "room"]);
    assert_ne!(get(by_both).await, one);
    assert_eq!(get(by_id).await, one);
}

#[tokio::test]
async fn get_or_create_message_by_some_tags() {
    for unindexed in [1, 1000] {
        let server = TestServer::with(|config| config.bots.unindexed_messages = unindexed).await;
        let given = Given::on(server).await;
        let (server, caller) = (&given.server, given.as_integration());
        let path = "/v1/chat/messages/get-or-create";
        let (user, other) = (given.user("1").await, given.user("2").await);
        let (here, there) = (given.conversation("1").await, given.conversation("2").await);
        let mut body = message(&user, &here, "Hello");
        body["tags"] = json!({"id": "m1"});
        let first = caller.post(server, path, body.clone()).await.expect(200);
        for number in 0..5 {
            given
                .message(&caller, &user, &there, &number.to_string())
                .await;
        }
        // With a discriminator, user and type may differ.
        body["userId"] = json!(other);
        body["discriminateByTags"] = json!(["id"]);
        let again = caller.post(server, path, body.clone()).await.expect(200);
        assert_eq!(again.json(), first.json());
        // A message of another conversation is a conflict, with and without a discriminator.
        body["conversationId"] = json!(there);
        let answer = caller.post(server, path, body.clone()).await.expect(409);
        if unindexed == 1 {
            assert_answer!("get_or_create_message_elsewhere", answer);
        }
        body["userId"] = json!(user);
        let members = body.as_object_mut().expect("an object");
        members.remove("discriminateByTags");
        let answer = caller.post(server, path, body.clone()).await.expect(409);
        let text = answer.text;
        assert!(
            text.contains("already exists for a different conversation"),
            "{text}"
        );
        // Without tags, equal messages of other conversations are different ones.
        body["tags"] = json!({});
        let one = caller.post(server, path, body.clone()).await.expect(200);
        body["conversationId"] = json!(here);
        let two = caller.post(server, path, body).await.expect(200);
        assert_ne!(id_of(&one, "message"), id_of(&two, "message"));
    }
}

#[tokio::test]
async fn update_message_replaces_the_payload() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let id = given.message(&caller, &user, &conversation, "Hello").await;
    let path = format!("/v1/chat/messages/{id}");
    server.clock.advance(std::time::Duration::from_secs(60));
    let body = json!({"payload": {"text": "Hi"}, "tags": {"id": "m1"}});
    let changed = caller.put(server, &path, body).await.expect(200);
    assert_answer!("update_message_payload", changed);
    assert_eq!(caller.get(server, &path).await.json(), changed.json());
    let tagged = caller.get(server, "/v1/chat/messages?tags.id=m1").await;
    assert_eq!(
        tagged.json()["messages"],
        json!([changed.json()["message"]])
    );
    let body = json!({"payload": {"text": 5}});
    let answer = caller.put(server, &path, body).await.expect(400);
    assert_answer!("update_message_payload_broken", answer);
    let body = json!({"payload": {"text": "Hi"}});
    let missing = "/v1/chat/messages/0194bb14-7b22-7a90-b3d1-5e4c0d9f8a61";
    let answer = caller.put(server, missing, body).await;
    assert_answer!("update_message_payload_missing", answer.expect(404));
}

#[tokio::test]
async fn create_message_with_an_origin() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let mut body = message(&user, &conversation, "Hello");
    body["origin"] = json!("synthetic");
    let path = "/v1/chat/messages";
    let made = caller.post(server, path, body.clone()).await.expect(201);
    assert_eq!(made.json()["message"]["origin"], "synthetic");
    let path = format!("{path}/{}", id_of(&made, "message"));
    assert_eq!(caller.get(server, &path).await.json(), made.json());
    body["origin"] = json!("other");
    let answer = caller.post(server, "/v1/chat/messages", body).await;
    assert_answer!("create_message_origin", answer.expect(400));
}
