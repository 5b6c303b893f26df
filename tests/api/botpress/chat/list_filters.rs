//! Lists by time, and their sort orders.

use std::time::Duration;

use serde_json::json;

use super::in_query;
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

/// The ids of all rows of a list, page by page.
async fn list(given: &Given, path: &str) -> Vec<String> {
    let member = path.trim_start_matches("/v1/chat/").split('?').next();
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("{path}&nextToken={}", in_query(&token));
        let page = given.as_integration().get(&given.server, &path).await;
        let page = page.expect(200).json();
        let rows = page[member.expect("a list")].as_array().expect("rows");
        found.extend(
            rows.iter()
                .map(|row| row["id"].as_str().expect("an id").to_owned()),
        );
        match page["meta"]["nextToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => return found,
        }
    }
}

/// A minute of the day on which the clock of the tests stands.
fn minute(minute: usize) -> String {
    format!("2026-03-01T12:{minute:02}:00.000Z")
}

/// Objects of which one is made in each minute.
async fn given() -> (Given, Vec<String>, Vec<String>, Vec<String>) {
    let server = TestServer::with(|config| config.bots.unindexed_messages = 10).await;
    let given = Given::on(server).await;
    let (mut users, mut conversations, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    let integration = given.as_integration();
    for number in 0..25 {
        users.push(given.user(&number.to_string()).await);
        conversations.push(given.conversation(&number.to_string()).await);
        let (user, conversation) = (&users[0], &conversations[0]);
        messages.push(
            given
                .message(&integration, user, conversation, "Hello")
                .await,
        );
        given.server.clock.advance(Duration::from_secs(60));
    }
    (given, users, conversations, messages)
}

fn newest_first(ids: &[String]) -> Vec<String> {
    ids.iter().rev().cloned().collect()
}

#[tokio::test]
async fn list_users_by_time_and_in_other_orders() {
    let (given, users, conversations, _) = given().await;
    let server = &given.server;
    let range = format!("afterDate={}&beforeDate={}", minute(1), minute(22));
    assert_eq!(
        list(&given, &format!("/v1/chat/users?{range}")).await,
        newest_first(&users[1..=22])
    );
    assert_eq!(
        list(&given, "/v1/chat/users?sortDirection=asc").await,
        users
    );
    // An update puts one to the front.
    let path = format!("/v1/chat/users/{}", users[3]);
    let body = json!({"name": "Bob"});
    given.as_bot().put(server, &path, body).await.expect(200);
    let by_update = list(&given, "/v1/chat/users?sortField=updatedAt").await;
    let mut expected = newest_first(&users);
    expected.retain(|id| *id != users[3]);
    expected.insert(0, users[3].clone());
    assert_eq!(by_update, expected);
    expected.reverse();
    let ascending = "/v1/chat/users?sortField=updatedAt&sortDirection=asc";
    assert_eq!(list(&given, ascending).await, expected);
    let updated = format!(
        "/v1/chat/users?rangeField=updatedAt&afterDate={}",
        minute(25)
    );
    assert_eq!(list(&given, &updated).await, [users[3].as_str()]);
    let tagged = format!("/v1/chat/users?tags.id=4&afterDate={}", minute(5));
    assert_eq!(list(&given, &tagged).await, [""; 0]);
    let conversation = &conversations[0];
    let here = format!("/v1/chat/users?conversationId={conversation}&sortDirection=asc");
    assert_eq!(list(&given, &here).await, [users[0].as_str()]);
    let late = format!(
        "/v1/chat/users?conversationId={conversation}&afterDate={}",
        minute(1)
    );
    assert_eq!(list(&given, &late).await, [""; 0]);
    for (name, query) in [
        ("date", "afterDate=noon"),
        ("field", "rangeField=name"),
        ("direction", "sortDirection=up"),
    ] {
        let path = format!("/v1/chat/users?{query}");
        let answer = given.as_bot().get(server, &path).await.expect(400);
        insta::assert_snapshot!(format!("list_users_{name}"), answer.shown());
    }
}

#[tokio::test]
async fn list_conversations_by_time_and_in_other_orders() {
    let (given, _, conversations, _) = given().await;
    let range = format!("afterDate={}&beforeDate={}", minute(2), minute(24));
    let path = format!("/v1/chat/conversations?{range}");
    assert_eq!(
        list(&given, &path).await,
        newest_first(&conversations[2..=24])
    );
    let path = "/v1/chat/conversations?sortField=createdAt&sortDirection=asc";
    assert_eq!(list(&given, path).await, conversations);
    let path = format!("/v1/chat/conversations/{}", conversations[7]);
    let body = json!({"tags": {"room": "r"}});
    let integration = given.as_integration();
    integration
        .put(&given.server, &path, body)
        .await
        .expect(200);
    let by_update = list(&given, "/v1/chat/conversations?sortField=updatedAt").await;
    assert_eq!(by_update.len(), 25);
    assert_eq!(by_update[0], conversations[7]);
    assert_eq!(by_update[1], conversations[24]);
}

#[tokio::test]
async fn list_conversations_of_an_alias() {
    let given = Given::new().await;
    let conversation = given.conversation("1").await;
    let entry = json!({
        "integrationId": given.integration.id, "enabled": true,
        "configuration": {"greeting": "Hi"},
    });
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let body = json!({"integrations": {"desk": entry}});
    let changed = Caller::member().put(&given.server, &path, body).await;
    changed.expect(200);
    for (name, found) in [("desk", 1), ("whint", 1), ("other", 0)] {
        let path = format!("/v1/chat/conversations?integrationName={name}&channel=direct");
        let listed = list(&given, &path).await;
        assert_eq!(listed, vec![conversation.clone(); found], "{name}");
    }
}

#[tokio::test]
async fn list_messages_by_time() {
    let (given, _, conversations, messages) = given().await;
    let (server, integration) = (&given.server, given.as_integration());
    let range = format!("afterDate={}&beforeDate={}", minute(1), minute(23));
    let expected = newest_first(&messages[1..=23]);
    for filter in [
        String::new(),
        format!("&conversationId={}", conversations[0]),
    ] {
        let path = format!("/v1/chat/messages?{range}{filter}");
        assert_eq!(list(&given, &path).await, expected, "{filter}");
        let all = format!("/v1/chat/messages?{}", filter.trim_start_matches('&'));
        assert_eq!(
            list(&given, &all).await,
            newest_first(&messages),
            "{filter}"
        );
    }
    let path = format!("/v1/chat/messages/{}", messages[4]);
    let body = json!({"tags": {"id": "m"}});
    integration.put(server, &path, body).await.expect(200);
    for (range, found) in [
        (format!("afterDate={}", minute(4)), 1),
        (format!("afterDate={}", minute(5)), 0),
        (format!("beforeDate={}", minute(4)), 1),
        (format!("beforeDate={}", minute(3)), 0),
    ] {
        let path = format!("/v1/chat/messages?tags.id=m&{range}");
        assert_eq!(list(&given, &path).await.len(), found, "{range}");
    }
    let other = format!(
        "/v1/chat/messages?conversationId={}&{range}",
        conversations[1]
    );
    assert_eq!(list(&given, &other).await, [""; 0]);
    let answer = integration
        .get(server, "/v1/chat/messages?beforeDate=x")
        .await;
    assert_answer!("list_messages_date", answer.expect(400));
    let missing = format!("/v1/chat/messages?conversationId=none&{range}");
    let missing = integration.get(server, &missing).await.expect(200);
    assert_eq!(missing.json()["messages"], json!([]));
}
