//! Who takes part in a conversation.

use serde_json::{Value, json};

use crate::{botpress::given::Given, support::assert_answer};

fn ids(participants: &Value) -> Vec<String> {
    let listed = participants["participants"]
        .as_array()
        .expect("participants");
    let id = |one: &Value| one["id"].as_str().expect("an id").to_owned();
    listed.iter().map(id).collect()
}

#[tokio::test]
async fn list_participants_follows_messages() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (ann, conversation) = (given.user("ann").await, given.conversation("1").await);
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    let nobody = caller.get(server, &path).await.expect(200);
    assert_eq!(nobody.json(), json!({"participants": [], "meta": {}}));
    given.message(&caller, &ann, &conversation, "Hello").await;
    let bot = given.bot.id.to_string();
    given
        .message(&given.as_bot(), &bot, &conversation, "Hi")
        .await;
    given.message(&caller, &ann, &conversation, "Again").await;
    let listed = caller.get(server, &path).await.expect(200);
    assert_eq!(ids(&listed.json()), [ann, bot]);
    assert_answer!("list_participants", listed);
}

#[tokio::test]
async fn list_participants_has_the_bot_at_its_end_on_every_number_of_people() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let conversation = given.conversation("1").await;
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    let bot = given.bot.id.to_string();
    given
        .message(&given.as_bot(), &bot, &conversation, "Hi")
        .await;
    for people in 1..=21 {
        let user = given.user(&people.to_string()).await;
        caller
            .post(server, &path, json!({"userId": user}))
            .await
            .expect(200);
        if people < 19 {
            continue;
        }
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let page = caller
                .get(server, &format!("{path}?nextToken={next}"))
                .await;
            let page = page.expect(200).json();
            seen.extend(ids(&page));
            match page["meta"]["nextToken"].as_str() {
                Some(token) => next = super::in_query(token),
                None => break,
            }
        }
        assert_eq!(seen.len(), people + 1);
        assert_eq!(seen.last(), Some(&bot));
    }
}

#[tokio::test]
async fn add_participant_and_again() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (ann, conversation) = (given.user("ann").await, given.conversation("1").await);
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    for _ in 0..2 {
        let added = caller.post(server, &path, json!({"userId": ann})).await;
        assert_answer!("add_participant", added.expect(200));
    }
    let listed = caller.get(server, &path).await.expect(200);
    assert_eq!(ids(&listed.json()), [ann]);
    let nobody = caller.post(server, &path, json!({"userId": "none"})).await;
    assert_answer!("add_participant_unknown", nobody.expect(400));
    let nothing = caller.post(server, &path, json!({})).await;
    assert_answer!("add_participant_nobody", nothing.expect(400));
}

#[tokio::test]
async fn get_participant_only_of_those_who_take_part() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (ann, ben) = (given.user("ann").await, given.user("ben").await);
    let conversation = given.conversation("1").await;
    given.message(&caller, &ann, &conversation, "Hello").await;
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    let found = caller.get(server, &format!("{path}/{ann}")).await;
    assert_answer!("get_participant", found.expect(200));
    for absent in [ben.as_str(), given.bot.id.as_str(), "none"] {
        let answer = caller.get(server, &format!("{path}/{absent}")).await;
        assert_eq!(answer.json()["type"], "ResourceNotFound");
    }
}

#[tokio::test]
async fn remove_participant_takes_one_out() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let (ann, conversation) = (given.user("ann").await, given.conversation("1").await);
    given.message(&caller, &ann, &conversation, "Hello").await;
    let bot = given.bot.id.to_string();
    given
        .message(&given.as_bot(), &bot, &conversation, "Hi")
        .await;
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    for id in [ann, bot] {
        let one = format!("{path}/{id}");
        let removed = caller.delete(server, &one).await.expect(200);
        assert_eq!(removed.json(), json!({}));
        assert_eq!(caller.delete(server, &one).await.status, 404);
    }
    let listed = caller.get(server, &path).await.expect(200);
    assert_eq!(listed.json(), json!({"participants": [], "meta": {}}));
}
