//! Names of tags, and schemas in words, in definitions of bots and of integrations.

use serde_json::{Value, json};

use crate::{botpress::given::Caller, support::TestServer};

const BOTS: &str = "/v1/admin/bots";
const INTEGRATIONS: &str = "/v1/admin/integrations";

#[tokio::test]
async fn tags_have_names_with_more_than_letters() {
    let server = TestServer::start().await;
    let member = Caller::member();
    // Those of the vendor's Slack integration, among others.
    let tags = json!({"display_name": {}, "first-name": {}, "team.id": {}, "id2": {}});
    let bot =
        json!({"user": {"tags": tags}, "conversation": {"tags": tags}, "message": {"tags": tags}});
    let made = member.post(&server, BOTS, bot).await.expect(200).json();
    assert_eq!(
        made["bot"]["user"]["tags"]["display_name"]["title"],
        Value::Null
    );
    let channel =
        json!({"messages": {}, "conversation": {"tags": tags}, "message": {"tags": tags}});
    let integration = json!({
        "name": "slackish", "version": "1.0.0", "user": {"tags": tags},
        "channels": {"channel": channel},
    });
    member
        .post(&server, INTEGRATIONS, integration)
        .await
        .expect(200);
    for name in [
        "Display",
        "_name",
        "a",
        "with:colon",
        "with space",
        "é_a",
        &"a".repeat(101),
    ] {
        let body = json!({"user": {"tags": {name: {}}}});
        let refused = member.post(&server, BOTS, body).await.expect(400).json();
        assert_eq!(refused["type"], "InvalidIdentifier", "{name}");
    }
    // The seed's rule holds for what it names.
    for body in [
        json!({"events": {"with_underscore": {"schema": {}}}}),
        json!({"states": {"with_underscore": {"type": "bot", "schema": {}}}}),
    ] {
        let refused = member.post(&server, BOTS, body).await.expect(400).json();
        assert_eq!(refused["type"], "InvalidIdentifier");
    }
}

#[tokio::test]
async fn a_users_tag_with_an_underscore_is_set_and_found() {
    let server = TestServer::start().await;
    let bot = json!({"user": {"tags": {"display_name": {}}}});
    let made = Caller::member()
        .post(&server, BOTS, bot)
        .await
        .expect(200)
        .json();
    let id = made["bot"]["id"].as_str().expect("an id");
    let caller = Caller::person().header("x-bot-id", id);
    let body = json!({"tags": {"display_name": "Ann"}});
    caller
        .post(&server, "/v1/chat/users", body)
        .await
        .expect(201);
    for (value, found) in [("Ann", 1), ("Bob", 0)] {
        let path = format!("/v1/chat/users?tags.display_name={value}");
        let listed = caller.get(&server, &path).await.expect(200).json();
        assert_eq!(listed["users"].as_array().map(Vec::len), Some(found));
    }
}

#[tokio::test]
async fn schemas_are_draft_07_and_their_faults_are_in_words() {
    let server = TestServer::start().await;
    let member = Caller::member();
    let tuple = json!({"type": "object", "properties": {"pair": {"items": [{"type": "string"}, {"type": "number"}]}}});
    let body = json!({"states": {"pair": {"type": "bot", "schema": tuple}}});
    let made = member.post(&server, BOTS, body).await.expect(200).json();
    let id = made["bot"]["id"].as_str().expect("an id");
    let caller = Caller::person().header("x-bot-id", id);
    let path = format!("/v1/chat/states/bot/{id}/pair");
    let good = json!({"payload": {"pair": ["a", 1]}});
    caller.post(&server, &path, good).await.expect(200);
    let bad = json!({"payload": {"pair": [1, "a"]}});
    let refused = caller.post(&server, &path, bad).await.expect(400).json();
    assert_eq!(refused["type"], "InvalidDataFormat");
    let schema = json!({"properties": {"age": {"minimum": "3"}}});
    let body = json!({"events": {"ping": {"schema": schema}}});
    let refused = member.post(&server, BOTS, body).await.expect(400).json();
    assert_eq!(refused["type"], "InvalidJsonSchema");
    let message = refused["message"].as_str().expect("a text");
    let fault = "minimum at #/properties/age/minimum must be a number, not \"3\"";
    assert!(message.ends_with(fault), "{message}");
}
