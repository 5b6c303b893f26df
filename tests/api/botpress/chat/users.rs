//! Users.

use reqwest::Method;
use serde_json::json;

use crate::{
    botpress::given::{Given, make_bot, make_integration},
    support::{ADA_KEY, TestServer, WORKSPACE, assert_answer, send},
};

use super::id_of;

const USERS: &str = "/v1/chat/users";

#[tokio::test]
async fn create_user_by_an_integration() {
    let given = Given::new().await;
    let caller = given.as_integration();
    let body =
        json!({"tags": {"id": "7"}, "name": "Ann", "pictureUrl": "https://example.com/a.png"});
    let made = caller.post(&given.server, USERS, body).await.expect(201);
    assert_answer!("create_user_by_an_integration", made);
    let path = format!("{USERS}/{}", id_of(&made, "user"));
    let found = caller.get(&given.server, &path).await.expect(200);
    assert_eq!(found.json(), made.json());
    let seen = given.as_bot().get(&given.server, &path).await.expect(200);
    assert_answer!("create_user_seen_by_the_bot", seen);
}

#[tokio::test]
async fn create_user_refuses_tags_that_are_not_declared() {
    let given = Given::new().await;
    for (name, body) in [
        ("undeclared", json!({"tags": {"color": "red"}})),
        ("foreign", json!({"tags": {"other:id": "1"}})),
        ("long", json!({"tags": {"plan": "x".repeat(501)}})),
        ("type", json!({"tags": {"plan": 5}})),
        ("missing", json!({})),
    ] {
        let answer = given.as_bot().post(&given.server, USERS, body).await;
        let name = format!("create_user_{name}");
        insta::assert_snapshot!(name, answer.expect(400).shown());
    }
    // The bot's own tags are not the integration's to set.
    let body = json!({"tags": {"plan": "gold"}});
    let answer = given
        .as_integration()
        .post(&given.server, USERS, body)
        .await;
    assert_eq!(answer.json()["type"], "InvalidPayload");
}

#[tokio::test]
async fn create_user_by_another_integration() {
    let given = Given::new().await;
    let body = |name: &str| json!({"tags": {"whint:id": "1"}, "integrationName": name});
    let bot = given.as_bot();
    let runs = bot.post(&given.server, USERS, body("whint")).await;
    assert_answer!("create_user_delegated", runs.expect(400));
    let missing = bot.post(&given.server, USERS, body("other")).await;
    assert_answer!("create_user_delegated_to_nobody", missing.expect(400));
    let integration = given.as_integration();
    let own = integration.post(&given.server, USERS, body("whint")).await;
    assert_eq!(own.status, 201);
    let other = integration.post(&given.server, USERS, body("other")).await;
    assert_answer!("create_user_for_another", other.expect(409));
}

