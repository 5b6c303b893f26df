//! `/conversations`.

use serde_json::json;

use super::given::Given;
use crate::{
    botpress::given::{Caller, Given as Botpress},
    support::assert_answer,
};

#[tokio::test]
async fn create_conversation_is_the_users_own() {
    let given = Given::new().await;
    let user = given.user().await;
    let made = given.post(&user, "/conversations", json!({})).await;
    assert_answer!(made.expect(201));
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let seen = as_bot.get(&given.server, "/v1/chat/conversations").await;
    assert_answer!("as_the_bot_sees_it", seen.expect(200));
}

#[tokio::test]
async fn create_conversation_takes_an_id_once() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let secret = given.conversation(&bob).await;
    let body = json!({"id": "support-1"});
    given
        .post(&ann, "/conversations", body.clone())
        .await
        .expect(201);
    let again = given.post(&ann, "/conversations", body.clone()).await;
    assert_answer!(again.expect(409));
    given.post(&bob, "/conversations", body).await.expect(409);
    // The id of another's conversation cannot be taken from it.
    let taken = given.post(&ann, "/conversations", json!({"id": secret}));
    taken.await.expect(409);
    let path = format!("/conversations/{secret}");
    given.get(&bob, &path).await.expect(200);
    let bad = given
        .post(&ann, "/conversations", json!({"id": "a b"}))
        .await;
    assert_answer!("bad_id", bad.expect(400));
}

#[tokio::test]
async fn get_conversation_by_either_id() {
    let given = Given::new().await;
    let user = given.user().await;
    let made = given.post(&user, "/conversations", json!({"id": "a/b"}));
    made.await.expect(201);
    let found = given.get(&user, "/conversations/a%2Fb").await;
    assert_answer!(found.expect(200));
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let seen = as_bot.get(&given.server, "/v1/chat/conversations").await;
    let id = seen.json()["conversations"][0]["id"].clone();
    let path = format!("/conversations/{}", id.as_str().expect("an id"));
    let found = given.get(&user, &path).await.expect(200).json();
    assert_eq!(found["conversation"]["id"], "a/b");
    let missing = given.get(&user, "/conversations/none").await;
    assert_answer!("missing", missing.expect(404));
}

#[tokio::test]
async fn get_conversation_is_for_those_who_take_part() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let id = given.conversation(&ann).await;
    let path = format!("/conversations/{id}");
    assert_answer!(given.get(&bob, &path).await.expect(403));
    let participants = format!("{path}/participants");
    let body = json!({"userId": bob.id});
    given.post(&ann, &participants, body).await.expect(200);
    given.get(&bob, &path).await.expect(200);
}

#[tokio::test]
async fn get_conversation_of_another_integration_is_not_there() {
    let other = Botpress::new().await;
    let conversation = other.conversation("c1").await;
    let path = super::given::open(&other.server, &other.bot.id).await;
    let given = Given {
        bot: other.bot,
        server: other.server,
        path,
    };
    let user = given.user().await;
    let path = format!("/conversations/{conversation}");
    given.get(&user, &path).await.expect(404);
}

#[tokio::test]
async fn get_or_create_conversation_is_one_for_its_owner() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let path = "/conversations/get-or-create";
    let body = || json!({"id": "support-1"});
    let calls = (0..8).map(|_| given.post(&ann, path, body()));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.expect(201).json()["conversation"]["id"], "support-1");
    }
    let listed = given.get(&ann, "/conversations").await.json();
    assert_eq!(listed["conversations"].as_array().map(Vec::len), Some(1));
    assert_answer!(given.post(&bob, path, body()).await.expect(403));
    assert_answer!("no_id", given.post(&ann, path, json!({})).await.expect(400));
}

#[tokio::test]
async fn delete_conversation_is_for_its_owner() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    let made = given.post(&ann, "/conversations", json!({"id": "x-1"}));
    made.await.expect(201);
    let path = "/conversations/x-1";
    let body = json!({"userId": bob.id});
    let participants = format!("{path}/participants");
    given.post(&ann, &participants, body).await.expect(200);
    assert_answer!("not_the_owner", given.delete(&bob, path).await.expect(403));
    assert_answer!(given.delete(&ann, path).await.expect(200));
    given.get(&ann, path).await.expect(404);
    given.delete(&ann, path).await.expect(404);
    // The id is free again.
    let again = given.post(&bob, "/conversations", json!({"id": "x-1"}));
    again.await.expect(201);
}

#[tokio::test]
async fn list_conversations_pages_through_those_of_the_user() {
    let given = Given::new().await;
    let (ann, bob) = (given.user().await, given.user().await);
    for index in 0..21 {
        let body = json!({"id": format!("c-{index}")});
        given.post(&ann, "/conversations", body).await.expect(201);
    }
    given.conversation(&bob).await;
    let page = given.get(&ann, "/conversations").await.expect(200).json();
    assert_eq!(page["conversations"].as_array().map(Vec::len), Some(20));
    assert_eq!(page["conversations"][0]["id"], "c-20");
    let token = page["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let next = given
        .get(&ann, &format!("/conversations?nextToken={token}"))
        .await;
    assert_answer!(next.expect(200));
    let bad = given.get(&ann, "/conversations?nextToken=x").await;
    assert_answer!("bad_token", bad.expect(400));
}
