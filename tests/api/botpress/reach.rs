//! Where the token of an integration reaches in a bot: to what the integration itself has made, or takes part
//! in. A bot's own token reaches everything of the bot.

use reqwest::Method;
use serde_json::{Value, json};

use super::given::{Caller, Given, install, make_integration, token};
use crate::support::{ADA_KEY, Answer, TestServer, WORKSPACE, send};
use parlance::domain::tenancy::api_keys::{KeyKind, KeyOwner};

const FILES: &str = "/v1/storage/files";
const USERS: &str = "/v1/chat/users";
const EVENTS: &str = "/v1/chat/events";

/// A second integration in the bot of `given`.
async fn second(given: &Given) -> Caller {
    let made = make_integration(&given.server, WORKSPACE, "second", "1.0.0").await;
    install(&given.server, &given.bot, &made, json!({})).await;
    let owner = KeyOwner::Integration(WORKSPACE.into(), made.id.clone());
    let token = token(&given.server, KeyKind::BotpressIntegration, owner).await;
    Caller::with(&token)
        .header("x-bot-id", given.bot.id.as_str())
        .header("x-integration-id", made.id.as_str())
}

fn id(answer: &Answer, member: &str) -> String {
    let id = &answer.json()[member]["id"];
    id.as_str().expect("an id").to_owned()
}

fn ids(answer: Answer, member: &str) -> Vec<String> {
    let all = answer.expect(200).json()[member].clone();
    let all = all.as_array().expect("a list").clone();
    let id = |one: &Value| one["id"].as_str().expect("an id").to_owned();
    all.iter().map(id).collect()
}

async fn file(caller: &Caller, server: &TestServer, bot: &str, access: &str) -> String {
    let body = json!({"botId": bot, "contents": "x", "name": "a", "accessType": access});
    id(&caller.post(server, FILES, body).await.expect(200), "file")
}

#[tokio::test]
async fn an_integration_has_the_files_that_it_has_made() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.bot.id.as_str());
    let other = second(&given).await;
    let of_bot = file(&given.as_bot(), server, bot, "private").await;
    let of_other = file(&other, server, bot, "private").await;
    let open = file(&given.as_bot(), server, bot, "public").await;
    let caller = given.as_integration();
    let own = file(&caller, server, bot, "private").await;
    let list = format!("{FILES}?botId={bot}");
    assert_eq!(
        ids(caller.get(server, &list).await, "files"),
        std::slice::from_ref(&own)
    );
    assert_eq!(
        ids(given.as_bot().get(server, &list).await, "files"),
        [own.clone(), open.clone(), of_other.clone(), of_bot.clone()]
    );
    for foreign in [&of_bot, &of_other] {
        for path in [
            format!("{FILES}/{foreign}"),
            format!("{FILES}/{foreign}/download"),
        ] {
            assert_eq!(caller.get(server, &path).await.status, 404, "{path}");
        }
        let path = format!("{FILES}/{foreign}");
        assert_eq!(caller.delete(server, &path).await.status, 404);
    }
    let path = format!("{FILES}/{open}");
    caller.get(server, &path).await.expect(200);
    assert_eq!(caller.delete(server, &path).await.status, 404);
    caller
        .delete(server, &format!("{FILES}/{own}"))
        .await
        .expect(200);
    let path = format!("{FILES}/{of_other}");
    given.as_bot().delete(server, &path).await.expect(200);
}

