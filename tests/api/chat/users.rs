//! `/users`.

use reqwest::Method;
use serde_json::json;

use super::given::Given;
use crate::support::assert_answer;

#[tokio::test]
async fn create_user_gives_a_key_that_opens_it() {
    let given = Given::new().await;
    let user = given.user_with(json!({"name": "Ann"})).await;
    assert_answer!(given.get(&user, "/users/me").await.expect(200));
}

#[tokio::test]
async fn hello_is_answered_to_anyone() {
    let given = Given::new().await;
    let answer = given.call(None, Method::GET, "/hello/", None).await;
    assert_answer!(answer.expect(200));
}

#[tokio::test]
async fn create_message_is_answered_by_the_bot() {
    let given = Given::echo().await;
    let user = given.user().await;
    let conversation = given.conversation(&user).await;
    given.say(&user, &conversation, "hello").await;
    given.settled().await;
    let path = format!("/conversations/{conversation}/messages");
    assert_answer!(given.get(&user, &path).await.expect(200));
}