#[tokio::test]
async fn create_user_makes_an_end_user_of_the_agent() {
    let server = TestServer::start().await;
    let agent = server.server().started().agent.clone().expect("an agent");
    let caller = crate::botpress::given::Caller::person().header("x-bot-id", agent.id.as_str());
    let body = json!({"tags": {}, "name": "Ann", "pictureUrl": "https://example.com/a.png"});
    let made = caller.post(&server, USERS, body).await.expect(201);
    let path = format!("/api/v2/end-users/{}", id_of(&made, "user"));
    let request = server.request(Method::GET, &path).bearer_auth(ADA_KEY);
    let end_user = send(request).await.expect(200).json();
    assert_eq!(end_user["profile"]["display_name"], "Ann");
    assert_eq!(end_user["profile"]["avatar"], "https://example.com/a.png");
    // The bot itself is no person, and in no list.
    let list = server
        .request(Method::GET, "/api/v2/end-users/")
        .bearer_auth(ADA_KEY);
    let list = send(list).await.expect(200).json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn get_user_of_the_bot_itself() {
    let given = Given::new().await;
    let path = format!("{USERS}/{}", given.bot.id);
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

#[tokio::test]
async fn get_or_create_user_matches_exactly_the_tags() {
    let given = Given::new().await;
    let (caller, server) = (given.as_integration(), &given.server);
    let path = "/v1/chat/users/get-or-create";
    let one = caller
        .post(server, path, json!({"tags": {"id": "1"}, "name": "Ann"}))
        .await;
    let one = one.expect(200);
    assert_answer!("get_or_create_user_creates", one);
    let same = json!({"tags": {"whint:id": "1"}, "name": "Another"});
    let same = caller.post(server, path, same).await.expect(200);
    assert_eq!(same.json(), one.json(), "it is returned as it was");
    let other = caller
        .post(server, path, json!({"tags": {"id": "2"}}))
        .await
        .expect(200);
    assert_ne!(id_of(&other, "user"), id_of(&one, "user"));
    // A further tag makes it another set.
    let user = format!("{USERS}/{}", id_of(&one, "user"));
    given
        .as_bot()
        .put(server, &user, json!({"tags": {"plan": "gold"}}))
        .await
        .expect(200);
    let third = caller
        .post(server, path, json!({"tags": {"id": "1"}}))
        .await
        .expect(200);
    assert_ne!(id_of(&third, "user"), id_of(&one, "user"));
}

#[tokio::test]
async fn get_or_create_user_is_one_for_all_at_once() {
    let given = Given::new().await;
    let caller = given.as_integration();
    let calls = (0..24).map(|_| {
        let body = json!({"tags": {"id": "same"}});
        caller.post(&given.server, "/v1/chat/users/get-or-create", body)
    });
    let answers = futures_util::future::join_all(calls).await;
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| id_of(answer, "user")).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn update_user_sets_and_unsets_one_by_one() {
    let given = Given::new().await;
    let server = &given.server;
    let user = format!("{USERS}/{}", given.user("7").await);
    given
        .as_bot()
        .put(server, &user, json!({"tags": {"plan": "gold"}}))
        .await
        .expect(200);
    server.clock.advance(std::time::Duration::from_secs(60));
    let caller = given.as_integration();
    let body = json!({"tags": {"id": "8"}, "name": null});
    let changed = caller.put(server, &user, body).await.expect(200);
    assert_answer!("update_user", changed);
    // The whole object written back as it was read, with one of the names of a tag changed.
    let mut body = changed.json()["user"].clone();
    body["tags"]["id"] = json!("9");
    let changed = caller.put(server, &user, body).await.expect(200);
    assert_eq!(changed.json()["user"]["tags"]["whint:id"], "9");
    assert_eq!(changed.json()["user"]["tags"]["plan"], "gold");
    let body = json!({"tags": {"plan": "", "whint:id": null}, "pictureUrl": "https://a.example"});
    let changed = given.as_bot().put(server, &user, body).await.expect(200);
    assert_eq!(changed.json()["user"]["tags"], json!({}));
    assert_eq!(changed.json()["user"]["pictureUrl"], "https://a.example");
    let same = given
        .as_bot()
        .put(server, &user, json!({}))
        .await
        .expect(200);
    assert_eq!(same.json(), changed.json());
    let answer = given
        .as_bot()
        .put(server, &user, json!({"tags": {"color": "x"}}))
        .await;
    assert_eq!(answer.json()["type"], "InvalidPayload");
    let foreign = json!({"tags": {"plan": "silver"}});
    let answer = caller.put(server, &user, foreign).await;
    assert_eq!(answer.json()["type"], "InvalidPayload");
}

#[tokio::test]
async fn update_user_of_the_bot_itself() {
    let given = Given::new().await;
    let path = format!("{USERS}/{}", given.bot.id);
    let body = json!({"tags": {"plan": "own"}, "name": "Helper"});
    let changed = given
        .as_bot()
        .put(&given.server, &path, body)
        .await
        .expect(200);
    let found = given.as_bot().get(&given.server, &path).await.expect(200);
    assert_eq!(found.json(), changed.json());
    assert_eq!(found.json()["user"]["name"], "Helper");
    assert_eq!(found.json()["user"]["tags"], json!({"plan": "own"}));
}

#[tokio::test]
async fn delete_user_takes_what_it_wrote() {
    let given = Given::new().await;
    let server = &given.server;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let caller = given.as_integration();
    let message = given.message(&caller, &user, &conversation, "Hello").await;
    let path = format!("{USERS}/{user}");
    let gone = caller.delete(server, &path).await.expect(200);
    assert_eq!(id_of(&gone, "user"), user);
    for path in [path, format!("/v1/chat/messages/{message}")] {
        assert_eq!(caller.get(server, &path).await.status, 404, "{path}");
    }
    let path = format!("{USERS}/{}", given.bot.id);
    let answer = given.as_bot().delete(server, &path).await;
    assert_answer!("delete_user_of_the_bot_itself", answer.expect(409));
}

#[tokio::test]
async fn list_users_filters() {
    let given = Given::new().await;
    let server = &given.server;
    let conversation = given.conversation("1").await;
    let (ann, ben) = (given.user("ann").await, given.user("b:n").await);
    let integration = given.as_integration();
    given
        .message(&integration, &ann, &conversation, "Hello")
        .await;
    given
        .message(&given.as_bot(), given.bot.id.as_str(), &conversation, "Hi")
        .await;
    let ids = |answer: crate::support::Answer| -> Vec<String> {
        let users = answer.expect(200).json()["users"].clone();
        let users = users.as_array().expect("users").clone();
        let ids = users
            .iter()
            .map(|user| user["id"].as_str().expect("an id").to_owned());
        ids.collect()
    };
    let list = |query: String| {
        let (integration, server) = (&integration, server);
        async move { integration.get(server, &format!("{USERS}{query}")).await }
    };
    assert_eq!(ids(list(String::new()).await), [ben.clone(), ann.clone()]);
    assert_eq!(ids(list("?nextToken=undefined".to_owned()).await).len(), 2);
    for query in [
        "?tags.id=b%3An",
        "?tags.whint%3Aid=b:n",
        "?tags%5Bid%5D=b:n",
    ] {
        let found = ids(list(query.to_owned()).await);
        assert_eq!(found, std::slice::from_ref(&ben), "{query}");
    }
    assert_eq!(ids(list("?tags.id=none".to_owned()).await), [""; 0]);
    let taking_part = format!("?conversationId={conversation}");
    let bot = given.bot.id.to_string();
    assert_eq!(ids(list(taking_part.clone()).await), [ann.clone(), bot]);
    assert_eq!(ids(list(format!("{taking_part}&tags.id=ann")).await), [ann]);
    assert_eq!(
        ids(list(format!("{taking_part}&tags.id=b:n")).await),
        [""; 0]
    );
    assert_eq!(ids(list("?conversationId=none".to_owned()).await), [""; 0]);
    let answer = list("?nextToken=none".to_owned()).await;
    assert_answer!("list_users_bad_token", answer.expect(400));
}

#[tokio::test]
async fn create_user_requires_what_the_integration_requires() {
    let given = Given::new().await;
    let strict = make_integration(&given.server, WORKSPACE, "strict", "1.0.0").await;
    let bot = make_bot(&given.server, WORKSPACE, Default::default()).await;
    crate::botpress::given::install(&given.server, &bot, &strict, json!({})).await;
    let caller = crate::botpress::given::Caller::person()
        .header("x-bot-id", bot.id.as_str())
        .header("x-integration-id", strict.id.as_str());
    let answer = caller.post(&given.server, USERS, json!({"tags": {}})).await;
    assert_eq!(answer.status, 201, "of users it requires none");
    let body = json!({"channel": "direct", "tags": {"room": "1"}});
    let answer = caller
        .post(&given.server, "/v1/chat/conversations", body)
        .await;
    assert_answer!(answer.expect(400));
}