#[tokio::test]
async fn an_integration_has_the_users_that_it_has_made_or_talks_with() {
    let given = Given::new().await;
    let server = &given.server;
    let other = second(&given).await;
    let (caller, bot) = (given.as_integration(), given.as_bot());
    let own = given.user("1").await;
    let body = json!({"tags": {"id": "1"}, "name": "Ben"});
    let of_other = id(&other.post(server, USERS, body).await.expect(201), "user");
    let body = json!({"tags": {}, "name": "Cleo"});
    let of_bot = id(
        &bot.post(server, USERS, body.clone()).await.expect(201),
        "user",
    );
    let guest = id(&bot.post(server, USERS, body).await.expect(201), "user");
    let conversation = given.conversation("1").await;
    given.message(&caller, &own, &conversation, "Hello").await;
    let participants = format!("/v1/chat/conversations/{conversation}/participants");
    let joins = json!({"userId": guest});
    bot.post(server, &participants, joins).await.expect(200);
    // Those of its conversation are read and changed, and not deleted.
    assert_eq!(
        ids(caller.get(server, USERS).await, "users"),
        std::slice::from_ref(&own)
    );
    let query = format!("{USERS}?conversationId={conversation}");
    assert_eq!(
        ids(caller.get(server, &query).await, "users"),
        [guest.clone(), own.clone()]
    );
    let path = format!("{USERS}/{guest}");
    caller.get(server, &path).await.expect(200);
    caller
        .put(server, &path, json!({"tags": {"id": "g"}}))
        .await
        .expect(200);
    let refused = caller.delete(server, &path).await.expect(403);
    assert_eq!(refused.json()["type"], "Forbidden");
    // Others are not there, whatever they are named in.
    for foreign in [&of_other, &of_bot] {
        let path = format!("{USERS}/{foreign}");
        assert_eq!(caller.get(server, &path).await.status, 404);
        assert_eq!(
            caller.put(server, &path, json!({"name": "X"})).await.status,
            404
        );
        assert_eq!(caller.delete(server, &path).await.status, 404);
        let named = json!({"userId": foreign});
        let message = json!({
            "userId": foreign, "conversationId": conversation, "type": "text",
            "payload": {"text": "x"}, "tags": {},
        });
        let event = json!({"type": "ping", "payload": {}, "userId": foreign});
        for (path, body) in [
            (participants.as_str(), named),
            ("/v1/chat/messages", message),
            (EVENTS, event),
        ] {
            let answer = caller.post(server, path, body).await.expect(400);
            assert_eq!(answer.json()["type"], "ReferenceNotFound", "{path}");
        }
    }
    // Whom an integration is given without tags is its own.
    let path = format!("{USERS}/get-or-create");
    let found = caller
        .post(server, &path, json!({"tags": {}}))
        .await
        .expect(200);
    assert!(![of_bot.clone(), guest].contains(&id(&found, "user")));
    let again = caller
        .post(server, &path, json!({"tags": {}}))
        .await
        .expect(200);
    assert_eq!(id(&again, "user"), id(&found, "user"));
    // The bot itself stays a user of everyone, and the bot has all.
    let path = format!("{USERS}/{}", given.bot.id);
    caller.get(server, &path).await.expect(200);
    assert_eq!(ids(bot.get(server, USERS).await, "users").len(), 5);
    caller
        .delete(server, &format!("{USERS}/{own}"))
        .await
        .expect(200);
    bot.delete(server, &format!("{USERS}/{of_other}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_integration_has_no_end_users_of_other_dialects() {
    let server = TestServer::start().await;
    let agent = server.server().started().agent.clone().expect("an agent");
    let made = make_integration(&server, WORKSPACE, "whint", "0.1.0").await;
    let path = format!("/v1/admin/bots/{}", agent.id);
    let body = json!({"integrations": {made.id.as_str(): {}}});
    Caller::member().put(&server, &path, body).await.expect(200);
    let request = server.request(Method::POST, "/api/v2/end-users/");
    let body = json!({"profile": {"display_name": "Ann"}});
    let request = request.bearer_auth(ADA_KEY).json(&body);
    let ann = send(request).await.expect(201).json()["end_user_id"].clone();
    let owner = KeyOwner::Integration(WORKSPACE.into(), made.id.clone());
    let token = token(&server, KeyKind::BotpressIntegration, owner).await;
    let caller = Caller::with(&token)
        .header("x-bot-id", agent.id.as_str())
        .header("x-integration-id", made.id.as_str());
    assert_eq!(ids(caller.get(&server, USERS).await, "users"), [""; 0]);
    let path = format!("{USERS}/{}", ann.as_str().expect("an id"));
    assert_eq!(caller.get(&server, &path).await.status, 404);
    assert_eq!(caller.delete(&server, &path).await.status, 404);
}

#[tokio::test]
async fn an_integration_has_its_own_events_and_actions() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let other = second(&given).await;
    let event = |kind: &str| json!({"type": kind, "payload": {}});
    let of_bot = given.as_bot().post(server, EVENTS, event("reminder")).await;
    let of_bot = id(&of_bot.expect(201), "event");
    let of_other = id(
        &other.post(server, EVENTS, event("ping")).await.expect(201),
        "event",
    );
    let own = id(
        &caller.post(server, EVENTS, event("ping")).await.expect(201),
        "event",
    );
    assert_eq!(
        ids(caller.get(server, EVENTS).await, "events"),
        std::slice::from_ref(&own)
    );
    let all = ids(given.as_bot().get(server, EVENTS).await, "events");
    assert_eq!(all, [own.clone(), of_other.clone(), of_bot.clone()]);
    for foreign in [of_bot, of_other] {
        let path = format!("{EVENTS}/{foreign}");
        assert_eq!(caller.get(server, &path).await.status, 404);
    }
    caller
        .get(server, &format!("{EVENTS}/{own}"))
        .await
        .expect(200);
    let body = json!({"type": "second:whisper", "input": {"text": "x"}});
    let refused = caller.post(server, "/v1/chat/actions", body).await;
    assert_eq!(refused.expect(409).json()["type"], "RelationConflict");
}

#[tokio::test]
async fn an_integration_neither_finds_nor_sets_users_by_the_tags_of_another() {
    let given = Given::new().await;
    let (server, caller) = (&given.server, given.as_integration());
    let other = second(&given).await;
    let theirs = json!({"tags": {"second:id": "+41790000000"}});
    let of_other = id(
        &other.post(server, USERS, theirs.clone()).await.expect(201),
        "user",
    );
    let find = format!("{USERS}/get-or-create");
    for path in [USERS, &find] {
        let refused = caller.post(server, path, theirs.clone()).await.expect(400);
        assert_eq!(refused.json()["type"], "InvalidPayload", "{path}");
    }
    let own = json!({"tags": {"id": "7"}});
    let own = id(&caller.post(server, USERS, own).await.expect(201), "user");
    let path = format!("{USERS}/{own}");
    caller.put(server, &path, theirs.clone()).await.expect(400);
    let found = other.post(server, &find, theirs).await.expect(200);
    assert_eq!(id(&found, "user"), of_other);
    // The bot knows users by the tags of all.
    let both = json!({"tags": {"second:id": "8"}});
    let path = format!("{USERS}/{own}");
    given.as_bot().put(server, &path, both).await.expect(200);
}
