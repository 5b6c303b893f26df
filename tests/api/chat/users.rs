//! `/users`.

use reqwest::Method;
use serde_json::{Value, json};

use super::given::Given;
use crate::{botpress::given::Caller, support::assert_answer};

#[tokio::test]
async fn create_user_gives_a_key_that_opens_it() {
    let given = Given::new().await;
    let body = json!({"name": "Ann", "pictureUrl": "https://example.com/a.png", "profile": "{}"});
    let answer = given.call(None, Method::POST, "/users", Some(body)).await;
    let made = answer.expect(201).json();
    let key = made["key"].as_str().expect("a key");
    assert_eq!(key.split('.').count(), 3);
    let found = given.call(Some(key), Method::GET, "/users/me", None).await;
    assert_eq!(found.json()["user"], made["user"]);
    assert_answer!(found.expect(200));
}

#[tokio::test]
async fn create_user_takes_an_id_once() {
    let given = Given::new().await;
    let first = given.user().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    assert_eq!(ann.id, "ann");
    let again = |id: String| {
        let body = Some(json!({"id": id}));
        given.call(None, Method::POST, "/users", body)
    };
    assert_answer!(again("ann".to_owned()).await.expect(409));
    // Otherwise anyone would get the key of someone else, or speak as the bot.
    again(first.id).await.expect(409);
    again(given.bot.id.to_string()).await.expect(409);
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let other = as_bot
        .post(&given.server, "/v1/chat/users", json!({"tags": {}}))
        .await;
    let other = other.expect(201).json();
    let other = other["user"]["id"].as_str().expect("an id");
    again(other.to_owned()).await.expect(409);
}

#[tokio::test]
async fn create_user_refuses_what_cannot_be() {
    let given = Given::new().await;
    for (name, body) in [
        ("letters", json!({"id": "invalid+id"})),
        ("empty", json!({"id": ""})),
        ("length", json!({"id": "x".repeat(71)})),
        ("type", json!({"name": 5})),
        ("profile", json!({"profile": "x".repeat(501)})),
    ] {
        let answer = given.call(None, Method::POST, "/users", Some(body)).await;
        insta::assert_snapshot!(format!("broken_{name}"), answer.expect(400).shown());
    }
    let request = given
        .server
        .request(Method::POST, &format!("{}/users", given.path))
        .header("content-type", "application/json")
        .body("{");
    assert_answer!(crate::support::send(request).await.expect(400));
}

#[tokio::test]
async fn create_user_is_seen_by_the_bot_with_its_tags() {
    let given = Given::new().await;
    given
        .user_with(json!({"id": "ann", "name": "Ann", "profile": "vip"}))
        .await;
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let users = as_bot.get(&given.server, "/v1/chat/users").await;
    assert_answer!(users.expect(200));
}

#[tokio::test]
async fn get_user_needs_its_key() {
    let given = Given::new().await;
    let answer = given.call(None, Method::GET, "/users/me", None).await;
    assert_answer!(answer.expect(401));
    let answer = given.call(Some("x.y.z"), Method::GET, "/users/me", None);
    answer.await.expect(401);
}

#[tokio::test]
async fn get_or_create_user_finds_the_one_of_the_key_and_sets_what_is_given() {
    let given = Given::new().await;
    let user = given.user_with(json!({"name": "Ann"})).await;
    let path = "/users/get-or-create";
    let found = given.post(&user, path, json!({})).await.expect(201).json();
    assert_eq!(found["user"]["name"], "Ann");
    let found = given.post(&user, path, json!({"profile": "vip"})).await;
    assert_answer!(found.expect(201));
    let long = json!({"profile": "x".repeat(501)});
    given.post(&user, path, long).await.expect(400);
}

#[tokio::test]
async fn update_user_keeps_what_is_left_out() {
    let given = Given::new().await;
    let user = given
        .user_with(json!({"name": "Ann", "profile": "a"}))
        .await;
    let changed = given.put(&user, "/users/me", json!({"profile": "b"})).await;
    assert_answer!(changed.expect(200));
    let wrong = given
        .put(&user, "/users/me", json!({"pictureUrl": 1}))
        .await;
    assert_answer!("update_broken", wrong.expect(400));
}

#[tokio::test]
async fn delete_user_takes_the_key_with_it() {
    let given = Given::new().await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    let other = given.user().await;
    let conversation = given.conversation(&ann).await;
    let body = json!({"userId": other.id});
    let path = format!("/conversations/{conversation}/participants");
    given.post(&ann, &path, body).await.expect(200);
    given.say(&ann, &conversation, "mine").await;
    assert_answer!(given.delete(&ann, "/users/me").await.expect(200));
    given.get(&ann, "/users/me").await.expect(401);
    let again = given.post(&ann, "/users/get-or-create", json!({})).await;
    assert_answer!("deleted_user", again.expect(401));
    // Somebody else under the same id is not opened by the old key.
    let new = given.user_with(json!({"id": "ann"})).await;
    given.get(&ann, "/users/me").await.expect(401);
    given.get(&new, "/users/me").await.expect(200);
    let messages = given
        .get(&other, &format!("/conversations/{conversation}/messages"))
        .await;
    assert_eq!(messages.expect(200).json()["messages"], json!([]));
}

#[tokio::test]
async fn get_or_create_user_of_many_at_once_makes_one() {
    let (given, key) = super::keys::own_keys(Given::new().await).await;
    let ann = super::keys::sign(&key, &json!({"id": "ann"}));
    let calls = (0..8).map(|_| {
        let body = Some(json!({"name": "Ann"}));
        given.call(Some(&ann), Method::POST, "/users/get-or-create", body)
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.expect(201).json()["user"]["id"], "ann");
    }
    let as_bot = Caller::person().header("x-bot-id", given.bot.id.as_str());
    let users = as_bot.get(&given.server, "/v1/chat/users").await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(1));
    assert_eq!(users["meta"], Value::Object(Default::default()));
}
