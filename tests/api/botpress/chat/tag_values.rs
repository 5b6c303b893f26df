//! The values of tags.

use serde_json::{Value, json};

use super::in_query;
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{Answer, TestServer, assert_answer},
};

fn values(answer: Answer) -> Vec<String> {
    let listed = answer.expect(200).json();
    let tags = listed["tags"].as_array().expect("tags").clone();
    let value = |tag: &Value| tag["value"].as_str().expect("a value").to_owned();
    tags.iter().map(value).collect()
}

#[tokio::test]
async fn list_tag_values_of_each_kind() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for id in ["b", "a", "c"] {
        given.user(id).await;
        given.conversation(&format!("c-{id}")).await;
    }
    let user = given.user("a").await;
    let conversation = given.conversation("c-a").await;
    let integration = given.as_integration();
    for id in ["m2", "m1", "m1"] {
        let mut body = super::message(&user, &conversation, "Hello");
        body["tags"] = json!({"id": id});
        integration
            .post(server, "/v1/chat/messages", body)
            .await
            .expect(201);
    }
    for (kind, expected) in [
        ("user", ["a", "b", "c"].as_slice()),
        ("conversation", &["c-a", "c-b", "c-c"]),
        ("message", &["m1", "m2"]),
    ] {
        let full = format!("/v1/chat/tags/whint%3Aid/values?type={kind}");
        assert_eq!(values(bot.get(server, &full).await), expected, "{kind}");
        let own = format!("/v1/chat/tags/id/values?type={kind}");
        assert_eq!(
            values(integration.get(server, &own).await),
            expected,
            "{kind}"
        );
        // A bot names a tag of an integration in full.
        assert_eq!(values(bot.get(server, &own).await), [""; 0], "{kind}");
    }
    // A deleted object takes its values along.
    let path = format!("/v1/chat/conversations/{conversation}");
    bot.delete(server, &path).await.expect(200);
    let path = "/v1/chat/tags/whint%3Aid/values?type=message";
    let listed = bot.get(server, path).await;
    assert_answer!("list_tag_values", listed);
}

#[tokio::test]
async fn list_tag_values_of_others_are_not_shown() {
    let given = Given::new().await;
    let (server, user) = (&given.server, given.user("1").await);
    let path = format!("/v1/chat/users/{user}");
    let tags = json!({"tags": {"plan": "gold"}});
    given.as_bot().put(server, &path, tags).await.expect(200);
    let path = "/v1/chat/tags/plan/values?type=user";
    assert_eq!(values(given.as_bot().get(server, path).await), ["gold"]);
    // The bot's tag is none of the integration.
    assert_eq!(
        values(given.as_integration().get(server, path).await),
        [""; 0]
    );
    let other = "/v1/chat/tags/other%3Aid/values?type=user";
    assert_eq!(
        values(given.as_integration().get(server, other).await),
        [""; 0]
    );
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    assert_eq!(stranger.get(server, path).await.status, 403);
}

#[tokio::test]
async fn list_tag_values_goes_page_by_page() {
    // A small memtable, so that some values are in the index tables and some in memory.
    let server = TestServer::with(|config| config.bots.unindexed_messages = 16).await;
    let given = Given::on(server).await;
    let (server, integration) = (&given.server, given.as_integration());
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let mut expected = Vec::new();
    for number in 0..45 {
        let mut body = super::message(&user, &conversation, "Hello");
        body["tags"] = json!({"id": format!("v{:02}", number % 41)});
        integration
            .post(server, "/v1/chat/messages", body)
            .await
            .expect(201);
        if number < 41 {
            expected.push(format!("v{number:02}"));
        }
    }
    let (mut found, mut path) = (
        Vec::new(),
        "/v1/chat/tags/id/values?type=message".to_owned(),
    );
    loop {
        let page = integration.get(server, &path).await.expect(200);
        let next = page.json()["meta"]["nextToken"].as_str().map(in_query);
        let of_page = values(page);
        assert!(of_page.len() <= 20);
        found.extend(of_page);
        match next {
            Some(next) => path = format!("/v1/chat/tags/id/values?type=message&nextToken={next}"),
            None => break,
        }
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn list_tag_values_refuses() {
    let given = Given::new().await;
    for (name, query) in [
        ("no_type", ""),
        ("type", "?type=event"),
        ("token", "?type=user&nextToken=%2F"),
    ] {
        let path = format!("/v1/chat/tags/plan/values{query}");
        let answer = given.as_bot().get(&given.server, &path).await.expect(400);
        insta::assert_snapshot!(format!("list_tag_values_{name}"), answer.shown());
    }
}
