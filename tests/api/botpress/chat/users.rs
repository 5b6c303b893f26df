//! Users.

use serde_json::json;

use crate::{botpress::given::Given, support::assert_answer};

#[tokio::test]
async fn create_user_by_an_integration() {
    let given = Given::new().await;
    let caller = given.as_integration();
    let body =
        json!({"tags": {"id": "7"}, "name": "Ann", "pictureUrl": "https://example.com/a.png"});
    let made = caller
        .post(&given.server, "/v1/chat/users", body)
        .await
        .expect(201);
    assert_answer!("create_user_by_an_integration", made);
    let id = made.json()["user"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/v1/chat/users/{id}");
    assert_eq!(
        caller.get(&given.server, &path).await.expect(200).json(),
        made.json()
    );
    let seen = given.as_bot().get(&given.server, &path).await.expect(200);
    assert_answer!("create_user_seen_by_the_bot", seen);
}

#[tokio::test]
async fn create_user_refuses_tags_that_are_not_declared() {
    let given = Given::new().await;
    for (name, body) in [
        ("undeclared", json!({"tags": {"color": "red"}})),
        ("long", json!({"tags": {"plan": "x".repeat(501)}})),
        ("type", json!({"tags": {"plan": 5}})),
        ("missing", json!({})),
    ] {
        let answer = given
            .as_bot()
            .post(&given.server, "/v1/chat/users", body)
            .await;
        insta::assert_snapshot!(format!("create_user_{name}"), answer.expect(400).shown());
    }
}

#[tokio::test]
async fn get_user_of_the_bot_itself() {
    let given = Given::new().await;
    let path = format!("/v1/chat/users/{}", given.bot.id);
    let user = given.as_person().get(&given.server, &path).await;
    assert_answer!(user.expect(200));
}

#[tokio::test]
async fn get_user_that_is_not_there() {
    let given = Given::new().await;
    let path = "/v1/chat/users/0194bb14-5f80-1c2e-9d40-2f8e1b7a6c33";
    let answer = given.as_bot().get(&given.server, path).await;
    assert_answer!(answer.expect(404));
}
