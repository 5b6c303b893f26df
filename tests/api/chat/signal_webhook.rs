//! `webhookUrl`: each signal is posted to an address.

use serde_json::{Value, json};

use super::given::{Given, install};
use crate::{
    botpress::runtime::{bot_logs, stand::Stand},
    support::answer::redacted,
};

#[tokio::test]
async fn every_signal_is_posted_in_order_with_the_secret() {
    let receiver = Stand::start().await;
    let given = Given::echo().await;
    let configuration = json!({"webhookUrl": receiver.url(), "webhookSecret": "hush"});
    install(&given.server, &given.bot.id, configuration).await;
    let ann = given.user_with(json!({"id": "ann"})).await;
    given.user_with(json!({"id": "bob"})).await;
    let made = given.post(&ann, "/conversations", json!({"id": "c-1"}));
    made.await.expect(201);
    let message = given.say(&ann, "c-1", "hello").await;
    given.settled().await;
    receiver.wait(2).await;
    let path = "/conversations/c-1/participants";
    given
        .post(&ann, path, json!({"userId": "bob"}))
        .await
        .expect(200);
    given.delete(&ann, &format!("{path}/bob")).await.expect(200);
    given
        .delete(&ann, &format!("/messages/{message}"))
        .await
        .expect(200);
    let body = json!({"conversationId": "c-1", "payload": {"n": 1}});
    given.post(&ann, "/events", body).await.expect(201);
    given.settled().await;
    receiver.wait(7).await;
    let posted = receiver.asked();
    let of = |name: &str| -> Vec<String> {
        posted
            .iter()
            .map(|one| one.header(name).to_owned())
            .collect()
    };
    assert_eq!(of("x-secret-key"), ["hush"; 7]);
    assert_eq!(of("content-type"), ["application/json"; 7]);
    let types: Vec<Value> = posted
        .iter()
        .map(|one| one.json()["type"].clone())
        .collect();
    assert_eq!(
        types,
        [
            "message_created",
            "message_created",
            "participant_added",
            "participant_removed",
            "message_deleted",
            "event_created",
            "event_created",
        ]
    );
    insta::assert_snapshot!(redacted(posted[0].json()));
    assert_eq!(bot_logs(&given.server), Vec::<Value>::new());
}

#[tokio::test]
async fn a_failure_is_in_the_bots_log_and_ends_nothing() {
    let receiver = Stand::start().await;
    receiver.answer_with(503, "busy");
    let given = Given::new().await;
    let configuration = json!({"webhookUrl": receiver.url()});
    install(&given.server, &given.bot.id, configuration).await;
    let ann = given.user().await;
    let id = given.conversation(&ann).await;
    given.say(&ann, &id, "one").await;
    receiver.wait(1).await;
    receiver.answer_with(200, "{}");
    given.say(&ann, &id, "two").await;
    receiver.wait(2).await;
    let expected = "error A signal did not reach the webhook of the chat (webhookUrl): it answers \
                    with the status 503";
    assert_eq!(bot_logs(&given.server), [expected]);
    assert_eq!(receiver.asked()[1].header("x-secret-key"), "");
}
